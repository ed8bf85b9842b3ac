//! Whether the peer of one socket still lives: silence, keepalive and probes (rules 157 to 169 and d07).

use super::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Liveness {
    /// How much silence is too much.
    timeout_ms: u64,
    /// After how much to ask.
    keepalive_ms: u64,
    /// When that is reached, or the time for the answer to a probe is over.
    dead: Instant,
    /// When to send the next keepalive.
    ask: Instant,
    /// A probe is unanswered.
    probing: bool,
}

/// What the clock says about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well.
    Alive,
    /// Silent for long enough to ask.
    AskNow,
    /// Silent for too long.
    Dead,
}

impl Liveness {
    pub(super) fn new(timeout_ms: u64, now: Instant) -> Liveness {
        let keepalive_ms = keepalive_ms(timeout_ms);
        let mut liveness =
            Liveness { timeout_ms, keepalive_ms, dead: now, ask: now, probing: false };
        liveness.restart(now);
        liveness
    }

    /// The peer has shown that it lives.
    pub(super) fn restart(&mut self, now: Instant) {
        self.dead = now.after(self.timeout_ms);
        self.ask = now.after(self.keepalive_ms);
        self.probing = false;
    }

    /// Whether the peer is silent for too long, or should be asked. `may_ask`: not before the welcome.
    pub(super) fn check(&mut self, may_ask: bool, now: Instant) -> Verdict {
        if now >= self.dead {
            return Verdict::Dead;
        }
        if may_ask && now >= self.ask {
            self.ask = now.after(self.keepalive_ms);
            return Verdict::AskNow;
        }
        Verdict::Alive
    }

    /// The machine slept: nothing is known of the peer until it answers, and it gets a little time for that. `false`: that is
    /// so already.
    pub(super) fn start_probe(&mut self, now: Instant) -> bool {
        let start = !self.probing;
        if start {
            self.dead = now.after(probe_ms(self.timeout_ms));
            // The probe is the question.
            self.ask = Instant::NEVER;
            self.probing = true;
        }
        start
    }

    /// Whether we came back from sleep, or the network or the page did, and the peer still may answer.
    pub(super) fn is_asked(&self, now: Instant) -> bool {
        self.probing && now < self.dead
    }

    pub(super) fn deadline(&self, may_ask: bool) -> Instant {
        if may_ask { self.dead.min(self.ask) } else { self.dead }
    }
}

/// min(max(1 s, t/3), t/2), so that there is at least one question before the end.
fn keepalive_ms(timeout_ms: u64) -> u64 {
    (timeout_ms / 3).max(1_000).min(timeout_ms / 2).max(1)
}

/// min(5 s, t/3): how long the peer may take to answer a probe.
pub(super) fn probe_ms(timeout_ms: u64) -> u64 {
    (timeout_ms / 3).clamp(1, LONGEST_PROBE_MS)
}

/// How long a probe may take at most.
pub(super) const LONGEST_PROBE_MS: u64 = 5_000;

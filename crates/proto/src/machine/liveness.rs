//! Whether the peer of one socket still lives: silence, keepalive and probes (rules 157 to 169 and d07).

use super::time::Instant;

#[derive(Clone, Copy, Debug)]
pub(super) struct Liveness {
    /// The longest silence.
    timeout_ms: u64,
    /// The silence after which a keepalive is sent.
    keepalive_ms: u64,
    /// When the peer counts as dead: after the longest silence, or when a probe was not answered in time.
    dead: Instant,
    /// When to send the next keepalive.
    ask: Instant,
    /// Whether a probe waits for its answer.
    probing: bool,
}

/// What the clock says about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is to be done.
    Alive,
    /// It is time for a keepalive.
    AskNow,
    /// The peer counts as dead.
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

    /// Looks at the clock. `may_ask`: whether keepalives are allowed, which they are after the welcome.
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

    /// Gives the peer a short time to answer a probe. `false`: a probe is already under way.
    pub(super) fn start_probe(&mut self, now: Instant) -> bool {
        let start = !self.probing;
        if start {
            self.dead = now.after(probe_ms(self.timeout_ms));
            // The probe takes the place of a keepalive.
            self.ask = Instant::NEVER;
            self.probing = true;
        }
        start
    }

    /// Whether a probe is under way and its time is not over.
    pub(super) fn is_asked(&self, now: Instant) -> bool {
        self.probing && now < self.dead
    }

    pub(super) fn deadline(&self, may_ask: bool) -> Instant {
        if may_ask { self.dead.min(self.ask) } else { self.dead }
    }
}

/// min(max(1 s, t/3), t/2), so that at least one keepalive is sent before the timeout.
fn keepalive_ms(timeout_ms: u64) -> u64 {
    (timeout_ms / 3).max(1_000).min(timeout_ms / 2).max(1)
}

/// How long the peer may take to answer a probe: min(5 s, t/3).
pub(super) fn probe_ms(timeout_ms: u64) -> u64 {
    (timeout_ms / 3).clamp(1, LONGEST_PROBE_MS)
}

/// The longest time for the answer to a probe.
pub(super) const LONGEST_PROBE_MS: u64 = 5_000;

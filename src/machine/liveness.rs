//! Whether the peer still lives: silence, keepalive and probes (spec B.6; decisions, item 7). Belongs to one socket.

use super::time::{Instant, earlier};

#[derive(Clone, Copy, Debug)]
pub(super) struct Liveness {
    /// How much silence is too much.
    timeout_ms: u64,
    /// When the peer was last heard.
    heard: Instant,
    /// When a keepalive was last sent, if since then.
    pinged: Option<Instant>,
    /// A probe is unanswered, and until when it may be.
    probe: Option<Instant>,
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
        Liveness { timeout_ms, heard: now, pinged: None, probe: None }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
        self.probe = None;
    }

    /// Whether the peer is silent for too long, or should be asked. `may_ask`: not before the welcome.
    pub(super) fn check(&mut self, may_ask: bool, now: Instant) -> Verdict {
        if let Some(until) = self.probe {
            return if now >= until { Verdict::Dead } else { Verdict::Alive };
        }
        if now.since(self.heard) >= self.timeout_ms {
            return Verdict::Dead;
        }
        if may_ask && now >= self.next_ping() {
            self.pinged = Some(now);
            return Verdict::AskNow;
        }
        Verdict::Alive
    }

    /// The machine slept: nothing is known of the peer until it answers, and it gets a little time for that. `false`: that is
    /// so already.
    pub(super) fn start_probe(&mut self, now: Instant) -> bool {
        let start = self.probe.is_none();
        if start {
            self.probe = Some(now.after(probe_ms(self.timeout_ms)));
            self.pinged = Some(now);
        }
        start
    }

    /// Whether we came back from sleep, or the network or the page did, and the peer still may answer.
    pub(super) fn is_asked(&self, now: Instant) -> bool {
        self.probe.is_some_and(|until| now < until)
    }

    pub(super) fn deadline(&self, may_ask: bool) -> Instant {
        if let Some(until) = self.probe {
            return until;
        }
        let dead = self.heard.after(self.timeout_ms);
        let ask = may_ask.then(|| self.next_ping());
        earlier(ask, Some(dead)).unwrap_or(dead)
    }

    fn next_ping(&self) -> Instant {
        self.pinged.unwrap_or(self.heard).after(keepalive_ms(self.timeout_ms))
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

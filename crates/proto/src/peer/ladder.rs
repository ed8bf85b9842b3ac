//! How often and when a connection that does not work is restarted.
//!
//! ```text
//!            fails                due
//! at rest ─────────► waiting ─────────► in flight ── leaves `failed` ──► at rest
//!    ▲                                      │ fails, no answer, not connected in time
//!    └── connected, from everywhere         └──► waiting … nine times, then a new connection, then given up
//! ```

use crate::machine::Instant;

/// The pauses before the attempts, in milliseconds.
const PAUSES_MS: [u64; 9] = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];

#[derive(Debug, Default)]
pub(super) struct Ladder {
    attempts: usize,
    due: Option<Instant>,
    in_flight: bool,
    /// The last resort was used: a new connection.
    rebuilt: bool,
    given_up: bool,
}

/// What is to be done about a connection that does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing more than what is under way.
    Wait,
    /// Replace it.
    Rebuild,
    /// Tell the user.
    GiveUp,
}

impl Ladder {
    /// It does not work.
    pub(super) fn failed(&mut self, now: Instant) -> Remedy {
        if self.given_up || self.in_flight || self.due.is_some() {
            return Remedy::Wait;
        }
        if let Some(pause) = PAUSES_MS.get(self.attempts) {
            self.attempts += 1;
            self.due = Some(now.after(*pause));
            return Remedy::Wait;
        }
        if self.rebuilt {
            self.given_up = true;
            return Remedy::GiveUp;
        }
        self.rebuilt = true;
        Remedy::Rebuild
    }

    /// The attempt under way has come to nothing.
    pub(super) fn attempt_failed(&mut self, now: Instant) -> Remedy {
        self.in_flight = false;
        self.failed(now)
    }

    /// Checks began again.
    pub(super) fn left_failed(&mut self) {
        self.in_flight = false;
    }

    /// The peer does something about it: the attempt that waits is skipped.
    pub(super) fn skip(&mut self) {
        self.due = None;
    }

    /// Whether an attempt is due now; it is under way then.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.in_flight = true;
        }
        due
    }

    /// Starts over, with an attempt at this time.
    pub(super) fn begin_at(&mut self, at: Instant) {
        *self = Ladder { attempts: 1, due: Some(at), ..Ladder::default() };
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

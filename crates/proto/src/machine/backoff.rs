//! When to dial again (rules 112 to 121, d06 and d15).

use super::jitter::Jitter;
use super::options::{RawReconnect, millis};
use super::time::Instant;

/// When a retry is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// By the backoff.
    pub(super) at: Instant,
    /// At the earliest, even if the network comes back.
    pub(super) not_before: Instant,
}

/// What the loss of a connection says about the next dial.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    /// The session was welcomed and lived only shortly.
    pub(super) short: bool,
    /// The server sends all its clients away at once.
    pub(super) fleet: bool,
    /// The delay that it asked for, in milliseconds.
    pub(super) hint_ms: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Retries since the last welcome.
    attempts: u32,
    /// The next delay must be long: the server is full.
    floor: bool,
    /// The server asks not to be dialled before.
    paused_until: Instant,
    /// The next dial follows a short session, and so counts against the budget.
    counts: bool,
    /// When such dials do not count any more: a minute after they were made. Never more of them than are allowed.
    counted: Vec<Instant>,
}

impl Backoff {
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A `connect()` or a welcome: the count starts over.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
        self.floor = false;
        self.paused_until = Instant::START;
        self.counts = false;
    }

    /// A dial is made. What was only planned does not count, and a late alarm delays what follows too.
    pub(super) fn dialled(&mut self, now: Instant) {
        if std::mem::take(&mut self.counts) {
            while self.counted.first().is_some_and(|over| *over <= now) {
                self.counted.remove(0);
            }
            self.counted.push(now.after(MINUTE_MS));
        }
    }

    /// The server said that it is full.
    pub(super) fn raise_floor(&mut self) {
        self.floor = true;
    }

    /// The server asks not to be dialled for a while.
    pub(super) fn pause(&mut self, ms: f64, now: Instant) {
        self.paused_until = now.after(ms.min(LONGEST_HINT_MS).ceil() as u64);
    }

    pub(super) fn paused_until(&self) -> Instant {
        self.paused_until
    }

    /// Plans the next retry, or `None` if the budget is used up.
    pub(super) fn next(
        &mut self,
        knobs: &RawReconnect,
        loss: Loss,
        jitter: &mut Jitter,
        now: Instant,
    ) -> Option<Schedule> {
        if f64::from(self.attempts) >= knobs.max_attempts {
            return None;
        }
        self.attempts = self.attempts.saturating_add(1);
        let floor = if std::mem::take(&mut self.floor) { FLOOR_MS } else { 0.0 };
        let delay = delay_ms(knobs, self.attempts).max(floor);
        let spread = 1.0 + knobs.jitter_ratio * (2.0 * jitter.unit() - 1.0);
        let mut delay = (delay * spread).max(floor);
        // However soon the network is back, a fleet that was sent away does not return all at once.
        let away = away_ms(knobs, loss, jitter);
        if away > 0.0 {
            delay = if loss.fleet && knobs.fleet_spread_ms > 0.0 {
                away.max(floor)
            } else {
                delay.max(away)
            };
        }
        let due = now.after(millis(delay));
        let mut not_before = now.after(floor.max(away) as u64).max(self.paused_until);
        if loss.short {
            self.counts = knobs.max_dials_per_minute.is_finite();
            not_before = not_before.max(self.free_again(knobs));
        }
        Some(Schedule { at: due.max(not_before), not_before })
    }

    /// When one more dial in a minute is allowed.
    fn free_again(&self, knobs: &RawReconnect) -> Instant {
        if (self.counted.len() as f64) < knobs.max_dials_per_minute {
            return Instant::START;
        }
        self.counted[0]
    }
}

/// The server's wish, if it counts, plus a share of the window, if there is one (full jitter).
fn away_ms(knobs: &RawReconnect, loss: Loss, jitter: &mut Jitter) -> f64 {
    let hint = loss.hint_ms.filter(|_| knobs.honour_going_away).unwrap_or(0.0).min(LONGEST_HINT_MS);
    let share = if loss.fleet { jitter.unit() * knobs.fleet_spread_ms } else { 0.0 };
    hint + share
}

/// `initial · multiplierⁿ⁻¹`, at most `max`. The power may overflow to infinity, which `min` handles.
fn delay_ms(knobs: &RawReconnect, attempt: u32) -> f64 {
    let exponent = i32::try_from(attempt - 1).unwrap_or(i32::MAX);
    (knobs.initial_delay_ms * knobs.multiplier.powi(exponent)).min(knobs.max_delay_ms)
}

/// What a 4010 raises the next delay to.
const FLOOR_MS: f64 = 30_000.0;

/// No server makes a client wait longer than this.
const LONGEST_HINT_MS: f64 = 300_000.0;

const MINUTE_MS: u64 = 60_000;

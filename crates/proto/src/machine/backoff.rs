//! When to dial again (rules 112 to 121, d06 and d15).

use std::collections::VecDeque;

use super::jitter::Jitter;
use super::options::{RawReconnect, millis};
use super::time::Instant;

/// When a retry is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    /// When the backoff allows it.
    pub(super) at: Instant,
    /// The earliest time, even if the network comes back.
    pub(super) not_before: Instant,
}

/// What the loss of a connection says about the next dial.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    /// The session was welcomed and ended soon after.
    pub(super) short: bool,
    /// The server disconnects all its clients at once.
    pub(super) fleet: bool,
    /// The delay that the server asked for, in milliseconds.
    pub(super) hint_ms: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Retries since the last welcome.
    attempts: u32,
    /// The server is full, so the next delay must be long.
    floor: bool,
    /// The server asked not to be dialled before this.
    paused_until: Instant,
    /// The next dial follows a short session, so it counts against the budget.
    counts: bool,
    /// When dials that count stop counting: a minute after they were made. Never more of them than the budget allows.
    counted: VecDeque<Instant>,
}

impl Backoff {
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Starts over, after a `connect()` or a welcome.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
        self.floor = false;
        self.paused_until = Instant::START;
        self.counts = false;
    }

    /// A dial is made. It counts now and not when it was planned, so a late alarm delays the dials after it too.
    pub(super) fn dialled(&mut self, now: Instant) {
        if std::mem::take(&mut self.counts) {
            while self.counted.front().is_some_and(|over| *over <= now) {
                self.counted.pop_front();
            }
            self.counted.push_back(now.after(MINUTE_MS));
        }
    }

    /// The server is full.
    pub(super) fn raise_floor(&mut self) {
        self.floor = true;
    }

    /// The server asked not to be dialled for a while.
    pub(super) fn pause(&mut self, ms: f64, now: Instant) {
        self.paused_until = now.after(ms.min(LONGEST_HINT_MS).ceil() as u64);
    }

    pub(super) fn paused_until(&self) -> Instant {
        self.paused_until
    }

    /// Plans the next retry. `None`: no attempts are left.
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
        // Clients that were all disconnected at once must not all come back at once, even if the network comes back early.
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

    /// When the budget allows one more dial.
    fn free_again(&self, knobs: &RawReconnect) -> Instant {
        let used_up = self.counted.len() as f64 >= knobs.max_dials_per_minute;
        self.counted.front().copied().filter(|_| used_up).unwrap_or(Instant::START)
    }
}

/// The delay that the server asked for, if it is honoured, plus a random share of the spread window, if there is one.
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

/// The shortest delay after a 4010.
const FLOOR_MS: f64 = 30_000.0;

/// The longest delay that a server can ask for.
const LONGEST_HINT_MS: f64 = 300_000.0;

const MINUTE_MS: u64 = 60_000;

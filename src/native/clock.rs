//! The clock of one client: milliseconds since its start, including the time that the computer slept.
//!
//! The monotonic clock of an operating system may stand still while the computer sleeps. So the wall clock is read too, and a
//! jump of it counts as time that has passed. The state machine then sees an alarm that is late.

use std::time::{Duration, SystemTime};

use tokio::time::Instant as TokioInstant;

use metered_realtime_proto::machine::Instant;

#[derive(Debug)]
pub(super) struct Clock {
    start: TokioInstant,
    wall_start: SystemTime,
    /// How far the wall clock was ahead of the monotonic one at the last reading, in milliseconds.
    ahead: i64,
    /// The time that the monotonic clock has missed, in milliseconds.
    slept: u64,
}

impl Clock {
    pub(super) fn new() -> Clock {
        let (start, wall_start) = (TokioInstant::now(), SystemTime::now());
        Clock { start, wall_start, ahead: 0, slept: 0 }
    }

    pub(super) fn now(&mut self) -> Instant {
        let monotonic = self.start.elapsed();
        // Before the start: somebody set the clock back.
        let wall = self.wall_start.elapsed().unwrap_or_default();
        self.advance(whole_ms(monotonic), whole_ms(wall))
    }

    fn advance(&mut self, monotonic: u64, wall: u64) -> Instant {
        let ahead = wall.cast_signed().saturating_sub(monotonic.cast_signed());
        let jump = ahead.saturating_sub(self.ahead);
        self.ahead = ahead;
        if jump >= JUMP_MS {
            self.slept = self.slept.saturating_add(jump.cast_unsigned());
        }
        Instant::from_millis(monotonic.saturating_add(self.slept))
    }

    /// The same time for a timer of tokio; `None` if no timer can wait that long.
    pub(super) fn timer(&self, at: Instant) -> Option<TokioInstant> {
        let ms = at.as_millis().saturating_sub(self.slept);
        self.start.checked_add(Duration::from_millis(ms))
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A smaller jump, in milliseconds, may be a correction of the wall clock.
const JUMP_MS: i64 = 2_000;

#[cfg(test)]
mod tests {
    use super::{Clock, Duration, Instant};

    #[test]
    fn time_that_only_the_wall_clock_has_seen_counts() {
        let mut clock = Clock::new();
        assert_eq!(clock.advance(1_000, 1_000), Instant::from_millis(1_000));
        assert_eq!(clock.advance(2_000, 3_602_000), Instant::from_millis(3_602_000));
        assert_eq!(clock.advance(3_000, 3_603_000), Instant::from_millis(3_603_000));
        let timer = clock.timer(Instant::from_millis(3_603_000));
        assert_eq!(timer, Some(clock.start + Duration::from_millis(3_000)));
    }

    #[test]
    fn small_corrections_and_steps_back_of_the_wall_clock_do_not_count() {
        let mut clock = Clock::new();
        assert_eq!(clock.advance(1_000, 2_500), Instant::from_millis(1_000));
        assert_eq!(clock.advance(2_000, 0), Instant::from_millis(2_000));
        assert_eq!(clock.advance(3_000, 1_000), Instant::from_millis(3_000));
    }
}

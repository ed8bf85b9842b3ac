//! The driver's clock: the wall clock's steps forward, added up.
//!
//! A monotonic clock stops while a machine sleeps; the wall clock does not, but may be set back. So steps back count as
//! nothing, and a jump ahead looks like sleep, which the machine takes for what it is. An alarm that goes off is proof that its
//! time has come, whatever the clock says: timers that a test controls work too.

use super::alarm::{FiredAlarm, SLACK_MS};
use metered_realtime_proto::machine::Instant;

#[derive(Debug)]
pub(super) struct Clock {
    last: f64,
    elapsed: f64,
    /// A test turns the timers and leaves the wall clock alone, so that it tells nothing.
    stopped: bool,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { last: js_sys::Date::now(), elapsed: 0.0, stopped: false }
    }

    pub(super) fn now(&mut self) -> Instant {
        let wall = js_sys::Date::now();
        let step = wall - self.last;
        self.last = wall;
        if step > 0.0 && !self.stopped {
            self.elapsed += step;
        }
        self.latest()
    }

    /// The time that was read last.
    pub(super) fn latest(&self) -> Instant {
        Instant::from_millis(self.elapsed as u64)
    }

    /// An alarm went off.
    pub(super) fn alarm_fired(&mut self, alarm: &FiredAlarm) -> Instant {
        let now = self.now();
        let due_ms = alarm.due.as_millis() as f64;
        if !alarm.stepped {
            self.stopped = false;
        } else if self.elapsed + SLACK_MS < due_ms {
            self.stopped = true;
        }
        if now < alarm.due {
            self.elapsed = due_ms;
            return alarm.due;
        }
        now
    }
}

//! The driver's clock: the wall clock's steps forward, added up.
//!
//! A monotonic clock stops while a machine sleeps; the wall clock does not, but may be set back. So steps back count as
//! nothing, and a jump ahead looks like sleep, which the machine takes for what it is. An alarm that rings is proof that its
//! time has come, whatever the clock says: timers that a test controls work too.

use super::alarm::SLACK_MS;
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
        Instant::from_millis(self.elapsed as u64)
    }

    /// An alarm for this time has rung; `stepped`: before its time by the steady clock.
    pub(super) fn rang(&mut self, due: Instant, stepped: bool) -> Instant {
        let now = self.now();
        let due_ms = due.as_millis() as f64;
        if !stepped {
            self.stopped = false;
        } else if self.elapsed + SLACK_MS < due_ms {
            self.stopped = true;
        }
        if now < due {
            self.elapsed = due_ms;
            return due;
        }
        now
    }
}

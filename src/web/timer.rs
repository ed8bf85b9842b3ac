//! The clock and the one alarm of a driver, together.

use std::cell::RefCell;

use super::alarm::Alarm;
use super::clock::Clock;
use super::host::Platform;
use metered_realtime_proto::machine::Instant;

#[derive(Debug)]
pub(super) struct Timer {
    clock: RefCell<Clock>,
    alarm: RefCell<Alarm>,
}

/// The alarm went off.
pub(super) struct Fired {
    pub(super) now: Instant,
    /// Earlier than any timer can fire: a test turns the clock.
    pub(super) stepped: bool,
}

impl Timer {
    pub(super) fn start() -> Timer {
        Timer { clock: RefCell::new(Clock::start()), alarm: RefCell::default() }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.borrow_mut().now()
    }

    /// Sets the alarm. `fire` gets the number of the timer, which [`fired`](Self::fired) takes.
    pub(super) fn arm(
        &self,
        due: Option<Instant>,
        platform: &impl Platform,
        fire: impl FnOnce(u32) + 'static,
    ) {
        let faked = platform.has_fake_timers();
        if self.alarm.borrow().covers(due, faked) {
            return;
        }
        self.stop();
        let Some(due) = due else { return };
        // A test may fake the timers and not the wall clock. Then only the delay from the latest event is known.
        let now = if faked { self.clock.borrow().latest() } else { self.now() };
        self.alarm.borrow_mut().set(due, now, fire);
    }

    /// A timer fired. `None`: not the one that is set now.
    pub(super) fn fired(&self, timer: u32) -> Option<Fired> {
        let alarm = self.alarm.borrow_mut().take(timer)?;
        Some(Fired { now: self.clock.borrow_mut().alarm_fired(&alarm), stepped: alarm.stepped })
    }

    /// Takes the alarm back. Nothing may be borrowed: `clearTimeout` may be a test's.
    pub(super) fn stop(&self) {
        let cleared = self.alarm.borrow_mut().clear();
        if let Some(cleared) = cleared {
            cleared.stop();
        }
    }
}

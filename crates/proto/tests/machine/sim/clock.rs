//! Time: it moves exactly to the next alarm, or jumps while the process sleeps.

use metered_realtime_proto::machine::Instant;

use super::Sim;

impl Sim {
    /// Milliseconds since the start of the clock.
    pub(crate) fn now(&self) -> u64 {
        self.now.as_millis()
    }

    /// The time, as the machine takes it.
    pub(crate) fn instant(&self) -> Instant {
        self.now
    }

    /// Milliseconds until the next alarm.
    pub(crate) fn alarm_in(&self) -> Option<u64> {
        self.machine.poll_timeout().map(|at| at.since(self.now))
    }

    /// Lets this many milliseconds pass. Each alarm fires in time.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now.after(ms);
        while let Some(at) = self.machine.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.fire_alarm();
        }
        self.now = end;
    }

    /// Moves to the next alarm and lets it fire. Returns the milliseconds that passed.
    pub(crate) fn advance_to_alarm(&mut self) -> u64 {
        let wait = self.alarm_in().expect("an alarm is set");
        self.advance(wait);
        wait
    }

    /// The process is asleep: time passes and no alarm fires.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now = self.now.after(ms);
    }

    /// The alarm fires, late or not.
    pub(crate) fn fire_alarm(&mut self) {
        self.machine.handle_timeout(self.now);
        self.pump();
        let again = self.machine.poll_timeout();
        assert!(
            again.is_none_or(|at| at > self.now),
            "an alarm must not be due again once it has fired"
        );
    }
}

//! Time: it moves exactly to the next alarm, or jumps while the process sleeps.

use metered_realtime_proto::machine::Instant;

use super::Sim;

impl Sim {
    /// Milliseconds since the start of the clock.
    pub(crate) fn now(&self) -> u64 {
        self.now.as_millis()
    }

    /// The time, as the machine wants it.
    pub(crate) fn instant(&self) -> Instant {
        self.now
    }

    /// Milliseconds until the next alarm.
    pub(crate) fn alarm_in(&self) -> Option<u64> {
        self.machine.poll_timeout().map(|at| at.since(self.now))
    }

    /// Lets so many milliseconds pass; each alarm rings in time.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.now.after(ms);
        while let Some(at) = self.machine.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.ring();
        }
        self.now = end;
    }

    /// Moves to the next alarm and lets it ring. Gives the milliseconds that passed.
    pub(crate) fn advance_to_alarm(&mut self) -> u64 {
        let wait = self.alarm_in().expect("an alarm is set");
        self.advance(wait);
        wait
    }

    /// The process sleeps: time passes and no alarm rings.
    pub(crate) fn sleep(&mut self, ms: u64) {
        self.now = self.now.after(ms);
    }

    /// The alarm rings, late or not.
    pub(crate) fn ring(&mut self) {
        self.machine.handle_timeout(self.now);
        self.pump();
        let again = self.machine.poll_timeout();
        assert!(
            again.is_none_or(|at| at > self.now),
            "an alarm must not be due again once it has rung"
        );
    }
}

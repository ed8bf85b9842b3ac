//! The alarm of a client, which may fire late or early.

use metered_realtime_proto::machine::Instant;

use crate::client::Client;
use crate::schedule::Scheduled;
use crate::trace::trace;
use crate::world::World;

impl World {
    /// Sets the alarm, unless it already fires early enough.
    pub(crate) fn arm(&mut self, client: usize) {
        let due = self.clients[client].machine.poll_timeout();
        let covered = match (self.clients[client].armed, due) {
            (None, None) => true,
            (Some(armed), Some(due)) => armed <= due,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !covered {
            self.set_alarm(client, due);
        }
    }

    pub(crate) fn set_alarm(&mut self, client: usize, due: Option<Instant>) {
        let clock = self.clients[client].clock(self.now);
        self.clients[client].armed = due;
        self.clients[client].alarm_set += 1;
        let Some(due) = due else { return };
        let mut wait = due.since(clock);
        if self.dice.chance(self.faults.late_alarm) {
            let late = self.dice.pick(&[50, 1_500, 10_000, 600_000, 30_000_000]);
            wait = wait.saturating_add(self.dice.magnitude(late));
        } else if self.dice.chance(self.faults.early_alarm) {
            wait -= self.dice.magnitude(wait);
        }
        let set = self.clients[client].alarm_set;
        self.schedule.add(self.now.saturating_add(wait), Scheduled::Alarm { client, set });
    }

    pub(crate) fn fires(&mut self, client: usize, set: u32) {
        if self.clients[client].alarm_set != set {
            return;
        }
        self.clients[client].armed = None;
        trace!(self, client, "-> the alarm fires");
        let clock = self.clock(client);
        let Client { checker, machine, .. } = &mut self.clients[client];
        checker.fires(machine.poll_timeout(), machine.has_output());
        let due = machine.poll_timeout().is_some_and(|due| due <= clock);
        let verdict = if due { checker.fires_in_time() } else { Ok(()) };
        machine.handle_timeout(clock);
        self.check(verdict);
        self.pump(client);
        let Client { checker, machine, .. } = &self.clients[client];
        let verdict = checker.fired(machine.poll_timeout());
        self.check(verdict);
    }
}

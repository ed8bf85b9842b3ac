//! The one alarm of a client, which may ring late or early.

use metered_realtime_proto::machine::Instant;

use crate::agenda::Happening;
use crate::driver::Client;
use crate::story::tell;
use crate::world::World;

impl World {
    /// Sets the alarm, unless it rings early enough as it is.
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
        if self.dice.chance(self.weather.late_alarm) {
            let late = self.dice.pick(&[50, 1_500, 10_000, 600_000, 30_000_000]);
            wait = wait.saturating_add(self.dice.magnitude(late));
        } else if self.dice.chance(self.weather.early_alarm) {
            wait -= self.dice.magnitude(wait);
        }
        let set = self.clients[client].alarm_set;
        self.agenda.add(self.now.saturating_add(wait), Happening::Alarm { client, set });
    }

    pub(crate) fn rings(&mut self, client: usize, set: u32) {
        if self.clients[client].alarm_set != set {
            return;
        }
        self.clients[client].armed = None;
        tell!(self, client, "-> the alarm rings");
        let clock = self.clock(client);
        let Client { watch, machine, .. } = &mut self.clients[client];
        watch.rings(machine.poll_timeout(), machine.has_output());
        let due = machine.poll_timeout().is_some_and(|due| due <= clock);
        let verdict = if due { watch.rings_in_time() } else { Ok(()) };
        machine.handle_timeout(clock);
        self.check(verdict);
        self.pump(client);
        let Client { watch, machine, .. } = &self.clients[client];
        let verdict = watch.rang(machine.poll_timeout());
        self.check(verdict);
    }
}

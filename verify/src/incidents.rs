//! Single incidents: a link breaks, the process sleeps, a clock jumps.

use metered_realtime_proto::machine::Input;

use crate::schedule::Scheduled;
use crate::trace::trace;
use crate::world::World;

impl World {
    /// A random incident.
    pub(crate) fn incident(&mut self) {
        if self.faults_over {
            return;
        }
        let client = self.dice.below(self.clients.len() as u64) as usize;
        self.pump(client);
        let links = self.clients[client].links();
        let link = links.get(self.dice.below(links.len() as u64) as usize).copied();
        match (self.dice.below(16), link) {
            (0 | 1, Some(link)) => self.cut(link, false),
            (2 | 3, Some(link)) => self.cut(link, true),
            (4, Some(link)) => {
                trace!(self, client, "network: nothing reaches the server any more");
                self.links[link].up_lost = true;
            }
            (5, Some(link)) => {
                trace!(self, client, "network: nothing reaches the client any more");
                self.links[link].down_lost = true;
                self.links[link].mute = true;
            }
            (6 | 7, Some(link)) => {
                let code = self.draw_close_code();
                self.server_closes(link, code);
            }
            (8, Some(link)) => {
                let ms = self.dice.magnitude(120_000);
                self.stall(link, ms);
            }
            (9, Some(link)) => self.sends_unsolicited(link),
            (10, _) => self.falls_asleep(client),
            (11, _) => {
                let ms = self.dice.magnitude(100_000_000);
                trace!(self, client, "clock: {ms} ms ahead");
                self.clients[client].skew += ms as i64;
            }
            (12, _) => {
                let ms = self.dice.magnitude(200_000);
                trace!(self, client, "clock: {ms} ms back");
                self.clients[client].skew -= ms as i64;
            }
            (13, _) => self.feed(client, Input::HandlersDrained),
            _ => {
                if !self.clients[client].asleep {
                    self.feed(client, Input::Wake);
                }
            }
        }
    }

    pub(crate) fn falls_asleep(&mut self, client: usize) {
        if !std::mem::replace(&mut self.clients[client].asleep, true) {
            let ms = self.dice.magnitude(100_000_000);
            trace!(self, client, "process: asleep for {ms} ms");
            self.pump(client);
            self.schedule.add(self.now + ms, Scheduled::Awakes { client });
        }
    }

    pub(crate) fn awakes(&mut self, client: usize) {
        if !std::mem::take(&mut self.clients[client].asleep) {
            return;
        }
        trace!(self, client, "process: awake");
        let mut deferred = std::mem::take(&mut self.clients[client].deferred);
        if self.dice.below(2) == 1 {
            // Sometimes the alarm fires before the events that have arrived, and sometimes after them.
            deferred.sort_by_key(|what| matches!(what, Scheduled::Alarm { .. }));
        }
        if self.dice.below(3) == 2 {
            self.feed(client, Input::Wake);
        }
        for what in deferred {
            if self.broken.is_none() {
                self.execute(what);
            }
        }
    }
}

//! The end of a session: without faults everything recovers. Then the user closes every client, and nothing is left.

use metered_realtime_proto::machine::{Close, Input, State};
use metered_realtime_proto_testing::Subscription;

use crate::faults::Faults;
use crate::messages::CHANNELS;
use crate::schedule::TokenAnswer;
use crate::trace::trace;
use crate::world::World;

impl World {
    /// From now on there are no faults, and everything has to recover soon.
    pub(crate) fn end_faults(&mut self) {
        trace!(self, 2, "no more faults");
        self.faults_over = true;
        self.faults = Faults::none();
        for client in 0..self.clients.len() {
            self.awakes(client);
            self.pump(client);
            let due = self.clients[client].machine.poll_timeout();
            self.set_alarm(client, due);
            self.repair_links(client);
        }
        for client in 0..self.clients.len() {
            if !self.clients[client].checker.can_be_connected() {
                self.user_closes(client);
                self.pump(client);
            }
        }
        for client in 0..self.clients.len() {
            if self.broken.is_some() || !self.clients[client].checker.can_be_connected() {
                continue;
            }
            for call in self.clients[client].checker.patient_calls() {
                let clock = self.clock(client);
                trace!(self, client, "user: abort({}), which has a very long timeout", call.0);
                self.clients[client].checker.aborts(call);
                self.clients[client].machine.abort(call, clock);
                self.pump(client);
            }
            self.hurry(client);
            let wait = self.clients[client].checker.longest_recovery();
            let due = self.clients[client].machine.poll_timeout();
            let due = due.map_or(0, |due| due.since(self.clients[client].clock(self.now)));
            let patience = self.shortest_watchdog(true).saturating_mul(5_000).min(PATIENCE_MS);
            if due > patience {
                continue;
            }
            let until = self.now + wait.min(patience);
            self.recover(client, until);
            if self.broken.is_none() && self.clients[client].machine.state() == State::Connected {
                self.check_unwanted(client);
            }
        }
    }

    /// Waits until the client has recovered. If it has given up, the user calls `connect()`.
    pub(crate) fn recover(&mut self, client: usize, until: u64) {
        let closed = |world: &World| world.clients[client].machine.state() == State::Closed;
        while self.broken.is_none() && !self.is_recovered(client) {
            if self.patience == 0 {
                let why = self.problem(client).unwrap_or_default();
                return self.break_rule("connect() works in a good network", why);
            }
            self.user_reconnects(client);
            self.pass(until, |world| closed(world) || world.is_recovered(client));
            if self.broken.is_none() && !closed(self) && !self.is_recovered(client) {
                self.patience -= 1;
                self.hurry(client);
                let state = &self.clients[client];
                let due = state.machine.poll_timeout();
                let due = due.map_or(0, |due| due.since(state.clock(self.now)));
                if state.machine.state() == State::Reconnecting && self.now + due > until {
                    return;
                }
                if self.now + due > until {
                    let why = self.problem(client).unwrap_or_default();
                    self.break_rule("everything recovers when the faults are over", why);
                }
            }
        }
    }

    /// Ends very long waits: the token provider answers after all, and the network reports that it is back.
    pub(crate) fn hurry(&mut self, client: usize) {
        if let Some(request) = self.clients[client].checker.token_request() {
            self.token_answers(client, request, TokenAnswer::Token);
        }
        let state = &self.clients[client];
        let due = state.machine.poll_timeout().map(|due| due.since(state.clock(self.now)));
        if state.machine.state() == State::Reconnecting && due.is_some_and(|due| due > 600_000) {
            self.feed(client, Input::Wake);
        }
    }

    /// Ends half-open links, or leaves them to the watchdog, or ends all links.
    pub(crate) fn repair_links(&mut self, client: usize) {
        let watched = self.clients[client].facts.inactivity.is_some_and(|ms| ms <= 120_000);
        let replaces = self.dice.below(2) == 1;
        for link in self.clients[client].links() {
            let state = &self.links[link];
            let broken = state.mute || state.up_lost || state.down_lost;
            if (broken && !watched) || state.up_lost && !state.mute || replaces {
                self.leave(link);
                self.cut(link, false);
            }
        }
    }

    pub(crate) fn is_recovered(&self, client: usize) -> bool {
        self.problem(client).is_none()
    }

    /// What has not recovered yet.
    pub(crate) fn problem(&self, client: usize) -> Option<String> {
        let state = &self.clients[client];
        if state.machine.state() != State::Connected {
            return Some(format!("the client is {}", state.machine.state().name()));
        }
        if state.checker.has_pending() {
            return Some("calls wait for an answer".into());
        }
        let Some(link) = state.link() else { return Some("there is no socket".into()) };
        state.checker.missing(&self.subscriptions(link), &self.links[link].request_failures)
    }

    fn subscriptions(&self, link: usize) -> [Subscription; CHANNELS.len()] {
        CHANNELS.map(|channel| self.server.subscription(link, channel))
    }

    pub(crate) fn check_unwanted(&mut self, client: usize) {
        if let Some(link) = self.clients[client].link() {
            let (live, failures) = (self.subscriptions(link), self.links[link].request_failures);
            let verdict = self.clients[client].checker.unwanted(&live, &failures);
            self.check(verdict);
        }
    }

    /// The user closes every client, and then nothing is left.
    pub(crate) fn end(&mut self) {
        for client in 0..self.clients.len() {
            self.clients[client].checker.last_close();
            self.user_closes(client);
            self.pump(client);
        }
        let back = self.clients.iter().map(|client| client.checker.behind(client.clock(self.now)));
        let wait = back.max().unwrap_or_default() + 1_000;
        self.pass(self.now + wait, |_| false);
        for client in 0..self.clients.len() {
            if self.broken.is_some() {
                return;
            }
            let state = &self.clients[client];
            let verdict = state.checker.finished(&state.machine, state.held.len());
            self.check(verdict);
        }
        self.feed_late_inputs();
    }

    /// Late inputs of all kinds do not wake a closed client.
    pub(crate) fn feed_late_inputs(&mut self) {
        for link in 0..self.links.len().min(8) {
            let (client, socket) = (self.links[link].client, self.links[link].socket);
            let input = match self.dice.below(3) {
                0 => Input::SocketOpened { socket },
                1 => Input::SocketClosed { socket, close: Close::new(1006, "") },
                _ => Input::Oversize { socket },
            };
            self.feed(client, input);
        }
        for client in 0..self.clients.len() {
            self.feed(client, Input::Wake);
            self.feed(client, Input::HandlersDrained);
            let state = &self.clients[client];
            if self.broken.is_none() {
                let verdict = state.checker.finished(&state.machine, state.held.len());
                self.check(verdict);
            }
        }
    }
}

/// The longest wait for a recovery, in milliseconds.
const PATIENCE_MS: u64 = 20_000_000;

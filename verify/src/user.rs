//! A random user, who calls anything at any moment, inside of handlers too.

use metered_realtime_proto::machine::{ACK_TIMEOUT_MS, CallId, State};
use metered_realtime_proto::wire::OutgoingFrame;

use crate::invariants::What;
use crate::messages::{CHANNELS, peer_name};
use crate::schedule::Scheduled;
use crate::trace::trace;
use crate::world::World;

impl World {
    /// The user calls something, and schedules the next call.
    pub(crate) fn acts(&mut self, client: usize) {
        if self.faults_over {
            return;
        }
        self.act(client, false);
        if self.acts_left > 0 {
            self.acts_left -= 1;
            let at = self.now + self.dice.magnitude(self.pace);
            self.schedule.add(at, Scheduled::Acts { client });
        }
    }

    /// A random call.
    pub(crate) fn act(&mut self, client: usize, nested: bool) {
        self.totals.calls += 1;
        match self.dice.below(24) {
            0 | 1 => {}
            2..=5 => self.user_publishes(client),
            6..=9 => self.user_subscribes(client),
            10..=12 => self.user_unsubscribes(client),
            13 | 14 => self.user_sends(client),
            15..=17 => self.user_aborts(client),
            18..=21 => self.user_connects(client),
            22 => self.user_closes(client),
            _ => {
                // Most users rarely close, but some do little else.
                if self.dice.below(3) == 2 {
                    self.user_closes(client);
                }
            }
        }
        if !nested {
            self.go_on(client);
        }
    }

    pub(crate) fn user_connects(&mut self, client: usize) {
        let clock = self.clock(client);
        let before = self.clients[client].machine.state();
        let result = self.clients[client].machine.connect(clock);
        trace!(self, client, "user: connect() = {result:?}");
        let verdict = self.clients[client].checker.connects(before, &result);
        self.check(verdict);
    }

    pub(crate) fn user_closes(&mut self, client: usize) {
        let code = self.dice.pick(&[1000, 1000, 1001, 3000, 4000, 4001, 4999, 0, 65_535]);
        let reason = self.dice.pick(&[
            "client requested close",
            "",
            "ü☃ a reason that is much longer than the hundred and twenty-three bytes that fit into a close frame ☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃",
        ]);
        let clock = self.clock(client);
        let call = self.clients[client].machine.close(code, reason, clock);
        trace!(self, client, "user: close({code}) = {}", call.0);
        let state = self.clients[client].machine.state();
        let verdict = self.clients[client].checker.closes(call, state);
        self.check(verdict);
    }

    fn user_subscribes(&mut self, client: usize) {
        let channel = self.dice.below(CHANNELS.len() as u64) as usize;
        let metadata = self.dice.below(2) == 1;
        let timeout = self.timeout();
        let clock = self.clock(client);
        let machine = &mut self.clients[client].machine;
        let result = machine.subscribe(CHANNELS[channel], metadata, timeout, clock);
        trace!(self, client, "user: subscribe({channel}, {metadata}, {timeout}) = {result:?}");
        let what = What::Subscribe { channel, metadata };
        let state = self.clients[client].machine.state();
        let verdict = self.clients[client].checker.requests(what, timeout, &result, state);
        self.check(verdict);
    }

    fn user_unsubscribes(&mut self, client: usize) {
        let channel = self.dice.below(CHANNELS.len() as u64) as usize;
        let timeout = self.timeout();
        let clock = self.clock(client);
        let result = self.clients[client].machine.unsubscribe(CHANNELS[channel], timeout, clock);
        trace!(self, client, "user: unsubscribe({channel}, {timeout}) = {result:?}");
        let what = What::Unsubscribe { channel };
        let state = self.clients[client].machine.state();
        let verdict = self.clients[client].checker.requests(what, timeout, &result, state);
        self.check(verdict);
    }

    fn user_publishes(&mut self, client: usize) {
        let channel = self.dice.below(CHANNELS.len() as u64) as usize;
        self.user_transmits(client, "publish", |data, request_id| {
            OutgoingFrame::Publish { channel: CHANNELS[channel], data, request_id }.to_text()
        });
    }

    fn user_sends(&mut self, client: usize) {
        let peer = peer_name(self.dice.below(u64::from(self.peers) + 1) as u32);
        self.user_transmits(client, "send", |data, request_id| {
            OutgoingFrame::Send { to: &peer, data, request_id }.to_text()
        });
    }

    fn user_transmits(&mut self, client: usize, name: &str, frame: impl Fn(&str, u32) -> String) {
        self.published += 1;
        let mut data = format!("{{\"n\":{}}}", self.published);
        if self.dice.below(16) == 15 {
            data.push_str(&" ".repeat(65_536));
        }
        let timeout = self.timeout();
        let clock = self.clock(client);
        let result = self.clients[client].machine.reserve(data.len(), timeout, clock);
        trace!(self, client, "user: {name}(#{}, {timeout}) = {result:?}", self.published);
        let state = self.clients[client].machine.state();
        let what = What::Plain { size: data.len() };
        let verdict = self.clients[client].checker.requests(what, timeout, &result, state);
        self.check(verdict);
        let Ok(call) = result else { return };
        let text = frame(&data, call.0);
        if self.is_drained(client) && self.dice.below(2) == 1 {
            self.write_directly(client, call, text);
        } else {
            self.clients[client].machine.transmit(call, text);
        }
    }

    /// If nothing is queued, a driver may write the frame itself.
    fn write_directly(&mut self, client: usize, call: CallId, text: String) {
        let Some(socket) = self.clients[client].machine.transmitted(call) else {
            self.clients[client].machine.transmit(call, text);
            return;
        };
        trace!(self, client, "-- {} is written directly", call.0);
        let verdict = self.clients[client].checker.sends(socket, Some(call));
        self.check(verdict);
        self.arm(client);
        if !self.write_text(client, socket, &text, Some(call)) {
            self.feed(
                client,
                metered_realtime_proto::machine::Input::SendFailed { call: Some(call) },
            );
        }
    }

    fn user_aborts(&mut self, client: usize) {
        let call = self.clients[client].checker.draw_call(&mut self.dice);
        trace!(self, client, "user: abort({})", call.0);
        let clock = self.clock(client);
        self.clients[client].checker.aborts(call);
        self.clients[client].machine.abort(call, clock);
    }

    /// Once the faults are over, the user calls `connect()` if the client has given up.
    pub(crate) fn user_reconnects(&mut self, client: usize) {
        if matches!(self.clients[client].machine.state(), State::Idle | State::Closed)
            && self.patience > 0
        {
            self.patience -= 1;
            self.user_connects(client);
            self.pump(client);
        }
    }

    fn timeout(&mut self) -> u64 {
        self.dice.pick(&[
            ACK_TIMEOUT_MS,
            ACK_TIMEOUT_MS,
            ACK_TIMEOUT_MS,
            ACK_TIMEOUT_MS,
            1,
            0,
            700,
            3_600_000,
            u64::MAX,
        ])
    }
}

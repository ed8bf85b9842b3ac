//! Carries out the outputs of a client's machine as the real drivers do: one after the other with nothing borrowed. User code
//! runs only from here, and there is one alarm.

use metered_realtime_proto::machine::{
    CallError, CallId, Close, Event, Input, Instant, Machine, Output, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::Secret;
use metered_realtime_proto_testing::Driver;

use crate::client::{Client, Held};
use crate::link::Dialled;
use crate::schedule::{Scheduled, SocketEvent, Upstream};
use crate::trace::trace;
use crate::world::World;

impl World {
    /// What a client's clock shows. The machine is about to get this time.
    pub(crate) fn clock(&mut self, client: usize) -> Instant {
        let now = self.now;
        let client = &mut self.clients[client];
        let clock = client.clock(now);
        client.checker.tick(clock);
        clock
    }

    /// Gives a machine an input and carries out what follows.
    pub(crate) fn feed(&mut self, client: usize, input: Input<String>) {
        self.inform(client, input);
        self.go_on(client);
    }

    /// Gives a machine an input.
    pub(crate) fn inform(&mut self, client: usize, input: Input<String>) {
        trace!(self, client, "-> {}", brief(&input));
        let clock = self.clock(client);
        self.clients[client].checker.input(&input);
        self.clients[client].machine.handle_input(input, clock);
    }

    /// Carries out the outputs, now or later.
    pub(crate) fn go_on(&mut self, client: usize) {
        if self.clients[client].pumping {
            return;
        }
        let takes_over = self.clients[client].checker.takes_over();
        if !takes_over && self.dice.chance(self.faults.batches) {
            let at = self.now + self.dice.below(4);
            self.clients[client].undrained = true;
            self.schedule.add(at, Scheduled::Drain { client });
        } else {
            self.pump(client);
        }
    }

    /// Carries out all outputs. Does nothing when called from inside itself.
    pub(crate) fn pump(&mut self, client: usize) {
        if std::mem::replace(&mut self.clients[client].pumping, true) {
            return;
        }
        self.clients[client].undrained = false;
        let mut outputs = 0;
        while (ClientDriver { world: self, client }).carry_out_next() {
            outputs += 1;
            if outputs > MOST_OUTPUTS {
                self.break_rule("outputs come to an end", "too many in one go".into());
            }
            if self.broken.is_some() {
                return;
            }
        }
        self.clients[client].pumping = false;
        let Client { checker, machine, held, .. } = &mut self.clients[client];
        let drained = checker.drained(machine, held.len());
        self.check(drained);
        self.arm(client);
    }

    fn open(&mut self, client: usize, socket: SocketId) {
        self.totals.dials += 1;
        self.clients[client].held.push(Held { socket, link: None, opened: false, closing: false });
        if self.dice.chance(self.faults.socket_late) {
            let at = self.now + self.dice.magnitude(15_000);
            self.schedule.add(at, Scheduled::Made { client, socket });
        } else {
            self.make(client, socket);
        }
    }

    /// Makes a socket, which may fail.
    pub(crate) fn make(&mut self, client: usize, socket: SocketId) {
        let dialled = self.dial(client, socket);
        if self.dice.chance(self.faults.reentrant) {
            // The user's socket factory may call the client.
            self.act(client, true);
        }
        let place = self.clients[client].held.iter_mut().find(|held| held.socket == socket);
        match (dialled, place) {
            (Dialled::Underway(link), Some(held)) => held.link = Some(link),
            (Dialled::Underway(link), None) => self.send_up(link, Upstream::Closed),
            (Dialled::Throws, Some(_)) => {
                self.clients[client].held.retain(|held| held.socket != socket);
                let cause = "blocked ?key=pk_live_sim";
                let close = Close::failed("websocket construction failed", cause);
                self.inform(client, Input::SocketClosed { socket, close });
            }
            (Dialled::Unavailable, Some(_)) => {
                self.clients[client].held.retain(|held| held.socket != socket);
                self.inform(client, Input::SocketUnavailable { socket });
            }
            (Dialled::Throws | Dialled::Unavailable, None) => {}
        }
    }

    fn write(&mut self, client: usize, socket: SocketId, text: String, call: Option<CallId>) {
        if !self.write_text(client, socket, &text, call) {
            self.note_unsent(client, socket, &text);
            if self.dice.chance(self.faults.send_fails_late) {
                let at = self.now + self.dice.magnitude(3_000);
                self.schedule.add(at, Scheduled::SendFailed { client, call });
            } else {
                self.inform(client, Input::SendFailed { call });
            }
        }
    }

    /// `false`: the socket did not take the frame.
    pub(crate) fn write_text(
        &mut self,
        client: usize,
        socket: SocketId,
        text: &str,
        call: Option<CallId>,
    ) -> bool {
        let held = self.clients[client].held.iter().find(|held| held.socket == socket);
        let link = held.filter(|held| held.opened && !held.closing).and_then(|held| held.link);
        let Some(link) = link else { return false };
        if self.dice.chance(self.faults.send_fails) {
            return false;
        }
        self.totals.frames += 1;
        self.clients[client].checker.written(call);
        self.send_up(link, Upstream::Text(text.to_owned()));
        true
    }

    fn close_socket(&mut self, client: usize, socket: SocketId, code: u16, report: bool) {
        let held = &mut self.clients[client].held;
        let Some(at) = held.iter().position(|held| held.socket == socket) else { return };
        let link = held[at].link;
        held[at].closing = true;
        if !report || link.is_none() {
            held.remove(at);
        }
        match link {
            Some(link) => {
                self.send_up(link, Upstream::Closed);
                if report && !self.dice.chance(self.faults.close_unreported) {
                    self.send_down(link, SocketEvent::Closed(Close::new(code, "")));
                }
            }
            None if report => {
                // The socket does not exist yet.
                self.inform(client, Input::SocketClosed { socket, close: Close::new(1006, "") });
            }
            None => {}
        }
    }

    /// Whether no output is being carried out or waits.
    pub(crate) fn is_drained(&self, client: usize) -> bool {
        !self.clients[client].pumping && !self.clients[client].machine.has_output()
    }
}

/// One client of a world as its machine sees it.
struct ClientDriver<'w> {
    world: &'w mut World,
    client: usize,
}

impl Driver for ClientDriver<'_> {
    fn machine(&mut self) -> &mut Machine<String> {
        &mut self.world.clients[self.client].machine
    }

    fn observe(&mut self, output: &Output<String>) {
        let ClientDriver { world, client } = self;
        world.totals.outputs += 1;
        if !matches!(output, Output::Log(_)) {
            trace!(world, *client, "<- {}", brief_output(output));
        }
        let verdict = world.clients[*client].checker.output(output);
        world.check(verdict);
    }

    fn open_socket(&mut self, socket: SocketId, _address: &Secret) {
        self.world.open(self.client, socket);
    }

    fn send(&mut self, socket: SocketId, text: String, call: Option<CallId>) {
        self.world.write(self.client, socket, text, call);
    }

    fn close_socket(&mut self, socket: SocketId, code: u16, _reason: &str, report: bool) {
        self.world.close_socket(self.client, socket, code, report);
    }

    fn fetch_token(&mut self, request: TokenRequestId) {
        self.world.fetch_token(self.client, request);
    }

    fn drain_handlers(&mut self) {
        if self.world.clients[self.client].handlers == 0 {
            self.world.inform(self.client, Input::HandlersDrained);
        } else {
            self.world.clients[self.client].drain_wanted = true;
        }
    }

    fn settle(&mut self, _call: CallId, _result: Result<(), CallError>) {
        self.world.totals.settled += 1;
    }

    fn event(&mut self, event: Event<String>) {
        self.world.dispatch(self.client, &event);
    }
}

fn brief(input: &Input<String>) -> String {
    let mut text = format!("{input:?}");
    shorten(&mut text);
    text
}

fn brief_output(output: &Output<String>) -> String {
    let mut text = format!("{output:?}");
    shorten(&mut text);
    text
}

fn shorten(text: &mut String) {
    let mut end = text.len().min(240);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// More outputs than this in one go are an endless loop.
const MOST_OUTPUTS: u32 = 20_000;

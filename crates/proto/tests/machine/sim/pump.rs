//! The driver's loop: carries out outputs and then what the server and the network do.

use metered_realtime_proto::machine::{
    CallError, CallId, Close, Event, Input, Log, Machine, SocketId, State, TokenRequestId,
};
use metered_realtime_proto::wire::Secret;
use metered_realtime_proto_testing::Driver;

use super::Sim;
use super::trace::{call_line, event_line, frame_line};

/// What happens once the queue is empty.
pub(super) enum Task {
    Input(Input<String>),
    Closed(u32, Close),
}

impl Sim {
    /// Gives the machine an input and carries out what follows.
    pub(crate) fn input(&mut self, input: Input<String>) {
        self.input_undrained(input);
        self.pump();
    }

    /// Only gives the machine an input.
    pub(crate) fn input_undrained(&mut self, input: Input<String>) {
        self.machine.handle_input(input, self.now);
    }

    /// Carries out all outputs. Inside of a handler it does nothing, as the outer call goes on.
    pub(crate) fn pump(&mut self) {
        if self.pumping {
            return;
        }
        self.pumping = true;
        loop {
            while self.carry_out_next() {
                self.outputs += 1;
            }
            match self.tasks.pop_front() {
                Some(Task::Input(input)) => self.input_undrained(input),
                Some(Task::Closed(socket, close)) => {
                    self.is_gone(socket);
                    self.input_undrained(Input::SocketClosed { socket: SocketId(socket), close });
                }
                None => break,
            }
        }
        self.pumping = false;
    }

    fn dispatch(&mut self, event: &Event<String>) {
        self.trace(event_line(event));
        if let Event::StateChange { from, to } = event {
            assert_ne!(from, to);
        }
        self.events.push((self.now, event.clone()));
        let mut running = std::mem::take(&mut self.handlers);
        for handler in &mut running {
            handler(self, event);
        }
        let added = std::mem::replace(&mut self.handlers, running);
        self.handlers.extend(added);
    }

    /// An asynchronous handler ends.
    pub(crate) fn finish_handler(&mut self) {
        self.async_handlers -= 1;
        if self.async_handlers == 0 && std::mem::take(&mut self.drain_wanted) {
            self.input(Input::HandlersDrained);
        }
    }

    pub(super) fn mark_handlers_to_drop(&mut self) {
        // Inside of a handler the list of handlers is taken out. Tests of dropped listeners do not close there.
        if self.machine.state() != State::Closed || self.handlers_to_drop == 0 {
            self.handlers_to_drop = self.handlers.len();
        }
    }
}

impl Driver for Sim {
    fn machine(&mut self) -> &mut Machine<String> {
        &mut self.machine
    }

    fn open_socket(&mut self, socket: SocketId, address: &Secret) {
        self.sockets.push(socket.0);
        self.trace(format!("open {}", self.sockets.len()));
        self.addresses.push(address.expose().to_owned());
        self.open_sockets.push(socket.0);
        self.most_open_sockets = self.most_open_sockets.max(self.open_sockets.len());
        self.play_dial(socket.0);
    }

    fn send(&mut self, socket: SocketId, text: String, call: Option<CallId>) {
        if self.sends_fail {
            self.trace(format!("send failed: {}", frame_line(&parse(&text))));
            self.tasks.push_back(Task::Input(Input::SendFailed { call }));
            return;
        }
        assert!(self.open_sockets.contains(&socket.0), "sent on a socket that is not open: {text}");
        let value = parse(&text);
        self.trace(format!("send {}", frame_line(&value)));
        self.sent.push((socket.0, value));
        if self.answers {
            self.serve(socket.0, &text);
        }
    }

    fn close_socket(&mut self, socket: SocketId, code: u16, reason: &str, report: bool) {
        let socket = socket.0;
        let how = if report { "close" } else { "abandon" };
        let at = self.sockets.iter().position(|opened| *opened == socket);
        let at = at.expect("the socket was opened") + 1;
        self.trace(format!("{how} {at} {code} {reason}").trim_end().to_owned());
        if !report {
            self.is_gone(socket);
        } else if self.closes_cleanly {
            self.tasks.push_back(Task::Closed(socket, Close::new(code, reason)));
        }
    }

    fn fetch_token(&mut self, request: TokenRequestId) {
        self.token_requests.push(request.0);
        self.trace(format!("fetch {}", self.token_requests.len()));
        self.play_token(request.0);
    }

    fn forget_token(&mut self, request: TokenRequestId) {
        let at = self.token_requests.iter().position(|asked| *asked == request.0);
        self.trace(format!("forget {}", at.expect("it was asked for") + 1));
    }

    fn drain_handlers(&mut self) {
        if self.async_handlers == 0 {
            self.tasks.push_back(Task::Input(Input::HandlersDrained));
        } else {
            self.drain_wanted = true;
        }
    }

    fn settle(&mut self, call: CallId, result: Result<(), CallError>) {
        let label = self.labels.get(&call).cloned().unwrap_or_else(|| "?".into());
        self.trace(call_line(&label, &result));
        let earlier = self.results.insert(call, result);
        assert!(earlier.is_none(), "{label} was answered twice");
    }

    fn event(&mut self, event: Event<String>) {
        self.dispatch(&event);
    }

    fn forget_listeners(&mut self) {
        self.trace("forget listeners".into());
        self.handlers.drain(..self.handlers_to_drop.min(self.handlers.len()));
        self.handlers_to_drop = 0;
    }

    fn end_streams(&mut self) {
        self.trace("end streams".into());
        self.streams_ended += 1;
    }

    fn log(&mut self, log: Log) {
        self.logs.push(log);
    }
}

fn parse(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("every frame is JSON")
}

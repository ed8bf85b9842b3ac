//! The driver's loop: carries out what the machine says, one output after the other, with nothing borrowed.

use metered_realtime_proto::machine::{
    CallId, Close, Event, Input, Outgoing, Output, SocketId, State,
};

use super::Sim;
use super::server::{ack_text, text_input};
use super::trace::{call_line, event_line, frame_line};

/// What happens once the queue is empty.
pub(super) enum Task {
    Input(Input<String>),
    Closed(u32, Close),
}

impl Sim {
    /// Tells the machine and carries out what it says.
    pub(crate) fn input(&mut self, input: Input<String>) {
        self.input_undrained(input);
        self.pump();
    }

    /// Tells the machine only.
    pub(crate) fn input_undrained(&mut self, input: Input<String>) {
        self.machine.handle_input(input, self.now);
    }

    /// Carries out everything that the machine says. Inside of a handler nothing: the outer pump goes on.
    pub(crate) fn pump(&mut self) {
        if self.pumping {
            return;
        }
        self.pumping = true;
        loop {
            while let Some(output) = self.next_output() {
                self.outputs += 1;
                self.carry_out(output);
            }
            match self.tasks.pop_front() {
                Some(Task::Input(input)) => self.input_undrained(input),
                Some(Task::Closed(socket, close)) => {
                    self.open_sockets.retain(|open| *open != socket);
                    self.input_undrained(Input::SocketClosed { socket: SocketId(socket), close });
                }
                None => break,
            }
        }
        self.pumping = false;
    }

    fn next_output(&mut self) -> Option<Output<String>> {
        let announced = self.machine.has_output();
        let output = self.machine.poll_output();
        assert!(announced || output.is_none(), "has_output() knows nothing of {output:?}");
        output
    }

    fn carry_out(&mut self, output: Output<String>) {
        match output {
            Output::OpenSocket { socket, address } => {
                self.sockets.push(socket.0);
                self.trace(format!("open {}", self.sockets.len()));
                self.addresses.push(address.expose().to_owned());
                self.open_sockets.push(socket.0);
                self.most_open_sockets = self.most_open_sockets.max(self.open_sockets.len());
                self.play_dial(socket.0);
            }
            Output::Send { socket, frame, call } => self.write(socket, frame, call),
            Output::CloseSocket { socket, code, reason, report } => {
                self.close_socket(socket.0, code, &reason, report);
            }
            Output::FetchToken { request } => {
                self.token_requests.push(request.0);
                self.trace(format!("fetch {}", self.token_requests.len()));
                self.play_token(request.0);
            }
            Output::ForgetToken { request } => {
                let at = self.token_requests.iter().position(|asked| *asked == request.0);
                self.trace(format!("forget {}", at.expect("it was asked for") + 1));
            }
            Output::DrainHandlers => {
                if self.async_handlers == 0 {
                    self.tasks.push_back(Task::Input(Input::HandlersDrained));
                } else {
                    self.drain_wanted = true;
                }
            }
            Output::Settle { call, result } => {
                let label = self.labels.get(&call).cloned().unwrap_or_else(|| "?".into());
                self.trace(call_line(&label, &result));
                let earlier = self.answers.insert(call, result);
                assert!(earlier.is_none(), "{label} was answered twice");
            }
            Output::Event(event) => self.dispatch(&event),
            Output::ForgetListeners => {
                self.trace("forget listeners".into());
                self.handlers.drain(..self.doomed_handlers.min(self.handlers.len()));
                self.doomed_handlers = 0;
            }
            Output::EndStreams => {
                self.trace("end streams".into());
                self.streams_ended += 1;
            }
            Output::Log(log) => self.logs.push(log),
        }
    }

    fn write(&mut self, socket: SocketId, frame: Outgoing, call: Option<CallId>) {
        let text = frame.into_text(call);
        if self.sends_fail {
            self.trace(format!("send failed: {}", frame_line(&parse(&text))));
            self.tasks.push_back(Task::Input(Input::SendFailed { call }));
            return;
        }
        assert!(self.open_sockets.contains(&socket.0), "sent on a socket that is not open: {text}");
        let value = parse(&text);
        self.trace(format!("send {}", frame_line(&value)));
        self.sent.push((socket.0, value));
        if let Some(call) = call.filter(|_| self.auto_ack) {
            self.tasks.push_back(Task::Input(text_input(socket.0, &ack_text(call))));
        }
    }

    fn close_socket(&mut self, socket: u32, code: u16, reason: &str, report: bool) {
        let how = if report { "close" } else { "abandon" };
        let at = self.sockets.iter().position(|opened| *opened == socket);
        let at = at.expect("the socket was opened") + 1;
        self.trace(format!("{how} {at} {code} {reason}").trim_end().to_owned());
        if !report {
            self.open_sockets.retain(|open| *open != socket);
        } else if self.closes_cleanly {
            self.tasks.push_back(Task::Closed(socket, Close::new(code, reason)));
        }
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

    pub(super) fn doom_handlers(&mut self) {
        // Inside of a handler the list is with the dispatch; the tests that look at listeners close from outside.
        if self.machine.state() != State::Closed || self.doomed_handlers == 0 {
            self.doomed_handlers = self.handlers.len();
        }
    }
}

fn parse(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("every frame is JSON")
}

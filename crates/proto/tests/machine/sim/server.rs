//! The scripted server, network and token provider.

use metered_realtime_proto::machine::{
    CallId, Close, Input, ProviderFailure, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::{INBOUND_CAP, Secret, ServerFrame};
use metered_realtime_proto_testing::{Request, encode, welcome};
use serde_json::json;

use super::pump::Task;
use super::{Sim, decode_text};

/// The result of a dial.
#[derive(Clone, Debug)]
pub(crate) enum Dial {
    /// The socket opens and is welcomed.
    Welcome,
    /// The socket opens, and the server sends nothing.
    Open,
    /// The dial hangs.
    Hang,
    /// The connection is refused: it closes without opening.
    Refuse(u16),
    /// The socket opens and is closed with this code before a welcome.
    CloseEarly(u16),
    /// The server answers the upgrade with this HTTP status.
    Http(u16),
    /// The socket cannot be made, or the server answers without one.
    Fail(Close),
    /// The socket's constructor throws.
    Throw(&'static str),
    /// The runtime has no WebSocket.
    Unavailable,
}

/// What the token provider does.
#[derive(Clone, Debug)]
pub(crate) enum TokenAnswer {
    Answer(Result<String, ProviderFailure>),
    /// It does not answer.
    Never,
}

impl TokenAnswer {
    pub(crate) fn token(token: &str) -> TokenAnswer {
        TokenAnswer::Answer(Ok(token.into()))
    }

    pub(crate) fn fail(message: &str) -> TokenAnswer {
        TokenAnswer::Answer(Err(failure(message)))
    }
}

pub(crate) fn failure(message: &str) -> ProviderFailure {
    ProviderFailure::new("Error", message)
}

impl Sim {
    /// The results of the next dials.
    pub(crate) fn dials(&mut self, dials: impl IntoIterator<Item = Dial>) {
        self.dials.extend(dials);
    }

    /// The next answers of the token provider.
    pub(crate) fn tokens(&mut self, answers: impl IntoIterator<Item = TokenAnswer>) {
        self.tokens.extend(answers);
    }

    /// The server sends a text on the newest socket.
    pub(crate) fn receive(&mut self, text: &str) {
        self.receive_on(self.socket(), text);
    }

    /// The server sends a text on a socket.
    pub(crate) fn receive_on(&mut self, socket: u32, text: &str) {
        self.input(text_input(socket, text));
    }

    /// The same without carrying out what follows; see [`Sim::pump`].
    pub(crate) fn receive_undrained(&mut self, text: &str) {
        self.input_undrained(text_input(self.socket(), text));
    }

    /// A binary message arrives.
    pub(crate) fn receive_binary(&mut self) {
        self.input(Input::Binary { socket: SocketId(self.socket()) });
    }

    /// The newest socket's handshake succeeds.
    pub(crate) fn open_socket(&mut self) {
        self.input(Input::SocketOpened { socket: SocketId(self.socket()) });
    }

    /// The server welcomes the newest socket.
    pub(crate) fn welcome(&mut self) {
        self.receive(&self.welcome_text());
    }

    pub(crate) fn welcome_text(&self) -> String {
        let welcome = welcome("me", self.max_message_size.into(), self.token_lifetime_s);
        encode(&ServerFrame::Welcome(welcome))
    }

    /// A socket is closed or abandoned.
    pub(super) fn is_gone(&mut self, socket: u32) {
        self.open_sockets.retain(|open| *open != socket);
        self.server.disconnect(socket as usize);
    }

    /// The model server gets a frame.
    pub(super) fn serve(&mut self, socket: u32, text: &str) {
        let connection = socket as usize;
        self.server.connect(connection, "me");
        let request = Request::parse(text).expect("every frame is a request");
        let frames = self.server.handle(connection, &request).expect("the server knows it");
        for (_, frame) in frames {
            let socket = SocketId(socket);
            self.tasks.push_back(Task::Input(Input::Frame { socket, frame }));
        }
    }

    /// The newest socket closes.
    pub(crate) fn drop_connection(&mut self, code: u16) {
        self.close_from_server(code, "");
    }

    /// The newest socket closes with a reason.
    pub(crate) fn close_from_server(&mut self, code: u16, reason: &str) {
        self.socket_closed(self.socket(), Close::new(code, reason));
    }

    /// A socket closes.
    pub(crate) fn socket_closed(&mut self, socket: u32, close: Close) {
        self.is_gone(socket);
        self.input(Input::SocketClosed { socket: SocketId(socket), close });
    }

    /// The server acknowledges a request.
    pub(crate) fn ack(&mut self, call: CallId) {
        self.receive(&ack_text(call));
    }

    /// The server refuses a request.
    pub(crate) fn reject(&mut self, call: CallId, code: &str) {
        self.receive(
            &json!({"type": "error", "requestId": call.0.to_string(), "code": code}).to_string(),
        );
    }

    /// The request id of the newest frame.
    pub(crate) fn last_request_id(&self) -> CallId {
        let (_, frame) = self.sent.last().expect("a frame was sent");
        CallId(frame["requestId"].as_str().expect("a request").parse().expect("a number"))
    }

    /// The server acknowledges the newest frame.
    pub(crate) fn ack_last(&mut self) {
        self.ack(self.last_request_id());
    }

    /// The server refuses the newest frame.
    pub(crate) fn reject_last(&mut self, code: &str) {
        self.reject(self.last_request_id(), code);
    }

    /// The token provider answers one of its calls.
    pub(crate) fn answer_token(&mut self, request: u32, answer: Result<&str, &str>) {
        self.input(token_input(request, answer.map(String::from).map_err(failure)));
    }

    pub(super) fn play_dial(&mut self, socket: u32) {
        let dial = self.dials.pop_front().unwrap_or_else(|| self.dial_default.clone());
        let id = SocketId(socket);
        let opened = Input::SocketOpened { socket: id };
        let closed = |close| Task::Closed(socket, close);
        match dial {
            Dial::Welcome => {
                let welcome = text_input(socket, &self.welcome_text());
                self.tasks.extend([Task::Input(opened), Task::Input(welcome)]);
            }
            Dial::Open => self.tasks.push_back(Task::Input(opened)),
            Dial::Hang => {}
            Dial::Refuse(code) => self.tasks.push_back(closed(Close::new(code, ""))),
            Dial::CloseEarly(code) => {
                self.tasks.extend([Task::Input(opened), closed(Close::new(code, "no"))]);
            }
            Dial::Http(status) => {
                let close = Close { http_status: Some(status), ..Close::new(1006, "") };
                self.tasks.push_back(closed(close));
            }
            Dial::Fail(close) => self.tasks.push_back(closed(close)),
            Dial::Throw(text) => {
                self.tasks.push_back(closed(Close::failed("", text)));
            }
            Dial::Unavailable => {
                self.is_gone(socket);
                self.tasks.push_back(Task::Input(Input::SocketUnavailable { socket: id }));
            }
        }
    }

    pub(super) fn play_token(&mut self, request: u32) {
        if let Some(TokenAnswer::Answer(answer)) = self.tokens.pop_front() {
            self.tasks.push_back(Task::Input(token_input(request, answer)));
        }
    }
}

fn token_input(request: u32, answer: Result<String, ProviderFailure>) -> Input<String> {
    Input::Token { request: TokenRequestId(request), result: answer.map(Secret::new) }
}

fn ack_text(call: CallId) -> String {
    json!({"type": "ack", "requestId": call.0.to_string()}).to_string()
}

/// The input that a driver makes of a text.
fn text_input(socket: u32, text: &str) -> Input<String> {
    let socket = SocketId(socket);
    if text.len() > INBOUND_CAP {
        return Input::Oversize { socket };
    }
    match decode_text(text) {
        Ok(frame) => Input::Frame { socket, frame },
        Err(why) => Input::Malformed { socket, why },
    }
}

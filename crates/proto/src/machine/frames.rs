//! What the peer sends: inputs from sockets and the frames in them (rules 170 to 186).

use super::error::{CallError, Close};
use super::io::{CallId, Event, Input, Level, SocketId};
use super::requests::{Purpose, Request};
use super::subscriptions::{Attempt, Failure};
use super::time::Instant;
use super::{Link, Machine, Output};
use crate::wire::{CloseCode, ErrorCode, ServerFrame, fit_reason, sendable_code};

impl<P, N> Machine<P, N> {
    /// Handles what the driver reports. It never fails, whatever the peer sends. Reports about old sockets change nothing.
    pub fn handle_input(&mut self, input: Input<P, N>, now: Instant) {
        self.tick(now);
        match input {
            Input::SocketOpened { socket } => {
                if self.link.socket() == Some(socket) {
                    self.opened();
                }
            }
            Input::Frame { socket, frame } => {
                if self.note_alive(socket) {
                    self.on_frame(frame);
                } else if self.renewal.socket() == Some(socket)
                    && let Some(frame) = self.on_renewal_frame(frame)
                {
                    self.on_frame(frame);
                    self.leave_if_done();
                }
            }
            Input::Malformed { socket, why } => {
                if self.note_alive(socket) {
                    let details = vec![("reason", why.reason().into())];
                    self.log_with(Level::Warn, "dropped a malformed frame", details);
                }
            }
            Input::Binary { socket } => {
                if self.link.socket() == Some(socket) {
                    self.log(Level::Warn, "dropped a message that is not text");
                }
            }
            Input::Oversize { socket } => {
                if self.link.socket() == Some(socket) {
                    self.log(Level::Warn, TOO_LARGE);
                    self.abandon(CloseCode::MessageTooBig, "frame exceeded client cap");
                } else if self.renewal.socket() == Some(socket) {
                    self.log(Level::Warn, TOO_LARGE);
                    self.on_renewal_closed();
                }
            }
            Input::SocketClosed { socket, close } => self.on_closed(socket, close),
            Input::SocketUnavailable { socket } => {
                if self.link.socket() == Some(socket) {
                    self.lose(Close::new(1006, "no WebSocket in this runtime"), |_| {
                        CallError::Unavailable
                    });
                } else if self.renewal.socket() == Some(socket) {
                    self.on_renewal_closed();
                }
            }
            Input::SendFailed { call } => self.on_send_failed(call),
            Input::Token { request, result } => self.on_token(request, result),
            Input::HandlersDrained => self.on_handlers_drained(),
            Input::Wake => self.wake(),
        }
    }

    /// The short way for an application frame, past the queue. `true`: the driver tells the user at once, and that is all.
    /// `false`: the driver passes the frame to [`handle_input`](Self::handle_input), because the socket is not in use or an output
    /// comes first.
    ///
    /// Either way the peer has shown that it lives. The driver needs to know no more of the frame than its type.
    pub fn admit(&mut self, socket: SocketId, now: Instant) -> bool {
        self.tick(now);
        let in_use = self.note_alive(socket) || self.renewal.is_leaving(socket);
        in_use && !self.has_output()
    }

    /// The short way for an `ack` of a publish or send. `true`: the driver answers the call, and that is all. `false`: the driver
    /// passes the frame to [`handle_input`](Self::handle_input).
    pub fn take_ack(&mut self, socket: SocketId, call: CallId, now: Instant) -> bool {
        self.tick(now);
        self.note_alive(socket)
            && !self.has_output()
            && self.requests.is_plain(call)
            && self.requests.take(call).is_some()
    }

    /// A text arrived, so the peer lives. `false`: the socket is not the current one.
    fn note_alive(&mut self, socket: SocketId) -> bool {
        if self.link.socket() != Some(socket) {
            return false;
        }
        self.opened();
        if let Some(liveness) = self.link.liveness() {
            liveness.restart(self.now);
        }
        true
    }

    fn on_frame(&mut self, frame: ServerFrame<P, N>) {
        self.announce();
        match frame {
            ServerFrame::Welcome(welcome) => self.on_welcome(welcome),
            ServerFrame::Ack { request_id } => self.on_ack(&request_id),
            ServerFrame::Error { code, request_id, message } => {
                self.on_error(code, request_id, message)
            }
            ServerFrame::Application(frame) => self.emit(Event::Application(frame)),
            ServerFrame::GoingAway { retry_after_ms } => {
                if let Link::Ready { going_away_ms, .. } = &mut self.link {
                    *going_away_ms = Some(retry_after_ms);
                }
                self.emit(Event::GoingAway { retry_after_ms });
            }
            ServerFrame::Pong => {}
        }
    }

    fn on_ack(&mut self, request_id: &str) {
        let Some(request) = self.take_request(request_id) else {
            self.log(Level::Debug, "ignored an ack for no pending request");
            return;
        };
        match request.purpose {
            Purpose::Plain => self.settle(request.call, Ok(())),
            Purpose::Subscribe(attempt) => {
                self.subscriptions.confirm(attempt);
                self.settle(request.call, Ok(()));
            }
            Purpose::Replay(attempt) => self.subscriptions.replayed(attempt),
            Purpose::Join(attempt) => self.on_joined(attempt, false),
        }
    }

    fn on_error(&mut self, code: String, request_id: Option<String>, message: Option<String>) {
        let pending = request_id.as_deref().and_then(|id| self.take_request(id));
        if let Some(request) = pending {
            let error = CallError::Rejected { code, message };
            self.fail(request, Failure::Definite, error);
        } else if request_id.is_none() && code == ErrorCode::UNKNOWN_TYPE {
            // An older server does not know `ping` and answers with this (rules 60 and 164).
            self.log(Level::Debug, "the server does not know a frame type");
        } else {
            self.emit(Event::ServerError { code, message, request_id, channel: None });
        }
    }

    /// A subscription was not brought back (rules 135 to 143 and d20).
    pub(super) fn on_replay_failed(&mut self, attempt: Attempt, error: CallError) {
        // The user has unsubscribed meanwhile.
        let Some(channel) = self.subscriptions.channel(attempt).map(str::to_owned) else { return };
        let details = vec![("channel", (&*channel).into())];
        let hopeless = matches!(&error, CallError::Rejected { code, .. } if ErrorCode::is_hopeless_for_subscribe(code));
        if self.subscriptions.replay_failed(attempt, hopeless, self.now) {
            self.log_with(Level::Warn, "resubscribing failed; it will be tried again", details);
            return;
        }
        self.log_with(Level::Warn, "resubscribing failed for good on this connection", details);
        // If the user has subscribed again meanwhile, the answer to that call decides.
        if let CallError::Rejected { code, message } = error
            && self.subscriptions.is_latest(attempt)
        {
            let channel = Some(channel);
            self.emit(Event::ServerError { code, message, request_id: None, channel });
        }
    }

    fn on_send_failed(&mut self, call: Option<CallId>) {
        let Some(call) = call else {
            self.log(Level::Warn, "a keepalive could not be sent");
            return;
        };
        if let Some(request) = self.requests.take(call) {
            self.fail(request, Failure::Definite, CallError::NotConnected);
        }
    }

    fn on_closed(&mut self, socket: SocketId, close: Close) {
        if self.link.socket() == Some(socket) {
            self.lose(close, CallError::Connect);
        } else if self.renewal.socket() == Some(socket) {
            self.note_close(&close);
            self.on_renewal_closed();
        } else {
            self.on_flushed(socket);
        }
    }

    fn take_request(&mut self, request_id: &str) -> Option<Request> {
        self.requests.take(CallId::from_request_id(request_id)?)
    }

    /// Gives up the current socket without waiting for its close, and goes on as after any other drop.
    pub(super) fn abandon(&mut self, code: CloseCode, reason: &str) {
        let code = code.as_u16();
        if let Some(socket) = self.link.socket() {
            self.close_socket(socket, code, reason, false);
        }
        self.lose(Close::new(code, reason), CallError::Connect);
    }

    /// Closes a socket, with the code and reason adjusted to what platforms accept.
    pub(super) fn close_socket(&mut self, socket: SocketId, code: u16, reason: &str, report: bool) {
        self.queue.push_back(Output::CloseSocket {
            socket,
            code: sendable_code(code),
            reason: fit_reason(reason).to_owned(),
            report,
        });
    }
}

const TOO_LARGE: &str = "a frame exceeds the client's cap";

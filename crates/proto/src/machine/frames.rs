//! What the peer says: inputs from sockets and the frames in them (spec B.5).

use super::error::{CallError, Close};
use super::io::{Admission, CallId, Event, Input, Level, SocketId};
use super::requests::{Purpose, Request};
use super::subscriptions::{Attempt, Failure};
use super::time::Instant;
use super::{Link, Machine, Output};
use crate::wire::{CloseCode, ErrorCode, ServerFrame, fit_reason, sendable_code};

impl<P> Machine<P> {
    /// Takes in what happened. Never fails: the peer cannot make it, and news of what is gone changes nothing.
    pub fn handle_input(&mut self, input: Input<P>, now: Instant) {
        self.tick(now);
        match input {
            Input::SocketOpened { socket } => {
                if self.link.socket() == Some(socket) {
                    self.opened();
                }
            }
            Input::Frame { socket, frame } => {
                if self.hear(socket, now) {
                    self.on_frame(frame);
                } else if self.renewal.socket() == Some(socket)
                    && let Some(frame) = self.on_renewal_frame(frame)
                {
                    self.on_frame(frame);
                    self.leave_if_done();
                }
            }
            Input::Malformed { socket, why } => {
                if self.hear(socket, now) {
                    let reason = why.reason();
                    self.log_text(Level::Warn, "dropped a malformed frame", "reason", reason);
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

    /// The driver handed a message to the user itself: the peer lives. `false` if the socket is not the current one or not
    /// welcomed, or something else comes first; then the frame has to go the ordinary way.
    pub fn heard(&mut self, socket: SocketId, now: Instant) -> bool {
        let now = self.tick(now);
        match &mut self.link {
            Link::Ready { socket: current, liveness, .. } if *current == socket => {
                if let Some(liveness) = liveness {
                    liveness.heard(now);
                }
                !self.has_output()
            }
            Link::Ready { .. }
            | Link::Idle
            | Link::Closed
            | Link::Fetching { .. }
            | Link::Dialling { .. }
            | Link::Waiting { .. } => false,
        }
    }

    /// Application data arrived, for a driver that hands it to the user itself, or not, as this says. Everything that was asked
    /// of the driver before must be done ([`has_output`](Self::has_output)).
    pub fn admit(&mut self, socket: SocketId, is_presence: bool, now: Instant) -> Admission {
        let now = self.tick(now);
        if self.hear(socket, now) {
            Admission::Tell
        } else {
            self.renewal.admission(socket, is_presence)
        }
    }

    /// Any text shows that the peer lives. `false`: the socket is not the current one.
    fn hear(&mut self, socket: SocketId, now: Instant) -> bool {
        if self.link.socket() != Some(socket) {
            return false;
        }
        self.opened();
        if let Some(liveness) = self.link.liveness() {
            liveness.heard(now.max(self.now));
        }
        true
    }

    fn on_frame(&mut self, frame: ServerFrame<P>) {
        self.announce();
        match frame {
            ServerFrame::Welcome(welcome) => self.on_welcome(welcome),
            ServerFrame::Ack { request_id } => self.on_ack(&request_id),
            ServerFrame::Error { code, request_id, message } => {
                self.on_error(code, request_id, message)
            }
            ServerFrame::Message { channel, from, data, from_metadata } => {
                self.emit(Event::Message { channel, from, data, from_metadata });
            }
            ServerFrame::Direct { from, data, from_metadata } => {
                self.emit(Event::Direct { from, data, from_metadata });
            }
            ServerFrame::Presence { channel, joined, left } => {
                self.emit(Event::Presence { channel, joined, left });
            }
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
            // An older server does not know `ping` and says so (spec A.2).
            self.log(Level::Debug, "the server does not know a frame type");
        } else {
            self.emit(Event::ServerError { code, message, request_id });
        }
    }

    pub(super) fn on_replay_failed(&mut self, attempt: Attempt, error: &CallError) {
        // Unsubscribed meanwhile: nobody misses it.
        let Some(channel) = self.subscriptions.channel(attempt).map(str::to_owned) else { return };
        let hopeless = matches!(error, CallError::Rejected { code, .. } if ErrorCode::is_hopeless_for_subscribe(code));
        let retry = self.subscriptions.replay_failed(attempt, hopeless, self.now);
        let message = if retry {
            "resubscribing failed; it will be tried again"
        } else {
            "resubscribing failed for good on this connection"
        };
        self.log_text(Level::Warn, message, "channel", &channel);
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
            self.on_renewal_closed();
        } else {
            self.on_flushed(socket);
        }
    }

    fn take_request(&mut self, request_id: &str) -> Option<Request> {
        self.requests.take(CallId::from_request_id(request_id)?)
    }

    /// Gives up on the current socket without waiting for it, and goes on as after any other drop.
    pub(super) fn abandon(&mut self, code: CloseCode, reason: &str) {
        let code = code.as_u16();
        if let Some(socket) = self.link.socket() {
            self.close_socket(socket, code, reason, false);
        }
        self.lose(Close::new(code, reason), CallError::Connect);
    }

    /// Closes a socket with a code and a reason that the platform takes.
    pub(super) fn close_socket(&mut self, socket: SocketId, code: u16, reason: &str, report: bool) {
        self.queue.push(Output::CloseSocket {
            socket,
            code: sendable_code(code),
            reason: fit_reason(reason).to_owned(),
            report,
        });
    }
}

const TOO_LARGE: &str = "a frame exceeds the client's cap";

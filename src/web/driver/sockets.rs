//! The sockets of a driver: the one that the machine wants now, and perhaps one that is closing.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::WebSocket;

use super::Driver;
use crate::web::depth::Entered;
use crate::web::failure::Failure;
use crate::web::host::{Dialled, Host};
use crate::web::inbound::{self, Inbound};
use crate::web::socket::{Kind, Socket, close_of, hang_up};
use metered_realtime_proto::machine::{CallId, Close, Event, Input, SocketId};
use metered_realtime_proto::wire::ServerFrame;

/// A socket that the machine wants; empty while the host is making it.
pub(super) struct SocketSlot {
    id: SocketId,
    pub(super) socket: Option<Rc<Socket>>,
    /// The cause from its first `error` event.
    failure: Option<Failure>,
}

impl<H: Host> Driver<H> {
    pub(super) fn open(&self, id: SocketId, address: &str) {
        self.sockets.borrow_mut().push(SocketSlot { id, socket: None, failure: None });
        let dialled = self.host.dial(id, address);
        self.take_dialled(id, dialled);
    }

    /// The host has made the socket that it promised.
    pub fn adopt(&self, id: SocketId, made: Dialled) {
        if !self.wants(id) {
            if let Dialled::Socket(socket) = made {
                self.host.forget_socket(&socket, true);
                hang_up(&socket, 1000, "", true);
            }
            return;
        }
        self.take_dialled(id, made);
        self.pump();
    }

    fn take_dialled(&self, id: SocketId, dialled: Dialled) {
        match dialled {
            Dialled::Socket(socket) => self.listen(id, socket),
            Dialled::Later => {}
            Dialled::Unavailable => {
                self.forget_socket(id, false);
                self.push_input(Input::SocketUnavailable { socket: id });
            }
            Dialled::Failed(cause) => self.failed(id, &cause),
        }
    }

    fn listen(&self, id: SocketId, socket: WebSocket) {
        let weak = self.weak.clone();
        let on_event = move |kind: Kind, event: JsValue| {
            let _entered = Entered::now();
            if let Some(driver) = weak.upgrade() {
                driver.on_socket_event(id, kind, &event);
            }
        };
        let Ok(socket) = Socket::listen(socket, &self.host, on_event) else {
            self.failed(id, "");
            return;
        };
        let socket = Rc::new(socket);
        let mut sockets = self.sockets.borrow_mut();
        if let Some(slot) = sockets.iter_mut().find(|slot| slot.id == id) {
            slot.socket = Some(socket);
        } else {
            // It was forgotten while its listeners were added.
            drop(sockets);
            socket.leave(&self.host);
        }
    }

    fn failed(&self, id: SocketId, cause: &str) {
        self.forget_socket(id, false);
        let close = Close::failed("websocket construction failed", cause);
        self.push_input(Input::SocketClosed { socket: id, close });
    }

    fn on_socket_event(&self, id: SocketId, kind: Kind, event: &JsValue) {
        match kind {
            Kind::Open => self.input(Input::SocketOpened { socket: id }),
            Kind::Message => self.receive(id, event),
            Kind::Close => self.closed(id, close_of(event)),
            // A close event follows, with the code. In Node the error event may have the cause. Before Node 24 no close event
            // follows a failed handshake, and the socket stays in the state connecting.
            Kind::Error => {
                self.note_failure(id, event);
                if self.socket(id).is_some_and(|socket| socket.has_state(WebSocket::CONNECTING)) {
                    self.closed(id, Close::new(1006, ""));
                }
            }
        }
    }

    fn note_failure(&self, id: SocketId, event: &JsValue) {
        let failure = Failure::of(event);
        let mut sockets = self.sockets.borrow_mut();
        if let Some(slot) = sockets.iter_mut().find(|slot| slot.id == id)
            && slot.failure.is_none()
        {
            slot.failure = failure;
        }
    }

    fn closed(&self, id: SocketId, close: Close) {
        let failure = self.forget_socket(id, false).and_then(|slot| slot.failure);
        let close = match failure {
            Some(failure) => failure.explain(close),
            None => close,
        };
        self.input(Input::SocketClosed { socket: id, close });
    }

    fn receive(&self, socket: SocketId, event: &JsValue) {
        let frame = match inbound::read(event) {
            Inbound::Frame(frame) => frame,
            Inbound::Malformed(why) => return self.input(Input::Malformed { socket, why }),
            Inbound::Binary => return self.input(Input::Binary { socket }),
            Inbound::Oversize => return self.input(Input::Oversize { socket }),
        };
        if let Some(frame) = self.take_the_short_way(socket, frame) {
            self.push_input(Input::Frame { socket, frame });
        }
        self.pump();
    }

    /// When no output waits, application frames and acks go to the host without the queue. Returns any other frame.
    fn take_the_short_way(
        &self,
        socket: SocketId,
        frame: ServerFrame<JsValue, H::Name>,
    ) -> Option<ServerFrame<JsValue, H::Name>> {
        if self.pumping.get() {
            return Some(frame);
        }
        if let ServerFrame::Application(frame) = frame {
            if !self.with(|machine, now| machine.admit(socket, now)) {
                return Some(ServerFrame::Application(frame));
            }
            self.uninterrupted(|| self.emit(Event::Application(frame)));
            return None;
        }
        if let ServerFrame::Ack { request_id } = &frame
            && let Some(call) = CallId::from_request_id(request_id)
            && self.with(|machine, now| machine.take_ack(socket, call, now))
        {
            self.uninterrupted(|| self.settle(call, Ok(())));
            return None;
        }
        Some(frame)
    }

    /// Runs user code of the host. The outputs that it causes are carried out afterwards.
    fn uninterrupted(&self, run: impl FnOnce()) {
        self.pumping.set(true);
        run();
        self.pumping.set(false);
    }

    /// `false`: the socket is not open, or `send` threw.
    pub(super) fn write(&self, id: SocketId, text: &JsValue) -> bool {
        self.socket(id).is_some_and(|socket| socket.send(text))
    }

    /// `report`: whether the machine wants to know when it has closed.
    pub(super) fn close_socket(&self, id: SocketId, code: u16, reason: &str, report: bool) {
        let Some(socket) = self.socket(id) else {
            if self.wants(id) {
                // The host is still making it, and will find that it is not wanted.
                self.forget_socket(id, false);
                if report {
                    self.push_input(Input::SocketClosed {
                        socket: id,
                        close: Close::new(1006, ""),
                    });
                }
            }
            return;
        };
        if !report {
            self.forget_socket(id, true);
        }
        hang_up(&socket.socket, code, reason, !report);
    }

    /// Whether the machine still wants this socket.
    #[must_use]
    pub fn wants(&self, id: SocketId) -> bool {
        self.sockets.borrow().iter().any(|slot| slot.id == id)
    }

    fn socket(&self, id: SocketId) -> Option<Rc<Socket>> {
        let sockets = self.sockets.borrow();
        sockets.iter().find(|slot| slot.id == id)?.socket.clone()
    }

    /// Removes the socket's listeners too. `abandoned`: it is not closed yet.
    fn forget_socket(&self, id: SocketId, abandoned: bool) -> Option<SocketSlot> {
        let mut sockets = self.sockets.borrow_mut();
        let at = sockets.iter().position(|slot| slot.id == id);
        let slot = at.map(|at| sockets.swap_remove(at));
        drop(sockets);
        // Removing listeners calls the socket, which may be the user's: nothing may be borrowed.
        if let Some(socket) = slot.as_ref().and_then(|slot| slot.socket.as_ref()) {
            socket.leave(&self.host);
            self.host.forget_socket(&socket.socket, abandoned);
        }
        slot
    }
}

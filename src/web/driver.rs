//! Carries out what the machine says: the pump, the sockets, the alarm.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::Function;
use wasm_bindgen::JsValue;

use super::alarm::{Alarm, Rung};
use super::clock::Clock;
use super::socket::{News, Socket};
use super::value::JsJson;
use crate::machine::{
    CallError, CallId, Close, Event, Input, Instant, Log, Machine, Outgoing, Output, SocketId,
    TokenRequestId,
};
use crate::wire::{Malformed, decode};

/// What a client's surface does for the driver. Its methods run user code, so nothing is borrowed when they are called.
pub(super) trait Host: 'static {
    /// Makes a socket for the address.
    fn open(&self, socket: SocketId, address: &str) -> Opening;
    /// The function that gets a socket's `message` events.
    fn message_listener(&self, socket: SocketId) -> Function;
    /// That function is not called any more.
    fn forget_listener(&self, _socket: SocketId) {}
    /// Closes a socket that nobody listens to any more; `gently` waits for the peer.
    fn close_socket(&self, socket: &JsValue, code: u16, reason: &str, gently: bool);
    /// Calls the token provider.
    fn fetch_token(&self, request: TokenRequestId);
    /// The answer to this call is not wanted any more.
    fn forget_token(&self, request: TokenRequestId);
    /// Says [`Input::HandlersDrained`] as soon as no asynchronous handler runs.
    fn drain_handlers(&self);
    /// Answers a call.
    fn settle(&self, call: CallId, result: Result<(), CallError>);
    /// Tells listeners and streams.
    fn emit(&self, event: Event<JsValue>);
    /// Drops the listeners that were there when `close()` was called.
    fn forget_listeners(&self);
    /// Ends the streams.
    fn end_streams(&self);
    /// Tells the logger.
    fn log(&self, log: Log);
    /// Whether the page's timers are not those that it began with, as in tests that turn a clock by hand.
    fn timers_replaced(&self) -> bool {
        false
    }
}

/// What came of making a socket.
pub(super) enum Opening {
    /// Here it is.
    Socket(JsValue),
    /// It comes later, by [`Driver::adopt`], or never.
    #[cfg(feature = "npm")]
    Later,
    /// There is no WebSocket.
    Unavailable,
    /// Making it failed, with this scrubbed message.
    Failed(String),
}

/// One client's machine and what it drives.
pub(super) struct Driver<H> {
    pub(super) host: H,
    machine: RefCell<Machine<JsValue>>,
    clock: RefCell<Clock>,
    alarm: RefCell<Alarm>,
    /// Few: the current one, and perhaps one that is closing. `None`: on its way.
    sockets: RefCell<Vec<(SocketId, Option<Rc<Socket>>)>>,
    pumping: Cell<bool>,
    weak: Weak<Driver<H>>,
}

impl<H: Host> Driver<H> {
    pub(super) fn new(host: H, make: impl FnOnce(Instant) -> Machine<JsValue>) -> Rc<Driver<H>> {
        Rc::new_cyclic(|weak| {
            let mut clock = Clock::start();
            Driver {
                host,
                machine: RefCell::new(make(clock.now())),
                clock: RefCell::new(clock),
                alarm: RefCell::default(),
                sockets: RefCell::default(),
                pumping: Cell::new(false),
                weak: weak.clone(),
            }
        })
    }

    /// Calls the machine. What it queues is not carried out; see [`call`](Self::call).
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Machine<JsValue>, Instant) -> T) -> T {
        let now = self.clock.borrow_mut().now();
        call(&mut self.machine.borrow_mut(), now)
    }

    /// Looks at the machine.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&Machine<JsValue>) -> T) -> T {
        look(&self.machine.borrow())
    }

    /// Calls the machine and carries out what follows.
    pub(super) fn call<T>(&self, call: impl FnOnce(&mut Machine<JsValue>, Instant) -> T) -> T {
        let result = self.with(call);
        self.pump();
        result
    }

    /// Tells the machine what happened and carries out what follows.
    pub(super) fn input(&self, input: Input<JsValue>) {
        self.call(|machine, now| machine.handle_input(input, now));
    }

    /// A text arrived that parsed to this.
    pub(super) fn frame(&self, socket: SocketId, parsed: JsValue) {
        self.input(match decode(&JsJson(parsed)) {
            Ok(frame) => Input::Frame { socket, frame },
            Err(why) => Input::Malformed { socket, why },
        });
    }

    /// A text arrived that is not JSON.
    pub(super) fn not_json(&self, socket: SocketId) {
        self.input(Input::Malformed { socket, why: Malformed::NotJson });
    }

    /// Whether something waits to be carried out, so that a surface must not act before it.
    #[cfg(feature = "npm")]
    pub(super) fn has_output(&self) -> bool {
        self.machine.borrow().has_output()
    }

    /// The surface itself hands something to the user, as the pump would. `false`: the pump has something to do first.
    #[cfg(feature = "npm")]
    pub(super) fn begin_dispatch(&self) -> bool {
        !self.has_output() && !self.pumping.replace(true)
    }

    /// The end of that.
    #[cfg(feature = "npm")]
    pub(super) fn end_dispatch(&self) {
        self.pumping.set(false);
        if self.machine.borrow().has_output() {
            self.pump();
        }
    }

    /// Sets the alarm for a request that the surface sent itself.
    #[cfg(feature = "npm")]
    pub(super) fn sent(&self, call: CallId) -> Option<SocketId> {
        let socket = self.machine.borrow_mut().transmitted(call);
        self.arm();
        socket
    }

    /// Whether a socket that was to come later is still wanted.
    pub(super) fn wants(&self, id: SocketId) -> bool {
        self.sockets.borrow().iter().any(|(other, socket)| *other == id && socket.is_none())
    }

    /// Here is a socket that was to come later.
    #[cfg(feature = "npm")]
    pub(super) fn adopt(&self, id: SocketId, opening: Opening) {
        if self.wants(id) {
            self.opened(id, opening);
            self.pump();
        } else if let Opening::Socket(socket) = opening {
            self.host.close_socket(&socket, 1000, "", false);
        }
    }

    /// Carries out what the machine says until it says nothing more. Called from inside itself, it does nothing: the outer
    /// call goes on with what was added.
    pub(super) fn pump(&self) {
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let output = self.machine.borrow_mut().poll_output();
            match output {
                Some(output) => self.carry_out(output),
                None => break,
            }
        }
        self.pumping.set(false);
        self.arm();
    }

    fn carry_out(&self, output: Output<JsValue>) {
        match output {
            Output::OpenSocket { socket, address } => {
                self.sockets.borrow_mut().push((socket, None));
                let opening = self.host.open(socket, address.expose());
                if self.wants(socket) {
                    self.opened(socket, opening);
                } else if let Opening::Socket(socket) = opening {
                    // The factory closed the client.
                    self.host.close_socket(&socket, 1000, "", false);
                }
            }
            Output::Send { socket, frame, call } => self.send(socket, frame, call),
            Output::CloseSocket { socket, code, reason, report } => {
                self.close_socket(socket, code, &reason, report);
            }
            Output::FetchToken { request } => self.host.fetch_token(request),
            Output::ForgetToken { request } => self.host.forget_token(request),
            Output::DrainHandlers => self.host.drain_handlers(),
            Output::Settle { call, result } => self.host.settle(call, result),
            Output::Event(event) => self.host.emit(event),
            Output::ForgetListeners => self.host.forget_listeners(),
            Output::EndStreams => self.host.end_streams(),
            Output::Log(log) => self.host.log(log),
        }
    }

    fn opened(&self, id: SocketId, opening: Opening) {
        let closed = |reason: &str, cause: Option<String>| {
            let close = Close { cause, ..Close::new(1006, reason) };
            Input::SocketClosed { socket: id, close }
        };
        let input = match opening {
            #[cfg(feature = "npm")]
            Opening::Later => return,
            Opening::Socket(socket) => match self.listen(id, socket) {
                Ok(()) => return,
                Err(()) => closed("websocket construction failed", None),
            },
            Opening::Unavailable => Input::SocketUnavailable { socket: id },
            Opening::Failed(cause) => closed("websocket construction failed", Some(cause)),
        };
        self.forget_socket(id);
        self.with(|machine, now| machine.handle_input(input, now));
    }

    fn listen(&self, id: SocketId, socket: JsValue) -> Result<(), ()> {
        let weak = self.weak.clone();
        let tell = move |news: News| {
            let Some(driver) = weak.upgrade() else { return };
            match news {
                News::Opened => driver.input(Input::SocketOpened { socket: id }),
                News::Closed(close) => {
                    driver.forget_socket(id);
                    driver.input(Input::SocketClosed { socket: id, close });
                }
            }
        };
        let listener = self.host.message_listener(id);
        let socket = Socket::listen(socket, listener, tell).map_err(drop)?;
        let mut sockets = self.sockets.borrow_mut();
        if let Some((_, place)) = sockets.iter_mut().find(|(other, _)| *other == id) {
            *place = Some(Rc::new(socket));
        }
        Ok(())
    }

    fn send(&self, id: SocketId, frame: Outgoing<JsValue>, call: Option<CallId>) {
        let text = match frame {
            Outgoing::Text(text) => JsValue::from_str(&text),
            Outgoing::Ready(text) => text,
        };
        if !self.socket(id).is_some_and(|socket| socket.send(&text)) {
            self.with(|machine, now| machine.handle_input(Input::SendFailed { call }, now));
        }
    }

    fn close_socket(&self, id: SocketId, code: u16, reason: &str, report: bool) {
        let socket = self.socket(id);
        if !report || socket.is_none() {
            self.forget_socket(id);
        }
        match socket {
            Some(socket) => {
                let js = socket.as_js().clone();
                drop(socket);
                self.host.close_socket(&js, code, reason, report);
            }
            None if report => {
                // It was still on its way.
                let close = Close::new(1006, "");
                let input = Input::SocketClosed { socket: id, close };
                self.with(|machine, now| machine.handle_input(input, now));
            }
            None => {}
        }
    }

    fn socket(&self, id: SocketId) -> Option<Rc<Socket>> {
        let sockets = self.sockets.borrow();
        sockets.iter().find(|(other, _)| *other == id).and_then(|(_, socket)| socket.clone())
    }

    /// Removes the socket's listeners too.
    fn forget_socket(&self, id: SocketId) {
        let mut sockets = self.sockets.borrow_mut();
        let forgotten =
            sockets.iter().position(|(other, _)| *other == id).map(|at| sockets.swap_remove(at));
        drop(sockets);
        drop(forgotten);
        self.host.forget_listener(id);
    }

    fn arm(&self) {
        let due = self.machine.borrow().poll_timeout();
        if self.alarm.borrow().covers(due, || self.host.timers_replaced()) {
            return;
        }
        let now = self.clock.borrow_mut().now();
        let weak = self.weak.clone();
        self.alarm.borrow_mut().set(due, now, move || {
            if let Some(driver) = weak.upgrade() {
                driver.ring();
            }
        });
    }

    fn ring(&self) {
        let Some(Rung { due, stepped }) = self.alarm.borrow_mut().take() else { return };
        let now = self.clock.borrow_mut().rang(due, stepped);
        if stepped {
            self.machine.borrow_mut().handle_stepped_timeout(now);
        } else {
            self.machine.borrow_mut().handle_timeout(now);
        }
        self.pump();
    }
}

//! Carries out what the machine says: the pump, the sockets, the alarm.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;

use super::alarm::{Alarm, Rung};
use super::clock::Clock;
use super::inbound;
use super::socket::{News, NoSocket, Socket};
use metered_realtime_proto::machine::{
    CallError, CallId, Close, Event, Input, Instant, Log, Machine, Outgoing, Output, SocketId,
    TokenRequestId,
};

/// What a client's surface does for the driver. Its methods run user code, so nothing is borrowed when they are called.
pub(super) trait Host: 'static {
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
}

/// One client's machine and what it drives.
pub(super) struct Driver<H> {
    pub(super) host: H,
    machine: RefCell<Machine<JsValue>>,
    clock: RefCell<Clock>,
    alarm: RefCell<Alarm>,
    /// Few: the current one, and perhaps one that is closing.
    sockets: RefCell<Vec<(SocketId, Rc<Socket>)>>,
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

    /// Calls the machine. What it queues is carried out by [`pump`](Self::pump).
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Machine<JsValue>, Instant) -> T) -> T {
        let now = self.clock.borrow_mut().now();
        call(&mut self.machine.borrow_mut(), now)
    }

    /// Looks at the machine.
    pub(super) fn peek<T>(&self, look: impl FnOnce(&Machine<JsValue>) -> T) -> T {
        look(&self.machine.borrow())
    }

    /// Tells the machine what happened and carries out what follows.
    pub(super) fn input(&self, input: Input<JsValue>) {
        self.tell(input);
        self.pump();
    }

    fn tell(&self, input: Input<JsValue>) {
        self.with(|machine, now| machine.handle_input(input, now));
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
            Output::OpenSocket { socket, address } => self.open(socket, address.expose()),
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

    // ---- sockets ----

    fn open(&self, id: SocketId, address: &str) {
        let weak = self.weak.clone();
        let tell = move |news: News| {
            if let Some(driver) = weak.upgrade() {
                driver.hear(id, news);
            }
        };
        match Socket::open(address, tell) {
            Ok(socket) => self.sockets.borrow_mut().push((id, Rc::new(socket))),
            Err(NoSocket::Unavailable) => self.tell(Input::SocketUnavailable { socket: id }),
            Err(NoSocket::Failed(cause)) => {
                let close = Close::failed("websocket construction failed", &cause);
                self.tell(Input::SocketClosed { socket: id, close });
            }
        }
    }

    fn hear(&self, id: SocketId, news: News) {
        self.input(match news {
            News::Opened => Input::SocketOpened { socket: id },
            News::Message(event) => inbound::read(id, &event),
            News::Closed(close) => {
                self.forget_socket(id);
                Input::SocketClosed { socket: id, close }
            }
        });
    }

    fn send(&self, id: SocketId, frame: Outgoing, call: Option<CallId>) {
        let text = JsValue::from_str(&frame.into_text(call));
        if !self.socket(id).is_some_and(|socket| socket.send(&text)) {
            self.tell(Input::SendFailed { call });
        }
    }

    /// `report`: its end is wanted; else nobody listens to it any more.
    fn close_socket(&self, id: SocketId, code: u16, reason: &str, report: bool) {
        let Some(socket) = self.socket(id) else { return };
        if !report {
            self.forget_socket(id);
        }
        socket.close(code, reason);
    }

    fn socket(&self, id: SocketId) -> Option<Rc<Socket>> {
        let sockets = self.sockets.borrow();
        sockets.iter().find(|(other, _)| *other == id).map(|(_, socket)| Rc::clone(socket))
    }

    /// Removes the socket's listeners too, unless somebody still has it in use.
    fn forget_socket(&self, id: SocketId) {
        let mut sockets = self.sockets.borrow_mut();
        let at = sockets.iter().position(|(other, _)| *other == id);
        let forgotten = at.map(|at| sockets.swap_remove(at));
        drop(sockets);
        // What removes the listeners is the page's: nothing may be borrowed.
        drop(forgotten);
    }

    // ---- the alarm ----

    fn arm(&self) {
        let due = self.machine.borrow().poll_timeout();
        if self.alarm.borrow().covers(due) {
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

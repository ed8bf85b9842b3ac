//! Carries out the outputs of the machine: the pump, the sockets, the alarm.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;
use web_sys::WebSocket;

use super::depth::Entered;
use super::failure::Failure;
use super::frame_text::FrameText;
use super::host::{Dialled, Host};
use super::inbound::{self, Inbound};
use super::lifecycle::{self, Wake};
use super::socket::{Kind, Socket, close_of, hang_up};
use super::timer::{Fired, Timer};
use metered_realtime_proto::machine::{
    CallError, CallId, Close, Event, Input, Instant, Machine, Output, SocketId, State,
};
use metered_realtime_proto::wire::ServerFrame;

/// The machine of this platform: its data is a JavaScript value, and the host chooses the type of names.
pub type WebMachine<H> = Machine<JsValue, <H as Host>::Name>;

/// One client's machine and what it drives.
pub struct Driver<H: Host> {
    /// The surface.
    pub host: H,
    machine: RefCell<WebMachine<H>>,
    timer: Timer,
    /// The current socket, and perhaps one that is closing.
    sockets: RefCell<Vec<SocketSlot>>,
    /// Whether a call carries outputs out. Further outputs wait for it.
    pumping: Cell<bool>,
    /// Whether the lifecycle of the page wakes this client.
    awake: Cell<bool>,
    weak: Weak<Driver<H>>,
    #[cfg(feature = "peer")]
    observer: RefCell<Option<Weak<dyn Observer<H::Name>>>>,
}

/// A socket that the machine wants; empty while the host is making it.
struct SocketSlot {
    id: SocketId,
    socket: Option<Rc<Socket>>,
    /// The cause from its first `error` event.
    failure: Option<Failure>,
}

impl<H: Host> Driver<H> {
    /// A driver with the machine that `make` returns.
    pub fn new(host: H, make: impl FnOnce(Instant) -> WebMachine<H>) -> Rc<Driver<H>> {
        Rc::new_cyclic(|weak| {
            let timer = Timer::start();
            Driver {
                host,
                machine: RefCell::new(make(timer.now())),
                timer,
                sockets: RefCell::default(),
                pumping: Cell::new(false),
                awake: Cell::new(false),
                weak: weak.clone(),
                #[cfg(feature = "peer")]
                observer: RefCell::default(),
            }
        })
    }

    /// Calls the machine. [`pump`](Self::pump) carries out its outputs.
    pub fn with<T>(&self, call: impl FnOnce(&mut WebMachine<H>, Instant) -> T) -> T {
        let now = self.timer.now();
        call(&mut self.machine.borrow_mut(), now)
    }

    /// Reads from the machine.
    pub fn peek<T>(&self, look: impl FnOnce(&WebMachine<H>) -> T) -> T {
        look(&self.machine.borrow())
    }

    /// Gives the machine an input and carries out its outputs.
    pub fn input(&self, input: Input<JsValue, H::Name>) {
        self.push_input(input);
        self.pump();
    }

    /// Gives the machine an input; a pump that runs, or is to come, carries out its outputs.
    fn push_input(&self, input: Input<JsValue, H::Name>) {
        self.with(|machine, now| machine.handle_input(input, now));
    }

    /// Carries out all outputs of the machine. Called from inside of itself it does nothing, as the outer call also carries out
    /// the new outputs.
    pub fn pump(&self) {
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

    fn carry_out(&self, output: Output<JsValue, H::Name>) {
        match output {
            Output::OpenSocket { socket, address } => self.open(socket, address.expose()),
            Output::Send { socket, frame, call } => {
                let text = JsValue::from_str(&frame.into_text(call));
                if !self.write(socket, &text) {
                    self.push_input(Input::SendFailed { call });
                }
            }
            Output::CloseSocket { socket, code, reason, report } => {
                self.close_socket(socket, code, &reason, report);
            }
            Output::FetchToken { request } => self.host.fetch_token(request),
            Output::ForgetToken { request } => self.host.forget_token(request),
            Output::DrainHandlers => self.host.drain_handlers(),
            Output::Settle { call, result } => self.settle(call, result),
            Output::Event(event) => self.emit(event),
            Output::ForgetListeners => self.host.forget_listeners(),
            Output::EndStreams => self.host.end_streams(),
            Output::Log(log) => self.host.log(log),
        }
    }

    fn emit(&self, event: Event<JsValue, H::Name>) {
        if let Event::StateChange { to, .. } = &event {
            self.follow_lifecycle(!matches!(to, State::Idle | State::Closed));
        }
        #[cfg(feature = "peer")]
        if let Some(observer) = self.observer() {
            observer.event(&event);
        }
        self.host.emit(event);
    }

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        #[cfg(feature = "peer")]
        if self.observer().is_some_and(|observer| observer.settled(call, &result)) {
            return;
        }
        self.host.settle(call, result);
    }

    /// Switches on or off that the return of the page or the network wakes this client.
    fn follow_lifecycle(&self, awake: bool) {
        if !self.host.has_lifecycle() || self.awake.replace(awake) == awake {
            return;
        }
        let weak: Weak<dyn Wake> = self.weak.clone();
        if awake {
            lifecycle::join(weak, &self.host);
        } else {
            lifecycle::leave(&weak, &self.host);
        }
    }

    // ---- requests with data ----

    /// Sends the frame of a reserved request: at once, or after the outputs that wait.
    pub fn transmit(&self, call: CallId, text: &FrameText) {
        let socket = {
            let mut machine = self.machine.borrow_mut();
            if machine.has_output() { None } else { machine.transmitted(call) }
        };
        match socket {
            Some(socket) if self.write(socket, text.as_js()) => {}
            Some(_) => self.push_input(Input::SendFailed { call: Some(call) }),
            None => self.machine.borrow_mut().transmit(call, text.to_text()),
        }
        self.pump();
    }

    // ---- sockets ----

    fn open(&self, id: SocketId, address: &str) {
        self.sockets.borrow_mut().push(SocketSlot { id, socket: None, failure: None });
        match self.host.dial(id, address) {
            Dialled::Socket(socket) => self.listen(id, socket),
            Dialled::Later => {}
            Dialled::Unavailable => {
                self.forget_socket(id, false);
                self.push_input(Input::SocketUnavailable { socket: id });
            }
            Dialled::Failed(cause) => self.failed(id, &cause),
        }
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
        match made {
            Dialled::Socket(socket) => self.listen(id, socket),
            Dialled::Later => {}
            Dialled::Unavailable => {
                self.forget_socket(id, false);
                self.push_input(Input::SocketUnavailable { socket: id });
            }
            Dialled::Failed(cause) => self.failed(id, &cause),
        }
        self.pump();
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
    fn write(&self, id: SocketId, text: &JsValue) -> bool {
        self.socket(id).is_some_and(|socket| socket.send(text))
    }

    /// `report`: whether the machine wants to know when it has closed.
    fn close_socket(&self, id: SocketId, code: u16, reason: &str, report: bool) {
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

    // ---- the alarm ----

    fn arm(&self) {
        let due = self.machine.borrow().poll_timeout();
        let weak = self.weak.clone();
        self.timer.arm(due, &self.host, move |timer| {
            if let Some(driver) = weak.upgrade() {
                driver.host.timer_fired(timer);
            }
        });
    }

    /// A timer fired.
    pub fn on_timer(&self, timer: u32) {
        let Some(Fired { now, stepped }) = self.timer.fired(timer) else { return };
        if stepped {
            self.machine.borrow_mut().handle_stepped_timeout(now);
        } else {
            self.machine.borrow_mut().handle_timeout(now);
        }
        self.pump();
    }
}

/// Who uses a client from beside its surface: a room.
#[cfg(feature = "peer")]
pub trait Observer<N> {
    /// Something happened, which the surface is told next.
    fn event(&self, event: &Event<JsValue, N>);

    /// A call was answered. `true`: it was the observer's own, and is of no interest to the surface.
    fn settled(&self, call: CallId, result: &Result<(), CallError>) -> bool;
}

#[cfg(feature = "peer")]
impl<H: Host> Driver<H> {
    /// Has an observer told of everything, before the surface.
    pub fn observe(&self, observer: Weak<dyn Observer<H::Name>>) {
        self.observer.replace(Some(observer));
    }

    fn observer(&self) -> Option<Rc<dyn Observer<H::Name>>> {
        self.observer.borrow().as_ref()?.upgrade()
    }
}

impl<H: Host> Wake for Driver<H> {
    fn wake(&self) {
        self.input(Input::Wake);
    }
}

/// Removes everything that the platform still holds of a dropped client.
impl<H: Host> Drop for Driver<H> {
    fn drop(&mut self) {
        self.follow_lifecycle(false);
        self.timer.stop();
        for slot in self.sockets.take() {
            if let Some(socket) = slot.socket {
                socket.leave(&self.host);
            }
        }
    }
}

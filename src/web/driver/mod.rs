//! Carries out the outputs of the machine: the pump and the alarm. The sockets are in [`sockets`].

mod sockets;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::JsValue;

use self::sockets::SocketSlot;
use super::frame_text::FrameText;
use super::host::Host;
use super::lifecycle::{self, Wake};
use super::timer::{Fired, Timer};
use metered_realtime_proto::machine::{
    CallError, CallId, Event, Input, Instant, Machine, Output, State,
};

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
    /// Something happened. The surface gets the event next.
    fn event(&self, event: &Event<JsValue, N>);

    /// A call was answered. `true`: it was the observer's own, and is of no interest to the surface.
    fn settled(&self, call: CallId, result: &Result<(), CallError>) -> bool;

    /// The page or the network returned.
    fn woken(&self);
}

#[cfg(feature = "peer")]
impl<H: Host> Driver<H> {
    /// From now on an observer gets everything before the surface.
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
        #[cfg(feature = "peer")]
        if let Some(observer) = self.observer() {
            observer.woken();
        }
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

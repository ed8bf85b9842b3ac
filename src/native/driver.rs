//! The half of the driver that calls see: the machine behind a lock. It is held for the machine's own work only, never while
//! user code runs or anything waits.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::task;

use super::clock::Clock;
use super::payload::Carried;
use super::pump::Pump;
use super::serialize::to_json;
use super::tls::Tls;
use super::wake::Wake;
use crate::client::errors::{ConfigError, ConnectError, RequestError};
use crate::client::{
    Answer, Call, Close, Connect, Emitter, Mark, Provider, Request, Settings, SubscribeOptions,
};
use crate::machine::{
    ACK_TIMEOUT_MS, CallError, CallId, DEFAULT_CLOSE_REASON, Input, Instant, Machine, Options,
    Output, SocketId, State,
};
use crate::wire::{OutgoingFrame, check_channel, check_peer_id};

/// One client; shared by its handles, its futures and its pump.
pub(crate) struct Driver {
    core: Mutex<Core>,
    emitter: Emitter,
    pub(super) wake: Wake,
    pub(super) provider: Option<Provider>,
    pub(super) tls: Tls,
}

pub(super) struct Core {
    pub(super) machine: Machine<Carried>,
    pub(super) clock: Clock,
    /// Who waits for which call.
    waiters: BTreeMap<u32, oneshot::Sender<Answer>>,
    /// Whether there is a pump.
    running: bool,
    /// Which listeners a `close()` that is not done yet will drop.
    close_mark: Option<Mark>,
    /// Tasks that wait for `close()`; it does not wait for them.
    excused: Vec<task::Id>,
}

impl Driver {
    /// # Errors
    /// An option of the platform's breaks a rule.
    pub(crate) fn new(
        options: Options,
        settings: crate::client::Settings,
    ) -> Result<Arc<Driver>, ConfigError> {
        let Settings { provider, platform } = settings;
        let tls = Tls::new(platform)?;
        // The standard library's hasher is seeded by the operating system.
        let seed = RandomState::new().hash_one(());
        let mut clock = Clock::new();
        let machine = Machine::new(options, seed, clock.now());
        let core = Core {
            machine,
            clock,
            waiters: BTreeMap::new(),
            running: false,
            close_mark: None,
            excused: Vec::new(),
        };
        let (emitter, wake) = (Emitter::default(), Wake::default());
        Ok(Arc::new(Driver { core: Mutex::new(core), emitter, wake, provider, tls }))
    }

    pub(crate) fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    pub(crate) fn state(&self) -> State {
        self.lock().machine.state()
    }

    pub(crate) fn connect(self: &Arc<Self>) -> Connect {
        let mut core = self.lock();
        if !core.running && Handle::try_current().is_err() {
            return Connect::new(Err(ConnectError::Unavailable));
        }
        let now = core.clock.now();
        let call = match core.machine.connect(now) {
            Ok(id) => Ok(self.call(&mut core, id)),
            Err(error) => Err(ConnectError::of(error)),
        };
        self.run(core);
        Connect::new(call)
    }

    pub(crate) fn close(self: &Arc<Self>, code: u16, reason: &str) -> Close {
        let mut core = self.lock();
        let answer = self.close_now(&mut core, code, reason);
        self.run(core);
        Close::new(Arc::clone(self), answer)
    }

    /// The last handle is gone.
    pub(crate) fn hang_up(self: &Arc<Self>) {
        let mut core = self.lock();
        if core.running {
            drop(self.close_now(&mut core, 1000, DEFAULT_CLOSE_REASON));
            self.run(core);
        } else {
            drop(core);
            self.emitter.forget(self.emitter.mark());
            self.emitter.end_streams(self.emitter.mark());
        }
    }

    fn close_now(&self, core: &mut Core, code: u16, reason: &str) -> oneshot::Receiver<Answer> {
        let now = core.clock.now();
        let id = core.machine.close(code, reason, now);
        core.close_mark = Some(self.emitter.mark());
        core.wait_for(id)
    }

    /// The current task waits for `close()`. If it is a handler, `close()` must not wait for it.
    pub(crate) fn close_is_awaited(&self) {
        if let Some(id) = task::try_id() {
            self.lock().excused.push(id);
            self.wake.wake();
        }
    }

    pub(crate) fn subscribe(self: &Arc<Self>, channel: &str, options: SubscribeOptions) -> Request {
        self.request(valid_channel(channel), |(), machine, now| {
            machine.subscribe(channel, options.include_sender_metadata, ACK_TIMEOUT_MS, now)
        })
    }

    pub(crate) fn unsubscribe(self: &Arc<Self>, channel: &str) -> Request {
        self.request(valid_channel(channel), |(), machine, now| {
            machine.unsubscribe(channel, ACK_TIMEOUT_MS, now)
        })
    }

    pub(crate) fn publish<T: Serialize>(self: &Arc<Self>, channel: &str, data: &T) -> Request {
        let data = valid_channel(channel).and_then(|()| to_json(data));
        self.request(data, |data, machine, now| {
            let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
            let frame = OutgoingFrame::Publish { channel, data: &data, request_id: call.0 };
            machine.transmit(call, Carried::Frame(frame.to_text()));
            Ok(call)
        })
    }

    pub(crate) fn send<T: Serialize>(self: &Arc<Self>, to: &str, data: &T) -> Request {
        let data = valid_peer_id(to).and_then(|()| to_json(data));
        self.request(data, |data, machine, now| {
            let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
            let frame = OutgoingFrame::Send { to, data: &data, request_id: call.0 };
            machine.transmit(call, Carried::Frame(frame.to_text()));
            Ok(call)
        })
    }

    /// Makes a request, unless its arguments are wrong.
    fn request<T>(
        self: &Arc<Self>,
        arguments: Result<T, RequestError>,
        call: impl FnOnce(T, &mut Machine<Carried>, Instant) -> Result<CallId, CallError>,
    ) -> Request {
        Request::new(arguments.and_then(|arguments| {
            let mut core = self.lock();
            let now = core.clock.now();
            let id = call(arguments, &mut core.machine, now).map_err(RequestError::refused)?;
            let call = self.call(&mut core, id);
            drop(core);
            self.wake.wake();
            Ok(call)
        }))
    }

    fn call(self: &Arc<Self>, core: &mut Core, id: CallId) -> Call {
        Call::new(id, core.wait_for(id), Arc::clone(self))
    }

    /// Nobody waits for a call any more.
    pub(crate) fn withdraw(&self, call: CallId) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.abort(call, now);
        drop(core);
        self.wake.wake();
    }

    /// Wakes the pump, or starts one.
    fn run(self: &Arc<Self>, mut core: MutexGuard<'_, Core>) {
        let start = !std::mem::replace(&mut core.running, true);
        drop(core);
        self.wake.wake();
        if start {
            let pump = Pump::new(Arc::clone(self));
            match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(pump.run())),
                Err(_) => pump.run_once(),
            }
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the pump does next, and who waits for it if it is an answer.
    pub(super) fn next_output(&self) -> Option<(Output<Carried>, Option<oneshot::Sender<Answer>>)> {
        let mut core = self.lock();
        let output = core.machine.poll_output()?;
        let waiter = if let Output::Settle { call, .. } = &output {
            core.waiters.remove(&call.0)
        } else {
            None
        };
        Some((output, waiter))
    }

    pub(super) fn tell(&self, input: Input<Carried>) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.handle_input(input, now);
    }

    /// The pump is at rest and may end; `false`: there is more to do.
    pub(super) fn try_rest(&self) -> bool {
        let mut core = self.lock();
        let at_rest = matches!(core.machine.state(), State::Idle | State::Closed)
            && core.machine.poll_timeout().is_none();
        core.running &= !at_rest;
        at_rest
    }

    /// The pump ends before it is at rest: its runtime was shut down. The client closes, and may be connected again.
    pub(super) fn abandon(&self, sockets: impl Iterator<Item = SocketId>) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.close(1006, "the runtime was shut down", now);
        for socket in sockets {
            let close = crate::machine::Close::new(1006, "");
            core.machine.handle_input(Input::SocketClosed { socket, close }, now);
        }
        core.machine.handle_input(Input::HandlersDrained, now);
        let outputs: Vec<_> = std::iter::from_fn(|| core.machine.poll_output()).collect();
        let mut waiters = std::mem::take(&mut core.waiters);
        core.close_mark = None;
        core.running = false;
        drop(core);
        for output in outputs {
            if let Output::Settle { call, result } = output
                && let Some(waiter) = waiters.remove(&call.0)
            {
                let _ = waiter.send(result);
            }
        }
        self.emitter.end_streams(self.emitter.mark());
    }
}

impl Core {
    fn wait_for(&mut self, call: CallId) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.waiters.insert(call.0, sender);
        receiver
    }

    /// Whether a `close()` is not done yet.
    pub(super) fn is_closing(&self) -> bool {
        self.close_mark.is_some()
    }

    /// A `close()` is done: which listeners it drops.
    pub(super) fn take_close_mark(&mut self) -> Option<Mark> {
        self.excused.clear();
        self.close_mark.take()
    }

    pub(super) fn excused(&self) -> &[task::Id] {
        &self.excused
    }
}

fn valid_channel(channel: &str) -> Result<(), RequestError> {
    check_channel(channel).map_err(|error| RequestError::invalid_name("channel", error))
}

fn valid_peer_id(id: &str) -> Result<(), RequestError> {
    check_peer_id(id).map_err(|error| RequestError::invalid_name("to_peer_id", error))
}

//! The half of the driver that calls see: the machine behind a lock. It is held for the machine's own work only, never while
//! user code runs or anything waits.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use tokio::runtime::Handle;
use tokio::task;

use super::clock::Clock;
use super::pump::Pump;
use super::tls::Tls;
use super::wake::Wake;
use crate::client::{Answer, Called, Driver, Emitter, Exit, Mark, Provider, Wanted};
use crate::data::Payload;
use metered_realtime_proto::machine::{
    CallError, CallId, Close, DEFAULT_CLOSE_REASON, Input, Machine, Options, Output, SocketId,
    State,
};

/// One client; shared by its handles, its futures and its pump.
pub(super) struct Native {
    core: Mutex<Core>,
    pub(super) emitter: Emitter,
    pub(super) wake: Wake,
    pub(super) provider: Option<Provider>,
    pub(super) tls: Tls,
}

pub(super) struct Core {
    pub(super) machine: Machine<Payload>,
    pub(super) clock: Clock,
    /// Who waits for which call.
    waiters: BTreeMap<u32, oneshot::Sender<Answer>>,
    /// Whether there is a pump.
    running: bool,
    pub(super) exit: Exit,
    /// Tasks that wait for `close()`; it does not wait for them.
    excused: Vec<task::Id>,
}

impl Driver for Native {
    fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    fn state(&self) -> State {
        self.lock().machine.state()
    }

    fn connect(self: Arc<Self>) -> Result<Called, CallError> {
        let mut core = self.lock();
        if !core.running && Handle::try_current().is_err() {
            return Err(CallError::Unavailable);
        }
        let now = core.clock.now();
        let id = core.machine.connect(now)?;
        let called = core.wait_for(id);
        self.run(core);
        Ok(called)
    }

    fn close(self: Arc<Self>, code: u16, reason: &str) -> oneshot::Receiver<Answer> {
        let mut core = self.lock();
        let answer = core.close(code, reason, self.emitter.mark());
        self.run(core);
        answer
    }

    fn close_is_awaited(&self) {
        if let Some(id) = task::try_id() {
            self.lock().excused.push(id);
            self.wake.wake();
        }
    }

    fn request(&self, wanted: Wanted<'_>) -> Result<Called, CallError> {
        let mut core = self.lock();
        let now = core.clock.now();
        let id = wanted.ask(&mut core.machine, now)?;
        let called = core.wait_for(id);
        drop(core);
        self.wake.wake();
        Ok(called)
    }

    fn set_timeout(&self, call: CallId, timeout_ms: u64) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.set_timeout(call, timeout_ms, now);
        drop(core);
        self.wake.wake();
    }

    fn withdraw(&self, call: CallId) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.abort(call, now);
        drop(core);
        self.wake.wake();
    }

    fn hang_up(&self) {
        let mut core = self.lock();
        let mark = self.emitter.mark();
        if core.running {
            // The pump ends by itself when this is done.
            drop(core.close(1000, DEFAULT_CLOSE_REASON, mark));
            drop(core);
            self.wake.wake();
        } else {
            drop(core);
            self.emitter.forget(mark);
            self.emitter.end_streams(mark);
        }
    }
}

impl Native {
    pub(super) fn new(options: Options, provider: Option<Provider>, tls: Tls) -> Native {
        // The standard library's hasher is seeded by the operating system.
        let seed = RandomState::new().hash_one(());
        let mut clock = Clock::new();
        let machine = Machine::new(options, seed, clock.now());
        let core = Core {
            machine,
            clock,
            waiters: BTreeMap::new(),
            running: false,
            exit: Exit::default(),
            excused: Vec::new(),
        };
        let (emitter, wake) = (Emitter::default(), Wake::default());
        Native { core: Mutex::new(core), emitter, wake, provider, tls }
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
    pub(super) fn next_output(&self) -> Option<(Output<Payload>, Option<oneshot::Sender<Answer>>)> {
        let mut core = self.lock();
        let output = core.machine.poll_output()?;
        let waiter = if let Output::Settle { call, .. } = &output {
            core.waiters.remove(&call.0)
        } else {
            None
        };
        Some((output, waiter))
    }

    pub(super) fn tell(&self, input: Input<Payload>) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.handle_input(input, now);
    }

    /// Whether a message on this socket may be handed to the user right away. When it came is said by
    /// [`heard`](Self::heard), once for many.
    pub(super) fn may_tell(&self, socket: SocketId) -> bool {
        let mut core = self.lock();
        let now = core.clock.last();
        core.machine.admit(socket, now)
    }

    /// Who waits for just this answer to a publish or send, if it may be given right away; as [`may_tell`](Self::may_tell).
    pub(super) fn take_acked(
        &self,
        socket: SocketId,
        request_id: &str,
    ) -> Option<oneshot::Sender<Answer>> {
        let call = CallId::from_request_id(request_id)?;
        let mut core = self.lock();
        let now = core.clock.last();
        let taken = core.machine.take_ack(socket, call, now);
        if taken { core.waiters.remove(&call.0) } else { None }
    }

    /// The peer was heard.
    pub(super) fn heard(&self, socket: SocketId) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.admit(socket, now);
    }

    /// The alarm rings.
    pub(super) fn ring(&self) {
        let mut core = self.lock();
        let now = core.clock.now();
        core.machine.handle_timeout(now);
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
            let close = Close::new(1006, "");
            core.machine.handle_input(Input::SocketClosed { socket, close }, now);
        }
        core.machine.handle_input(Input::HandlersDrained, now);
        let outputs: Vec<_> = std::iter::from_fn(|| core.machine.poll_output()).collect();
        let mut waiters = std::mem::take(&mut core.waiters);
        core.exit = Exit::default();
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
    fn close(&mut self, code: u16, reason: &str, mark: Mark) -> oneshot::Receiver<Answer> {
        let now = self.clock.now();
        let id = self.machine.close(code, reason, now);
        self.exit.close(mark);
        self.wait_for(id).1
    }

    fn wait_for(&mut self, call: CallId) -> Called {
        let (sender, receiver) = oneshot::channel();
        self.waiters.insert(call.0, sender);
        (call, receiver)
    }

    /// A `close()` is done: which handlers it drops.
    pub(super) fn closed(&mut self, emitter: &Emitter) -> Mark {
        self.excused.clear();
        self.exit.take_handlers(emitter)
    }

    pub(super) fn excused(&self) -> &[task::Id] {
        &self.excused
    }
}

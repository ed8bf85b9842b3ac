//! What the handles, the futures and the pump of one client share. The lock is held only while the machine works, never while
//! user code runs.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use futures::task::AtomicWaker;

use super::clock::Clock;
use super::tls::Tls;
use crate::client::{CallResult, Emitter, Mark, PendingCall, Provider, RunningHandlers, Teardown};
use crate::data::Payload;
use metered_realtime_proto::machine::{CallId, Input, Instant, Machine, Options, Output, State};

pub(super) struct Shared {
    core: Mutex<Core>,
    pub(super) emitter: Emitter,
    pub(super) handlers: RunningHandlers,
    /// Wakes the pump.
    pub(super) waker: AtomicWaker,
    pub(super) provider: Option<Provider>,
    pub(super) tls: Tls,
}

pub(super) struct Core {
    pub(super) machine: Machine<Payload>,
    clock: Clock,
    pub(super) pump: PumpState,
    pub(super) teardown: Teardown,
    /// Where the results of calls go.
    pending: BTreeMap<u32, oneshot::Sender<CallResult>>,
}

/// ```text
/// None ──► Running ──► None
///             └──► Dropped ──► None
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PumpState {
    /// The machine is at rest and there is no pump.
    None,
    /// A pump carries out what the machine says.
    Running,
    /// The runtime has dropped the pump, which emits the last events. No socket can be opened.
    Dropped,
}

/// An output of the machine, and the receiver of the result if it is one.
pub(super) type NextOutput = (Output<Payload>, Option<oneshot::Sender<CallResult>>);

impl Shared {
    pub(super) fn new(options: Options, provider: Option<Provider>, tls: Tls) -> Shared {
        // The standard library's hasher is seeded by the operating system.
        let seed = RandomState::new().hash_one(());
        let mut clock = Clock::new();
        let core = Core {
            machine: Machine::new(options, seed, clock.now()),
            clock,
            pump: PumpState::None,
            teardown: Teardown::default(),
            pending: BTreeMap::new(),
        };
        Shared {
            core: Mutex::new(core),
            emitter: Emitter::default(),
            handlers: RunningHandlers::default(),
            waker: AtomicWaker::new(),
            provider,
            tls,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the machine.
    pub(super) fn with<T>(&self, call: impl FnOnce(&mut Machine<Payload>, Instant) -> T) -> T {
        let mut core = self.lock();
        let now = core.clock.now();
        call(&mut core.machine, now)
    }

    /// Tells the machine what happened.
    pub(super) fn input(&self, input: Input<Payload>) {
        self.with(|machine, now| machine.handle_input(input, now));
    }

    pub(super) fn next_output(&self) -> Option<NextOutput> {
        let mut core = self.lock();
        let output = core.machine.poll_output()?;
        let sender = if let Output::Settle { call, .. } = &output {
            core.pending.remove(&call.0)
        } else {
            None
        };
        Some((output, sender))
    }

    /// The next deadline of the machine.
    pub(super) fn deadline(&self) -> Option<tokio::time::Instant> {
        let core = self.lock();
        core.machine.poll_timeout().and_then(|at| core.clock.timer(at))
    }

    /// For a pump that has no sockets and no token to wait for. `true`: it may end; `false`: the machine has more to do.
    pub(super) fn try_rest(&self) -> bool {
        let mut core = self.lock();
        let machine = &core.machine;
        let at_rest = matches!(machine.state(), State::Idle | State::Closed)
            && machine.poll_timeout().is_none()
            && !machine.has_output();
        if at_rest {
            core.pump = PumpState::None;
        }
        at_rest
    }

    /// There is no pump any more. Calls without a result fail.
    pub(super) fn pump_is_gone(&self) {
        let mut core = self.lock();
        core.pump = PumpState::None;
        core.teardown = Teardown::default();
        let pending = std::mem::take(&mut core.pending);
        drop(core);
        // With the lock released: this wakes the callers.
        drop(pending);
    }
}

impl Core {
    pub(super) fn now(&mut self) -> Instant {
        self.clock.now()
    }

    pub(super) fn close(
        &mut self,
        code: u16,
        reason: &str,
        mark: Mark,
    ) -> oneshot::Receiver<CallResult> {
        let now = self.now();
        let call = self.machine.close(code, reason, now);
        self.teardown.close_called(mark);
        self.pending(call).1
    }

    /// A call that the machine accepted.
    pub(super) fn pending(&mut self, call: CallId) -> PendingCall {
        let (sender, receiver) = oneshot::channel();
        self.pending.insert(call.0, sender);
        (call, receiver)
    }
}

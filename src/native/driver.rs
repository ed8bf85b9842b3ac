//! The calls of the client's surface. They reach the machine at once; the pump carries out what follows.

use std::sync::{Arc, MutexGuard};

use futures::channel::oneshot;
use tokio::runtime::Handle;

use super::pump::Pump;
use super::shared::{Core, PumpState, Shared};
use crate::client::{CallResult, Driver, Emitter, NewRequest, PendingCall};
use metered_realtime_proto::machine::{CallError, CallId, DEFAULT_CLOSE_REASON, State};

/// One client.
pub(super) struct Native(pub(super) Arc<Shared>);

impl Driver for Native {
    fn emitter(&self) -> &Emitter {
        &self.0.emitter
    }

    fn state(&self) -> State {
        self.0.lock().machine.state()
    }

    fn connect(&self) -> Result<PendingCall, CallError> {
        let mut core = self.0.lock();
        let has_runtime = match core.pump {
            PumpState::None => Handle::try_current().is_ok(),
            PumpState::Running => true,
            PumpState::Dropped => false,
        };
        if !has_runtime {
            return Err(CallError::Unavailable);
        }
        let now = core.now();
        let call = core.machine.connect(now)?;
        let pending = core.pending(call);
        self.run(core);
        Ok(pending)
    }

    fn close(&self, code: u16, reason: &str) -> oneshot::Receiver<CallResult> {
        let mark = self.0.emitter.mark();
        let mut core = self.0.lock();
        let result = core.close(code, reason, mark);
        self.run(core);
        result
    }

    fn current_task_awaits_close(&self) {
        self.0.handlers.current_awaits_close();
        self.0.waker.wake();
    }

    fn request(&self, request: NewRequest<'_>) -> Result<PendingCall, CallError> {
        let mut core = self.0.lock();
        let now = core.now();
        let call = request.submit(&mut core.machine, now)?;
        let pending = core.pending(call);
        drop(core);
        self.0.waker.wake();
        Ok(pending)
    }

    fn set_timeout(&self, call: CallId, timeout_ms: u64) {
        self.0.with(|machine, now| machine.set_timeout(call, timeout_ms, now));
        self.0.waker.wake();
    }

    fn withdraw(&self, call: CallId) {
        self.0.with(|machine, now| machine.abort(call, now));
        self.0.waker.wake();
    }

    fn handles_are_gone(&self) {
        let mark = self.0.emitter.mark();
        let mut core = self.0.lock();
        if core.pump == PumpState::None {
            drop(core);
            self.0.emitter.forget(mark);
            self.0.emitter.end_streams(mark);
        } else {
            // The pump ends by itself when the close is done.
            drop(core.close(1000, DEFAULT_CLOSE_REASON, mark));
            drop(core);
            self.0.waker.wake();
        }
    }
}

impl Native {
    /// Wakes the pump, or starts one.
    fn run(&self, mut core: MutexGuard<'_, Core>) {
        let start = core.pump == PumpState::None;
        if start {
            core.pump = PumpState::Running;
        }
        drop(core);
        if !start {
            self.0.waker.wake();
            return;
        }
        let pump = Pump::new(Arc::clone(&self.0));
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(pump.run())),
            Err(_) => pump.run_without_runtime(),
        }
    }
}

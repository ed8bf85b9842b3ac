//! How a call from anywhere wakes the pump; many calls wake it once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;

use futures::task::AtomicWaker;

#[derive(Debug, Default)]
pub(super) struct Wake {
    wanted: AtomicBool,
    pump: AtomicWaker,
}

impl Wake {
    pub(super) fn wake(&self) {
        if !self.wanted.swap(true, Ordering::AcqRel) {
            self.pump.wake();
        }
    }

    /// The pump is about to look at everything.
    pub(super) fn attend(&self) {
        self.wanted.store(false, Ordering::Release);
    }

    /// Whether somebody has called since the pump last was about to look.
    pub(super) fn is_called(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Whether there is a reason to look again; if not, the pump is woken when there is.
    pub(super) fn is_wanted(&self, cx: &mut Context<'_>) -> bool {
        self.pump.register(cx.waker());
        self.is_called()
    }
}

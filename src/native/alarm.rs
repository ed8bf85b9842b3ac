//! The one timer of a client. Deadlines are mostly postponed, so the timer may fire too early; that is cheaper than resetting it
//! each time.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Default)]
pub(super) struct Alarm {
    timer: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Alarm {
    /// Ready at the deadline, or earlier.
    pub(super) fn poll(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if !self.armed || deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
            self.armed = true;
        }
        let rings = timer.as_mut().poll(cx);
        self.armed = rings.is_pending();
        rings
    }
}

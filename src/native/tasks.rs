//! Asynchronous handlers on their way: who runs, and whether `close()` has to wait for them (decisions, item 4).

use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::{Id, JoinSet};

use crate::client::{BoxFuture, shield};

#[derive(Default)]
pub(super) struct Tasks {
    running: JoinSet<()>,
    ids: Vec<Id>,
    /// `close()` waits for the end of them.
    draining: bool,
}

impl Tasks {
    pub(super) fn spawn(&mut self, task: BoxFuture<()>) {
        if Handle::try_current().is_err() {
            shield(|| {
                tracing::warn!(target: "metered_realtime", "an asynchronous handler needs a runtime");
            });
            return;
        }
        let handle = self.running.spawn(task);
        self.ids.push(handle.id());
    }

    /// Asks for [`drained`](Self::drained) to become true once.
    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    /// Whether, as was asked, none runs any more, apart from those that wait for `close()` themselves.
    pub(super) fn drained(&mut self, excused: &[Id]) -> bool {
        let drained = self.draining && self.ids.iter().all(|id| excused.contains(id));
        self.draining &= !drained;
        drained
    }

    /// Ready when one has ended.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ids.is_empty() {
            return Poll::Pending;
        }
        match self.running.poll_join_next_with_id(cx) {
            Poll::Ready(Some(ended)) => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        shield(|| {
                            tracing::error!(target: "metered_realtime", "an async handler panicked");
                        });
                        error.id()
                    }
                };
                self.ids.retain(|other| *other != id);
                Poll::Ready(())
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Leaves those that run to themselves.
    pub(super) fn leave(&mut self) {
        self.running.detach_all();
        self.ids.clear();
    }
}

//! Asynchronous handlers that run, and whether `close()` still has to wait for them.
//!
//! `close()` waits for every handler but those that await `close()` themselves: the two would wait for each other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;

use super::panics::catch_panic;
use super::send::{BoxFuture, MaybeSend};

/// The asynchronous handlers of one client.
#[derive(Clone, Default)]
pub(crate) struct RunningHandlers(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// By id: whether the handler awaits `close()`.
    running: BTreeMap<u64, bool>,
    /// `close()` waits for them.
    draining: bool,
}

/// The next id. One counter for all clients, because a handler of one may await the `close()` of another.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The handler that is polled on this thread.
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

impl RunningHandlers {
    /// Counts a handler as running until the returned future is ready or dropped; then `ended` is called. A panic of the
    /// handler is logged.
    pub(crate) fn run<F: FnOnce() + MaybeSend + 'static>(
        &self,
        handler: BoxFuture<()>,
        ended: F,
    ) -> impl Future<Output = ()> + use<F> {
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        self.lock().running.insert(id, false);
        let running = Running { handlers: self.clone(), id, ended: Some(ended) };
        async move {
            let mut handler = AssertUnwindSafe(handler).catch_unwind();
            let result = poll_fn(|cx| {
                let before = CURRENT.replace(Some(id));
                let polled = handler.poll_unpin(cx);
                CURRENT.set(before);
                polled
            })
            .await;
            catch_panic(move || drop(handler));
            if let Err(panic) = result {
                catch_panic(move || drop(panic));
                catch_panic(|| {
                    tracing::error!(target: "metered_realtime", "an async handler panicked");
                });
            }
            drop(running);
        }
    }

    /// If a handler is polled on this thread, it awaits `close()`.
    pub(crate) fn current_awaits_close(&self) {
        if let Some(id) = CURRENT.get()
            && let Some(awaits_close) = self.lock().running.get_mut(&id)
        {
            *awaits_close = true;
        }
    }

    /// Asks for [`take_drained`](Self::take_drained) to become true once.
    pub(crate) fn drain(&self) {
        self.lock().draining = true;
    }

    /// Whether a drain was asked for and `close()` has nobody left to wait for.
    pub(crate) fn take_drained(&self) -> bool {
        let mut inner = self.lock();
        let drained = inner.draining && inner.running.values().all(|awaits_close| *awaits_close);
        inner.draining &= !drained;
        drained
    }

    /// The next `close()` waits for all handlers that run by then.
    pub(crate) fn close_is_done(&self) {
        self.lock().running.values_mut().for_each(|awaits_close| *awaits_close = false);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a handler when it is dropped.
struct Running<F: FnOnce()> {
    handlers: RunningHandlers,
    id: u64,
    ended: Option<F>,
}

impl<F: FnOnce()> Drop for Running<F> {
    fn drop(&mut self) {
        self.handlers.lock().running.remove(&self.id);
        if let Some(ended) = self.ended.take() {
            ended();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    use futures::FutureExt;
    use futures::channel::oneshot;

    use super::RunningHandlers;

    #[test]
    fn e199_close_waits_until_the_last_handler_has_ended() {
        let handlers = RunningHandlers::default();
        let ends = Arc::new(AtomicUsize::new(0));
        let (go, wait) = oneshot::channel::<()>();
        let ended = Arc::clone(&ends);
        let handler = handlers.run(Box::pin(wait.map(drop)), move || {
            ended.fetch_add(1, Ordering::Relaxed);
        });
        let mut handler = Box::pin(handler);
        assert!(!handlers.take_drained(), "nobody has asked");
        handlers.drain();
        assert!(handler.as_mut().now_or_never().is_none());
        assert!(!handlers.take_drained());
        go.send(()).unwrap();
        assert!(handler.now_or_never().is_some());
        assert_eq!(ends.load(Ordering::Relaxed), 1);
        assert!(handlers.take_drained());
        assert!(!handlers.take_drained(), "once");
    }

    #[test]
    fn a_handler_that_awaits_close_is_not_waited_for_and_by_the_next_close_it_is() {
        let (handlers, other) = (RunningHandlers::default(), RunningHandlers::default());
        let inside = handlers.clone();
        let elsewhere = other.clone();
        let mut handler = Box::pin(handlers.run(
            Box::pin(async move {
                elsewhere.current_awaits_close();
                let mut waited = false;
                poll_fn(|_| {
                    if std::mem::replace(&mut waited, true) {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                })
                .await;
                inside.current_awaits_close();
                std::future::pending().await
            }),
            || {},
        ));
        handlers.drain();
        assert!(handler.as_mut().now_or_never().is_none());
        assert!(!handlers.take_drained(), "it awaits the close() of another client");
        assert!(handler.as_mut().now_or_never().is_none());
        assert!(handlers.take_drained());
        handlers.close_is_done();
        handlers.drain();
        assert!(!handlers.take_drained());
        drop(handler);
        assert!(handlers.take_drained(), "a handler that is dropped has ended");
    }

    #[test]
    fn a_handler_that_panics_has_ended() {
        let handlers = RunningHandlers::default();
        let handler = handlers.run(Box::pin(async { panic!("of the user's") }), || {});
        handlers.drain();
        assert!(handler.now_or_never().is_some());
        assert!(handlers.take_drained());
    }
}

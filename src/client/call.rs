//! The futures of calls. A call takes effect when it is made; its future only waits for the result.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::channel::oneshot;

use super::driver::{CallResult, Driver, PendingCall};
use super::errors::{ConnectError, RequestError};
use metered_realtime_proto::machine::CallId;

/// A call that the machine accepted.
pub(super) struct Call {
    id: CallId,
    answer: oneshot::Receiver<CallResult>,
    /// Used to withdraw the call when it is dropped without a result.
    driver: Option<Arc<dyn Driver>>,
}

impl Call {
    pub(super) fn new((id, answer): PendingCall, driver: &Arc<dyn Driver>) -> Call {
        Call { id, answer, driver: Some(Arc::clone(driver)) }
    }

    /// `Err`: there will be no result, because the driver is gone.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<CallResult, oneshot::Canceled>> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        self.driver = None;
        Poll::Ready(answer)
    }

    fn set_timeout(&self, timeout: Duration) {
        if let Some(driver) = &self.driver {
            let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
            driver.set_timeout(self.id, ms.max(1));
        }
    }

    fn detach(&mut self) {
        self.driver = None;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.withdraw(self.id);
        }
    }
}

/// A call and its result, if that is known already.
enum Stage<E> {
    /// It was refused at once. The error is taken when the future is polled.
    Refused(Option<E>),
    Waiting(Call),
}

impl<E> Stage<E> {
    fn new(call: Result<Call, E>) -> Stage<E> {
        match call {
            Ok(call) => Stage::Waiting(call),
            Err(error) => Stage::Refused(Some(error)),
        }
    }

    fn detach(&mut self) {
        match self {
            Stage::Waiting(call) => call.detach(),
            Stage::Refused(_) => {}
        }
    }
}

/// The future of [`connect`](crate::SignallingClient::connect). Dropping it before it is ready ends the attempt and leaves the
/// client `closed`, with its handlers kept (rule d10).
#[must_use = "dropping this ends the attempt; await it, or `detach` it"]
pub struct Connect {
    stage: Stage<ConnectError>,
}

impl Connect {
    pub(super) fn new(call: Result<Call, ConnectError>) -> Connect {
        Connect { stage: Stage::new(call) }
    }

    /// Lets the attempt go on without waiting for it. Events tell how it ends.
    pub fn detach(mut self) {
        self.stage.detach();
    }
}

impl Future for Connect {
    type Output = Result<(), ConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.stage {
            Stage::Refused(error) => Poll::Ready(Err(error.take().expect(POLLED_AGAIN))),
            Stage::Waiting(call) => Poll::Ready(match ready!(call.poll(cx)) {
                Ok(answer) => answer.map_err(ConnectError::of),
                Err(oneshot::Canceled) => Err(ConnectError::abandoned()),
            }),
        }
    }
}

/// The future of a request. Dropping it before it is ready withdraws the request: if it was not sent yet, it never will be;
/// otherwise its answer is ignored.
#[must_use = "dropping this withdraws the request; await it, or `detach` it"]
pub struct Request {
    stage: Stage<RequestError>,
}

impl Request {
    pub(super) fn new(call: Result<Call, RequestError>) -> Request {
        Request { stage: Stage::new(call) }
    }

    /// Waits this long for the server's answer, counted from now, instead of 15 seconds. After that the request fails with
    /// [`AckTimeout`](RequestError::AckTimeout).
    ///
    /// ```no_run
    /// # async fn example(client: &metered_realtime::SignallingClient) -> Result<(), metered_realtime::errors::RequestError> {
    /// use std::time::Duration;
    ///
    /// client.publish("rooms/lobby", "hello").timeout(Duration::from_secs(3)).await
    /// # }
    /// ```
    pub fn timeout(self, timeout: Duration) -> Request {
        match &self.stage {
            Stage::Waiting(call) => call.set_timeout(timeout),
            Stage::Refused(_) => {}
        }
        self
    }

    /// Lets the request go on without waiting for its answer.
    pub fn detach(mut self) {
        self.stage.detach();
    }
}

impl Future for Request {
    type Output = Result<(), RequestError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.stage {
            Stage::Refused(error) => Poll::Ready(Err(error.take().expect(POLLED_AGAIN))),
            Stage::Waiting(call) => Poll::Ready(match ready!(call.poll(cx)) {
                Ok(answer) => answer.map_err(|error| RequestError::of(call.id, error)),
                Err(oneshot::Canceled) => Err(RequestError::abandoned()),
            }),
        }
    }
}

/// The future of [`close`](crate::SignallingClient::close). Closing goes on if it is dropped.
pub struct Close {
    driver: Arc<dyn Driver>,
    answer: oneshot::Receiver<CallResult>,
    awaited: bool,
}

impl Close {
    pub(super) fn new(driver: Arc<dyn Driver>, answer: oneshot::Receiver<CallResult>) -> Close {
        Close { driver, answer, awaited: false }
    }
}

impl Future for Close {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.awaited, true) {
            self.driver.current_task_awaits_close();
        }
        Pin::new(&mut self.answer).poll(cx).map(|_| ())
    }
}

macro_rules! opaque_debug {
    ($($type:ident)*) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque_debug!(Connect Request Close);

const POLLED_AGAIN: &str = "a future is not polled again after it was ready";

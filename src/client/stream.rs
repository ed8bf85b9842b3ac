//! Streams of events: bounded buffers that drop the oldest event when they are full.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::Stream;
use futures::stream::FusedStream;

use super::send::{MaybeSend, MaybeSync};

/// How many events a stream holds by default.
pub const DEFAULT_EVENT_CAPACITY: usize = 4096;

/// A stream of the events of one type, from [`SignallingClient::events`](crate::SignallingClient::events).
///
/// It buffers from the moment it is made. When the buffer is full, the oldest event is dropped; [`lagged`] counts these.
/// It ends when the client closes or gives up, or when the last handle of the client is dropped; buffered events can still be
/// read then. A lost connection that is followed by a reconnect does not end it. Dropping it unsubscribes.
///
/// [`lagged`]: EventStream::lagged
#[must_use = "a stream buffers events until it is dropped"]
pub struct EventStream<E> {
    buffer: Arc<Buffer<E>>,
}

impl<E> EventStream<E> {
    pub(super) fn new(buffer: Arc<Buffer<E>>) -> EventStream<E> {
        EventStream { buffer }
    }

    /// How many events were dropped since the stream was made, because it was full.
    #[must_use]
    pub fn lagged(&self) -> u64 {
        self.buffer.lock().lagged
    }

    /// Unsubscribes. Buffered events can still be read; then the stream ends.
    pub fn close(&mut self) {
        self.buffer.finish();
    }
}

impl<E> Stream for EventStream<E> {
    type Item = E;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<E>> {
        self.buffer.poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let inner = self.buffer.lock();
        let held = inner.events.len();
        (held, inner.ended.then_some(held))
    }
}

impl<E> FusedStream for EventStream<E> {
    fn is_terminated(&self) -> bool {
        let inner = self.buffer.lock();
        inner.ended && inner.events.is_empty()
    }
}

impl<E> Drop for EventStream<E> {
    fn drop(&mut self) {
        self.buffer.finish();
        self.buffer.lock().events = VecDeque::new();
    }
}

impl<E> fmt::Debug for EventStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.buffer.lock();
        f.debug_struct("EventStream")
            .field("buffered", &inner.events.len())
            .field("lagged", &inner.lagged)
            .field("ended", &inner.ended)
            .finish_non_exhaustive()
    }
}

/// What a stream and the emitter share.
pub(super) struct Buffer<E> {
    /// Zero: no limit.
    capacity: usize,
    inner: Mutex<Inner<E>>,
}

struct Inner<E> {
    events: VecDeque<E>,
    lagged: u64,
    ended: bool,
    reader: Option<Waker>,
}

impl<E> Buffer<E> {
    pub(super) fn new(capacity: usize) -> Buffer<E> {
        let inner = Inner { events: VecDeque::new(), lagged: 0, ended: false, reader: None };
        Buffer { capacity, inner: Mutex::new(inner) }
    }

    /// `false`: the stream has ended.
    pub(super) fn push(&self, event: E) -> bool {
        let mut inner = self.lock();
        if inner.ended {
            return false;
        }
        if self.capacity > 0 && inner.events.len() >= self.capacity {
            inner.events.pop_front();
            inner.lagged += 1;
        }
        inner.events.push_back(event);
        wake(inner);
        true
    }

    /// No more events.
    fn finish(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        wake(inner);
    }

    pub(super) fn is_ended(&self) -> bool {
        self.lock().ended
    }

    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Option<E>> {
        let mut inner = self.lock();
        if let Some(event) = inner.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if inner.ended {
            return Poll::Ready(None);
        }
        match &mut inner.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            reader @ None => *reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner<E>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Buffer`] for a type of event that does not matter.
pub(super) trait AnyBuffer: MaybeSend + MaybeSync {
    /// No more events.
    fn end(&self);
}

impl<E: MaybeSend> AnyBuffer for Buffer<E> {
    fn end(&self) {
        self.finish();
    }
}

/// Wakes the reader with the lock released, because a waker is foreign code.
fn wake<E>(mut inner: MutexGuard<'_, Inner<E>>) {
    let reader = inner.reader.take();
    drop(inner);
    if let Some(reader) = reader {
        reader.wake();
    }
}

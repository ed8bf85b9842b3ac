//! The queue between the hub and one socket: bounded, so that a slow reader costs a bounded amount of memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// How a connection ends, in place of or after what is queued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A close frame after what is queued.
    Close { code: u16, reason: String },
    /// No close frame, and nothing more is sent.
    Drop,
}

/// The queue of one connection.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Notify,
    max_frames: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Message>,
    bytes: usize,
    end: Option<End>,
}

/// The queue is full: the reader is too slow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Outbox {
    pub(super) fn new(max_frames: usize, max_bytes: usize) -> Outbox {
        Outbox { state: Mutex::default(), changed: Notify::new(), max_frames, max_bytes }
    }

    /// Queues a text.
    pub(super) fn push(&self, text: Utf8Bytes) -> Result<(), Full> {
        {
            let mut state = self.lock();
            if state.end.is_some() {
                return Ok(());
            }
            let bytes = state.bytes + text.len();
            if state.queue.len() >= self.max_frames || bytes > self.max_bytes {
                return Err(Full);
            }
            state.bytes = bytes;
            state.queue.push_back(Message::Text(text));
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Ends the connection. The first end counts, but a drop overrides a close.
    pub(super) fn end(&self, end: End) {
        {
            let mut state = self.lock();
            if end == End::Drop {
                state.queue.clear();
            } else if state.end.is_some() {
                return;
            }
            state.end = Some(end);
        }
        self.changed.notify_one();
    }

    /// Throws away what is queued.
    pub(super) fn discard(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.bytes = 0;
    }

    /// Moves everything queued into `batch`; the end, if this was the last batch.
    pub(super) fn take(&self, batch: &mut VecDeque<Message>) -> Option<End> {
        let mut state = self.lock();
        batch.append(&mut state.queue);
        state.bytes = 0;
        if state.queue.capacity() > IDLE_CAPACITY {
            state.queue.shrink_to(IDLE_CAPACITY);
        }
        state.end.clone()
    }

    /// Waits until something was queued or the end was set. One waiter; a change between two waits is not lost.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until what is being written no longer matters: the connection is dropped, or closed as a slow reader.
    pub(super) async fn ended(&self) -> End {
        loop {
            if let Some(end) = self.lock().end.clone() {
                return end;
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an idle connection's queue may keep allocated.
const IDLE_CAPACITY: usize = 16;

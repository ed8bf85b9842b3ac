//! The queue between the hub and one socket: bounded, so that a slow reader costs a bounded amount of memory.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use super::link::Drip;

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A close frame after the queued frames.
    Close { code: u16, reason: String },
    /// Nothing is read or written any more, but TCP stays up.
    HalfOpen,
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
    drip: Option<Drip>,
    end: Option<End>,
}

/// The queue is full: the reader is too slow.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// What `take` found beside messages.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Trickle from now on.
    pub(super) drip: Option<Drip>,
    /// This was the last batch.
    pub(super) end: Option<End>,
}

impl Outbox {
    pub(super) fn new(max_frames: usize, max_bytes: usize) -> Outbox {
        Outbox { state: Mutex::default(), changed: Notify::new(), max_frames, max_bytes }
    }

    /// Queues a message. A single one of any size always fits.
    pub(super) fn push(&self, message: Message) -> Result<(), Full> {
        {
            let mut state = self.lock();
            if state.end.is_some() {
                return Ok(());
            }
            let bytes = state.bytes + message.len();
            let full = state.queue.len() >= self.max_frames || bytes > self.max_bytes;
            if full && !state.queue.is_empty() {
                return Err(Full);
            }
            state.bytes = bytes;
            state.queue.push_back(message);
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Lets the bytes trickle.
    pub(super) fn drip(&self, drip: Drip) {
        self.lock().drip = Some(drip);
        self.changed.notify_one();
    }

    /// Ends the connection. A close may still become a drop, and nothing else changes an end.
    pub(super) fn end(&self, end: End) {
        {
            let mut state = self.lock();
            let end = match (&state.end, end) {
                (None, end) => end,
                // A half-open connection answers nothing, not even a close.
                (Some(_), End::Drop) | (Some(End::HalfOpen), _) => End::Drop,
                (Some(_), End::Close { .. } | End::HalfOpen) => return,
            };
            if end != (End::Drop) {
                state.end = Some(end);
            } else {
                *state = State { end: Some(end), ..State::default() };
            }
        }
        self.changed.notify_one();
    }

    /// Throws away what is queued.
    pub(super) fn discard(&self) {
        let mut state = self.lock();
        state.queue.clear();
        state.bytes = 0;
    }

    /// Moves every queued message into `batch`.
    pub(super) fn take(&self, batch: &mut VecDeque<Message>) -> Taken {
        let mut state = self.lock();
        batch.append(&mut state.queue);
        state.bytes = 0;
        if state.queue.capacity() > IDLE_CAPACITY {
            state.queue.shrink_to(IDLE_CAPACITY);
        }
        Taken { drip: state.drip.take(), end: state.end.clone() }
    }

    /// Waits until something was queued or the end was set. One waiter; a change between two waits is not lost.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until the end is set. Then what is being written no longer matters.
    pub(super) async fn ended(&self) {
        while self.lock().end.is_none() {
            self.changed.notified().await;
        }
    }

    /// Waits until the end is a drop.
    pub(super) async fn dropped(&self) {
        while self.lock().end != Some(End::Drop) {
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The capacity that an idle connection's queue may keep.
const IDLE_CAPACITY: usize = 16;

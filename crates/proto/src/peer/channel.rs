//! Sending over a data channel without filling its buffer: messages wait in order until there is room.
//!
//! It belongs to one `RTCDataChannel` and knows nothing of rooms. The driver tells it the channel's `bufferedAmount` with
//! every call, and calls [`wake`](SendQueue::wake) at `bufferedamountlow` and at its alarm: the event alone may never come.

use std::collections::VecDeque;

use crate::machine::Instant;

/// The options of a data channel.
#[derive(Clone, Copy, Debug)]
pub struct ChannelOptions {
    /// The most bytes that may wait in the channel's own buffer.
    pub max_buffered: u64,
    /// The most messages that may wait for room in it.
    pub max_queued: usize,
    /// Messages that are sent before the channel is open wait for it, and are not refused.
    pub wait_for_open: bool,
}

impl Default for ChannelOptions {
    fn default() -> ChannelOptions {
        ChannelOptions { max_buffered: 1024 * 1024, max_queued: 256, wait_for_open: false }
    }
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelError {
    /// The channel is not open yet.
    NotOpen,
    /// The channel is closed.
    Closed,
    /// Too many messages wait.
    Overflow {
        /// How many messages wait.
        queued: usize,
        /// How many may wait.
        cap: usize,
    },
}

/// What the driver does about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelOutput<M> {
    /// Hand it to the channel; then its call is answered, with the channel's error if there is one.
    Write(MessageId, M),
    /// Its call fails.
    Refuse(MessageId, ChannelError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Open,
    Closed,
}

/// The messages of one channel that wait. `M` is a message.
#[derive(Debug)]
pub struct SendQueue<M> {
    options: ChannelOptions,
    state: State,
    waiting: VecDeque<(MessageId, M, u64)>,
    outputs: VecDeque<ChannelOutput<M>>,
    ids: u32,
    buffered: u64,
    /// When to look at the buffer again.
    look: Option<Instant>,
}

/// The buffer is looked at this often while messages wait, in milliseconds.
const LOOK_MS: u64 = 100;

impl<M> SendQueue<M> {
    /// A queue for a channel, which may be open already.
    #[must_use]
    pub fn new(options: ChannelOptions, open: bool) -> SendQueue<M> {
        SendQueue {
            options,
            state: if open { State::Open } else { State::Connecting },
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
            ids: 0,
            buffered: 0,
            look: None,
        }
    }

    /// Sends a message of this many bytes. `buffered`: the channel's `bufferedAmount`.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is sent then.
    pub fn send(
        &mut self,
        message: M,
        size: u64,
        buffered: u64,
        now: Instant,
    ) -> Result<MessageId, ChannelError> {
        match self.state {
            State::Closed => return Err(ChannelError::Closed),
            State::Connecting if !self.options.wait_for_open => return Err(ChannelError::NotOpen),
            State::Connecting | State::Open => {}
        }
        let (queued, cap) = (self.waiting.len(), self.options.max_queued);
        if queued >= cap {
            return Err(ChannelError::Overflow { queued, cap });
        }
        self.ids = self.ids.wrapping_add(1);
        let id = MessageId(self.ids);
        self.waiting.push_back((id, message, size));
        self.wake(buffered, now);
        Ok(id)
    }

    /// The channel is open.
    pub fn opened(&mut self, buffered: u64, now: Instant) {
        if self.state == State::Connecting {
            self.state = State::Open;
            self.wake(buffered, now);
        }
    }

    /// The channel is closed, by whichever side.
    pub fn close(&mut self) {
        self.state = State::Closed;
        self.look = None;
        for (id, _, _) in self.waiting.drain(..) {
            self.outputs.push_back(ChannelOutput::Refuse(id, ChannelError::Closed));
        }
    }

    /// There may be room in the buffer.
    pub fn wake(&mut self, buffered: u64, now: Instant) {
        self.buffered = buffered;
        self.look = None;
        while self.state == State::Open
            && let Some((_, _, size)) = self.waiting.front()
        {
            // A message that is larger than the buffer may ever be waits until it is empty.
            let fits = self.buffered.saturating_add(*size) <= self.options.max_buffered;
            if !fits && self.buffered > 0 {
                self.look = Some(now.after(LOOK_MS));
                return;
            }
            self.buffered = self.buffered.saturating_add(*size);
            if let Some((id, message, _)) = self.waiting.pop_front() {
                self.outputs.push_back(ChannelOutput::Write(id, message));
            }
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<ChannelOutput<M>> {
        self.outputs.pop_front()
    }

    /// When [`wake`](Self::wake) is to be called, unless the platform says earlier that there is room.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.look
    }
}

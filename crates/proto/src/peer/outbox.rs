//! Signals on their way out, within the rate that the server allows: 80 frames a second, 150 at once.
//!
//! Descriptions go first, candidates last. What the application sends counts and is never held up.

use std::collections::VecDeque;

use crate::machine::Instant;

use super::io::RemoteId;
use super::signal::{SdpType, Signal};

/// Frames a second.
pub const FRAMES_A_SECOND: u64 = 80;

/// Frames at once, after a pause.
pub const BURST: u64 = 150;

/// The budget counts in thousandths of a frame, so that it grows by a whole number each millisecond.
const FRAME: u64 = 1_000;

/// A signal and whom it is for.
#[derive(Debug)]
struct Entry<P> {
    remote: RemoteId,
    to: String,
    signal: Signal<P>,
}

impl<P> Entry<P> {
    /// What goes first when there is no room for all.
    fn rank(&self) -> u8 {
        match self.signal {
            Signal::Description(_) => 0,
            Signal::Metadata(_) => 1,
            Signal::Candidate(_) => 2,
        }
    }
}

#[derive(Debug)]
pub(super) struct Outbox<P> {
    waiting: VecDeque<Entry<P>>,
    left: u64,
    counted: Instant,
}

impl<P> Outbox<P> {
    pub(super) fn new(now: Instant) -> Outbox<P> {
        Outbox { waiting: VecDeque::new(), left: BURST * FRAME, counted: now }
    }

    pub(super) fn push(&mut self, remote: RemoteId, to: &str, signal: Signal<P>) {
        let entry = Entry { remote, to: to.to_owned(), signal };
        if let Signal::Description(new) = &entry.signal {
            // An older offer that still waits is out of date. An answer is so only if there is another.
            let is_old = |other: &Entry<P>| match &other.signal {
                Signal::Description(old) => {
                    old.kind == SdpType::Offer || new.kind == SdpType::Answer
                }
                Signal::Candidate(_) | Signal::Metadata(_) => false,
            };
            self.waiting.retain(|other| other.remote != remote || !is_old(other));
        }
        self.waiting.push_back(entry);
    }

    /// Drops what waits for this remote.
    pub(super) fn forget(&mut self, remote: RemoteId) {
        self.waiting.retain(|entry| entry.remote != remote);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// A frame of the application's.
    pub(super) fn spend(&mut self, now: Instant) {
        self.refill(now);
        self.left = self.left.saturating_sub(FRAME);
    }

    /// The next signal that may go now: in their order while there is room for all.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(String, Signal<P>)> {
        self.refill(now);
        if self.left < FRAME {
            return None;
        }
        let at = self.next()?;
        let entry = self.waiting.remove(at)?;
        self.left -= FRAME;
        Some((entry.to, entry.signal))
    }

    /// Which signal is next. Nothing overtakes what was said of a member's own tracks before.
    fn next(&self) -> Option<usize> {
        let scarce = self.left / FRAME < self.waiting.len() as u64;
        if !scarce {
            return (!self.waiting.is_empty()).then_some(0);
        }
        let ranks = self.waiting.iter().enumerate().map(|(at, entry)| (entry.rank(), at));
        let (rank, at) = ranks.min()?;
        let remote = self.waiting[at].remote;
        let before = |entry: &Entry<P>| rank == 0 && entry.remote == remote && entry.rank() == 1;
        Some(self.waiting.iter().take(at).position(before).unwrap_or(at))
    }

    /// When the next signal may go; `None`: none waits.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return None;
        }
        let missing = FRAME.saturating_sub(self.left);
        Some(self.counted.after(missing.div_ceil(FRAMES_A_SECOND)))
    }

    fn refill(&mut self, now: Instant) {
        let gained = now.since(self.counted).saturating_mul(FRAMES_A_SECOND);
        self.left = self.left.saturating_add(gained).min(BURST * FRAME);
        self.counted = self.counted.max(now);
    }
}

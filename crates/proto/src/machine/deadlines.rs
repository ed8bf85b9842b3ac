//! Deadlines with what they are for, soonest first: of requests, and of replays that are tried again.

use std::collections::VecDeque;

use super::time::Instant;

/// A sorted queue: nearly every new deadline is the latest of all, and nearly always the soonest is cancelled or due. Both ends
/// of a `VecDeque` are cheap.
#[derive(Debug, Default)]
pub(super) struct Deadlines(VecDeque<(Instant, u32)>);

impl Deadlines {
    /// The soonest.
    pub(super) fn next(&self) -> Instant {
        self.0.front().map_or(Instant::NEVER, |(at, _)| *at)
    }

    /// What the soonest is for, if it is due. It stays until it is cancelled.
    pub(super) fn due(&self, now: Instant) -> Option<u32> {
        self.0.front().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }

    /// Adds a deadline, after those at the same time.
    pub(super) fn add(&mut self, at: Instant, id: u32) {
        let place = self.0.partition_point(|(other, _)| *other <= at);
        self.0.insert(place, (at, id));
    }

    /// Removes the soonest deadline with that id, if there is one.
    pub(super) fn cancel(&mut self, id: u32) {
        if let Some(place) = self.0.iter().position(|(_, other)| *other == id) {
            self.0.remove(place);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

//! What is due when, in that order: deadlines of requests, replays to be tried again.

use super::line::Line;
use super::time::Instant;

#[derive(Debug)]
pub(super) struct Timetable(Line<(Instant, u32)>);

impl Timetable {
    pub(super) fn new() -> Timetable {
        Timetable(Line::new())
    }

    /// When the first is due.
    pub(super) fn next_due(&self) -> Instant {
        self.0.as_slice().first().map_or(Instant::NEVER, |(at, _)| *at)
    }

    /// The first, if it is due. It stays until it is cancelled.
    pub(super) fn due(&self, now: Instant) -> Option<u32> {
        self.0.as_slice().first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }

    /// Adds an entry, after those that are due at the same time.
    pub(super) fn add(&mut self, at: Instant, id: u32) {
        // Nearly always the latest of all, so this is a push.
        let before = self.0.as_slice().iter().rposition(|(other, _)| *other <= at);
        self.0.insert(before.map_or(0, |before| before + 1), (at, id));
    }

    /// Removes the first entry with that id, if there is one.
    pub(super) fn cancel(&mut self, id: u32) {
        // Nearly always the first of all.
        if let Some(at) = self.0.as_slice().iter().position(|(_, other)| *other == id) {
            self.0.remove(at);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

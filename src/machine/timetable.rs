//! What is due when, in that order: deadlines of requests, replays to be tried again.

use super::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Timetable {
    /// Ascending.
    entries: Vec<(Instant, u32)>,
    /// Those before it are done.
    first: usize,
}

impl Timetable {
    pub(super) fn len(&self) -> usize {
        self.waiting().len()
    }

    /// What is due first.
    pub(super) fn first(&self) -> Option<(Instant, u32)> {
        self.waiting().first().copied()
    }

    /// Adds an entry, after those that are due at the same time.
    pub(super) fn add(&mut self, at: Instant, id: u32) {
        // Nearly always the latest of all, so this is a push.
        let before = self.waiting().iter().rposition(|(other, _)| *other <= at);
        self.entries.insert(self.first + before.map_or(0, |before| before + 1), (at, id));
    }

    /// Takes an entry out. One of the latest is found at once.
    pub(super) fn remove(&mut self, id: u32) {
        if let Some(at) = self.waiting().iter().rposition(|(_, other)| *other == id) {
            self.entries.remove(self.first + at);
        }
    }

    pub(super) fn remove_first(&mut self) {
        self.first += 1;
        if 2 * self.first > self.entries.len() {
            self.drop_done();
        }
    }

    /// Keeps only what is still wanted.
    pub(super) fn retain(&mut self, wanted: &dyn Fn(u32) -> bool) {
        self.drop_done();
        self.entries.retain(|(_, id)| wanted(*id));
    }

    pub(super) fn clear(&mut self) {
        *self = Timetable::default();
    }

    fn waiting(&self) -> &[(Instant, u32)] {
        &self.entries[self.first..]
    }

    fn drop_done(&mut self) {
        self.entries.copy_within(self.first.., 0);
        self.entries.truncate(self.entries.len() - self.first);
        self.first = 0;
    }
}

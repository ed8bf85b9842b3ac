//! A vector from whose front it is cheap to take: where requests and deadlines wait, which end in about the order in which they
//! began. A `VecDeque` or an ordered map costs kilobytes of wasm more.

#[derive(Debug)]
pub(super) struct Line<T> {
    entries: Vec<T>,
    /// Those before it are gone.
    first: usize,
}

impl<T: Copy> Line<T> {
    pub(super) fn new() -> Line<T> {
        Line { entries: Vec::new(), first: 0 }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.entries[self.first..]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.entries[self.first..]
    }

    pub(super) fn insert(&mut self, at: usize, entry: T) {
        self.entries.insert(self.first + at, entry);
    }

    pub(super) fn remove(&mut self, at: usize) {
        // What is before it moves up, which is little.
        self.entries.copy_within(self.first..self.first + at, self.first + 1);
        self.first += 1;
        if 2 * self.first > self.entries.len() {
            self.entries.copy_within(self.first.., 0);
            self.entries.truncate(self.entries.len() - self.first);
            self.first = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.first = 0;
    }
}

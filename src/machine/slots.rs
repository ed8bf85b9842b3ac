//! A map whose keys only ever grow: what requests and subscriptions live in.
//!
//! Keys come in ascending order, so it is a queue with gaps: pushing is cheap, looking up is a binary search, and gaps are
//! closed when they outnumber what lives. An ordered map of the standard library costs several kilobytes of wasm more.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Slots<T> {
    entries: VecDeque<(u32, Option<T>)>,
    live: usize,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Slots<T> {
        Slots { entries: VecDeque::new(), live: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// Adds an entry; its key must be above all others.
    pub(super) fn push(&mut self, key: u32, value: T) {
        debug_assert!(self.entries.back().is_none_or(|(last, _)| *last < key));
        self.entries.push_back((key, Some(value)));
        self.live += 1;
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        let at = self.position(key)?;
        self.entries[at].1.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        let at = self.position(key)?;
        self.entries[at].1.as_mut()
    }

    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let at = self.position(key)?;
        let value = self.entries[at].1.take()?;
        self.live -= 1;
        self.close_gaps();
        Some(value)
    }

    /// The first entry whose key is at least `key`.
    pub(super) fn first_from(&self, key: u32) -> Option<(u32, &T)> {
        let at = self.entries.partition_point(|(k, _)| *k < key);
        self.entries.range(at..).find_map(|(k, value)| Some((*k, value.as_ref()?)))
    }

    /// Empties the map, in the order of the keys.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u32, T)> + use<T> {
        self.live = 0;
        std::mem::take(&mut self.entries).into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    fn position(&self, key: u32) -> Option<usize> {
        // Most look-ups are for the oldest entry: answers come in the order of the requests.
        if self.entries.front().is_some_and(|(first, _)| *first == key) {
            return Some(0);
        }
        self.entries.binary_search_by_key(&key, |(k, _)| *k).ok()
    }

    fn close_gaps(&mut self) {
        while self.entries.front().is_some_and(|(_, value)| value.is_none()) {
            self.entries.pop_front();
        }
        if self.entries.len() > 2 * self.live + GAPS {
            self.entries.retain(|(_, value)| value.is_some());
        }
    }
}

/// So many gaps are always fine.
const GAPS: usize = 32;

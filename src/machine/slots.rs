//! A map whose keys only ever grow: what requests and subscriptions live in.
//!
//! Keys come in ascending order, so it is a queue with gaps: pushing is cheap, looking up is a binary search, and gaps are
//! closed when they outnumber what lives. An ordered map of the standard library costs several kilobytes of wasm more.

#[derive(Debug)]
pub(super) struct Slots<T> {
    keys: Vec<u32>,
    /// One for each key.
    values: Vec<Option<T>>,
    /// There are only gaps before it.
    first: usize,
    live: usize,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Slots<T> {
        Slots { keys: Vec::new(), values: Vec::new(), first: 0, live: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    /// Adds an entry; its key must be above all others.
    pub(super) fn push(&mut self, key: u32, value: T) {
        debug_assert!(self.keys.last().is_none_or(|last| *last < key));
        self.keys.push(key);
        self.values.push(Some(value));
        self.live += 1;
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        let at = self.position(key)?;
        self.values[at].as_ref()
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        let at = self.position(key)?;
        self.values[at].as_mut()
    }

    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let at = self.position(key)?;
        let value = self.values[at].take()?;
        self.live -= 1;
        self.close_gaps();
        Some(value)
    }

    /// The first entry whose key is at least `key`.
    pub(super) fn first_from(&self, key: u32) -> Option<(u32, &T)> {
        let from = lower_bound(&self.keys, self.first, key);
        let keys = self.keys[from..].iter();
        keys.zip(&self.values[from..]).find_map(|(key, value)| Some((*key, value.as_ref()?)))
    }

    fn position(&self, key: u32) -> Option<usize> {
        let at = lower_bound(&self.keys, self.first, key);
        (self.keys.get(at) == Some(&key)).then_some(at)
    }

    fn close_gaps(&mut self) {
        while self.values.get(self.first).is_some_and(Option::is_none) {
            self.first += 1;
        }
        if self.keys.len() > 2 * self.live + GAPS {
            let mut kept = 0;
            for at in self.first..self.keys.len() {
                if self.values[at].is_some() {
                    self.keys.swap(kept, at);
                    self.values.swap(kept, at);
                    kept += 1;
                }
            }
            self.keys.truncate(kept);
            self.values.truncate(kept);
            self.first = 0;
        }
    }
}

/// Where the first key of at least that much is, or would be.
fn lower_bound(keys: &[u32], first: usize, key: u32) -> usize {
    // Most look-ups are for the oldest entry: answers come in the order of the requests.
    if keys.get(first).is_none_or(|oldest| *oldest >= key) {
        return first;
    }
    keys.partition_point(|other| *other < key)
}

/// So many gaps are always fine: with one request at a time there is never room for more than four, which is where a vector begins.
const GAPS: usize = 3;

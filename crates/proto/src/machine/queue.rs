//! First in, first out. A tenth of the code of a `VecDeque`.

#[derive(Debug)]
pub(super) struct Queue<T> {
    /// What came last is last.
    incoming: Vec<T>,
    /// What came before all of these; what came first is last.
    outgoing: Vec<T>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Queue<T> {
        Queue { incoming: Vec::new(), outgoing: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.incoming.is_empty() && self.outgoing.is_empty()
    }

    pub(super) fn push(&mut self, item: T) {
        self.incoming.push(item);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        if self.outgoing.is_empty() {
            core::mem::swap(&mut self.incoming, &mut self.outgoing);
            self.outgoing.reverse();
        }
        let item = self.outgoing.pop();
        if self.outgoing.is_empty() {
            // A client at rest keeps no room for what it may have to do.
            self.outgoing = Vec::new();
        }
        item
    }
}

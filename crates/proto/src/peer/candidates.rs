//! Candidates of a member. They wait until a description with their ICE credentials is applied; those of older ones go.

use std::collections::VecDeque;

use super::signal::Candidate;

/// The most candidates that are used for one description.
pub(super) const MAX_CANDIDATES: usize = 200;

/// The most bytes of candidates that wait for their description.
const MAX_BYTES: usize = 64 * 1024;

/// No honest candidate is longer.
const MAX_LENGTH: usize = 1_000;

/// The most older credentials that are remembered.
const MAX_PAST: usize = 32;

#[derive(Debug)]
pub(super) struct Candidates<P> {
    waiting: VecDeque<Candidate<P>>,
    /// The credentials of the description that is applied; `None`: there is none.
    current: Option<Vec<String>>,
    past: VecDeque<String>,
    /// How many were used since.
    used: usize,
}

/// What becomes of a candidate.
#[derive(Debug, PartialEq)]
pub(super) enum Next<P> {
    /// Add it.
    Add(Option<P>),
    /// There are too many; this is the first of those.
    TooMany,
}

impl<P> Default for Candidates<P> {
    fn default() -> Candidates<P> {
        Candidates { waiting: VecDeque::new(), current: None, past: VecDeque::new(), used: 0 }
    }
}

impl<P> Candidates<P> {
    /// A candidate arrives.
    pub(super) fn push(&mut self, candidate: Candidate<P>) {
        let is_past = |ufrag: &String| self.past.contains(ufrag);
        if candidate.size > MAX_LENGTH || candidate.ufrag.as_ref().is_some_and(is_past) {
            return;
        }
        self.waiting.push_back(candidate);
        while self.waiting.len() > MAX_CANDIDATES || self.bytes() > MAX_BYTES {
            self.waiting.pop_front();
        }
    }

    fn bytes(&self) -> usize {
        self.waiting.iter().map(|candidate| candidate.size).sum()
    }

    /// A description is applied.
    pub(super) fn described(&mut self, ufrags: &[String]) {
        self.leave(ufrags);
        self.current = Some(ufrags.to_vec());
        self.used = 0;
    }

    /// The connection is gone.
    pub(super) fn reset(&mut self) {
        self.leave(&[]);
    }

    fn leave(&mut self, stay: &[String]) {
        let old = self.current.take().unwrap_or_default();
        self.past.retain(|ufrag| !stay.contains(ufrag));
        self.past.extend(old.into_iter().filter(|ufrag| !stay.contains(ufrag)));
        let surplus = self.past.len().saturating_sub(MAX_PAST);
        self.past.drain(..surplus);
        let past = &self.past;
        self.waiting
            .retain(|candidate| !candidate.ufrag.as_ref().is_some_and(|it| past.contains(it)));
    }

    /// The next candidate that can be used now.
    pub(super) fn pop(&mut self) -> Option<Next<P>> {
        let current = self.current.as_ref()?;
        loop {
            let fits = |candidate: &Candidate<P>| {
                candidate.ufrag.as_ref().is_none_or(|ufrag| current.contains(ufrag))
            };
            let at = self.waiting.iter().position(fits)?;
            let candidate = self.waiting.remove(at)?;
            self.used += 1;
            if self.used <= MAX_CANDIDATES {
                return Some(Next::Add(candidate.init));
            }
            if self.used == MAX_CANDIDATES + 1 {
                return Some(Next::TooMany);
            }
        }
    }
}

//! Requests in flight: who waits for an answer, and until when (rules 51 to 76).

use std::collections::VecDeque;

use super::deadlines::Deadlines;
use super::error::Outcome;
use super::io::CallId;
use super::subscriptions::Attempt;
use super::time::Instant;

/// One request that waits for its `ack` or `error`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) call: CallId,
    pub(super) purpose: Purpose,
    pub(super) timeout_ms: u64,
    /// Whether its frame was handed to the socket.
    sent: bool,
}

impl Request {
    /// What is known of its effect if no answer comes.
    pub(super) fn outcome(&self) -> Outcome {
        if self.sent { Outcome::Unknown } else { Outcome::NotSent }
    }
}

/// What the answer to a request leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `publish`, `send`, `unsubscribe`: the caller gets the answer.
    Plain,
    /// `subscribe`: the caller gets the answer, and the subscription is confirmed or rolled back.
    Subscribe(Attempt),
    /// A subscribe of the client's own after a reconnect. A failure is tried again.
    Replay(Attempt),
    /// A subscribe of the client's own on a connection that is about to take over.
    Join(Attempt),
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Sorted by call, as call numbers go up. Answers come in about that order, so nearly always the first entry is removed.
    pending: VecDeque<Request>,
    /// One for each pending request.
    deadlines: Deadlines,
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn add(&mut self, call: CallId, purpose: Purpose, timeout_ms: u64, now: Instant) {
        self.pending.push_back(Request { call, purpose, timeout_ms, sent: false });
        self.deadlines.add(now.after(timeout_ms), call.0);
    }

    /// Gives a request this long for its answer, from now on.
    pub(super) fn set_timeout(&mut self, call: CallId, timeout_ms: u64, now: Instant) {
        if let Some(request) = self.get_mut(call) {
            request.timeout_ms = timeout_ms;
            self.deadlines.cancel(call.0);
            self.deadlines.add(now.after(timeout_ms), call.0);
        }
    }

    /// Notes that the request's frame was handed to the socket. `false`: the request is not pending any more.
    pub(super) fn mark_sent(&mut self, call: CallId) -> bool {
        let request = self.get_mut(call);
        request.map(|request| request.sent = true).is_some()
    }

    pub(super) fn is_plain(&self, call: CallId) -> bool {
        let request = self.position(call).and_then(|at| self.pending.get(at));
        request.is_some_and(|request| request.purpose == Purpose::Plain)
    }

    pub(super) fn take(&mut self, call: CallId) -> Option<Request> {
        let request = self.pending.remove(self.position(call)?)?;
        self.deadlines.cancel(call.0);
        Some(request)
    }

    /// Takes a request that got no answer in time.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<Request> {
        let id = self.deadlines.due(now)?;
        self.take(CallId(id))
    }

    /// Whether no request up to this one is pending.
    pub(super) fn none_up_to(&self, last: CallId) -> bool {
        self.pending.front().is_none_or(|first| first.call > last)
    }

    /// Takes the oldest request, if it is not newer than this one.
    pub(super) fn take_oldest(&mut self, last: CallId) -> Option<Request> {
        let oldest = self.pending.front()?.call;
        if oldest <= last { self.take(oldest) } else { None }
    }

    /// Takes a pending subscribe of a connection that was about to take over.
    pub(super) fn take_join(&mut self) -> Option<Attempt> {
        let join = |request: &Request| match request.purpose {
            Purpose::Join(attempt) => Some((request.call, attempt)),
            Purpose::Plain | Purpose::Subscribe(_) | Purpose::Replay(_) => None,
        };
        let (call, attempt) = self.pending.iter().find_map(join)?;
        self.take(call);
        Some(attempt)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadlines.next()
    }

    fn get_mut(&mut self, call: CallId) -> Option<&mut Request> {
        let at = self.position(call)?;
        self.pending.get_mut(at)
    }

    fn position(&self, call: CallId) -> Option<usize> {
        self.pending.binary_search_by_key(&call, |request| request.call).ok()
    }
}

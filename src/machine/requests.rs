//! Requests in flight: who waits for an answer, and until when (spec B.4).

use super::error::Outcome;
use super::io::CallId;
use super::slots::Slots;
use super::subscriptions::Attempt;
use super::time::Instant;
use super::timetable::Timetable;

/// One request that waits for its `ack` or `error`.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) purpose: Purpose,
    pub(super) timeout_ms: u64,
    /// Whether its frame was handed to the socket.
    sent: bool,
}

impl Request {
    /// What is known of its effect if no answer comes any more.
    pub(super) fn outcome(&self) -> Outcome {
        if self.sent { Outcome::Unknown } else { Outcome::NotSent }
    }
}

/// What follows from the answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `publish`, `send`, `unsubscribe`: the caller is told.
    Plain,
    /// `subscribe`: the caller is told, and the subscription confirmed or rolled back.
    Subscribe(Attempt),
    /// A subscribe of the client's own after a reconnect: nobody is told, a failure is tried again.
    Replay(Attempt),
    /// The same on a connection that is about to take over.
    Join(Attempt),
}

#[derive(Debug)]
pub(super) struct Requests {
    pending: Slots<Request>,
    /// Entries of answered requests are dropped when they come up.
    deadlines: Timetable,
}

impl Requests {
    pub(super) fn new() -> Requests {
        Requests { pending: Slots::new(), deadlines: Timetable::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn add(&mut self, call: CallId, purpose: Purpose, timeout_ms: u64, now: Instant) {
        self.pending.push(call.0, Request { purpose, timeout_ms, sent: false });
        self.deadlines.add(now.after(timeout_ms), call.0);
    }

    /// Waits this long for an answer from now on.
    pub(super) fn set_timeout(&mut self, call: CallId, timeout_ms: u64, now: Instant) {
        if let Some(request) = self.pending.get_mut(call.0) {
            request.timeout_ms = timeout_ms;
            self.deadlines.remove(call.0);
            self.deadlines.add(now.after(timeout_ms), call.0);
            self.drop_stale_deadlines();
        }
    }

    /// Notes that the request's frame was handed to the socket. `false` if nobody waits for it any more.
    pub(super) fn mark_sent(&mut self, call: CallId) -> bool {
        match self.pending.get_mut(call.0) {
            Some(request) => {
                request.sent = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn is_plain(&self, call: CallId) -> bool {
        self.pending.get(call.0).is_some_and(|request| request.purpose == Purpose::Plain)
    }

    pub(super) fn take(&mut self, call: CallId) -> Option<Request> {
        let request = self.pending.remove(call.0)?;
        self.drop_stale_deadlines();
        Some(request)
    }

    /// A request whose time is up.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<(CallId, Request)> {
        loop {
            let (deadline, id) = self.deadlines.first()?;
            if deadline > now {
                return None;
            }
            self.deadlines.remove_first();
            // What follows may be the deadline of a request that is answered.
            if let Some(request) = self.take(CallId(id)) {
                return Some((CallId(id), request));
            }
        }
    }

    /// All of them, oldest first.
    pub(super) fn take_all(&mut self) -> Vec<(CallId, Request)> {
        self.take_up_to(CallId(u32::MAX))
    }

    /// Whether none up to this one waits.
    pub(super) fn none_up_to(&self, last: CallId) -> bool {
        self.pending.first_from(0).is_none_or(|(first, _)| first > last.0)
    }

    /// All up to this one, oldest first.
    pub(super) fn take_up_to(&mut self, last: CallId) -> Vec<(CallId, Request)> {
        let mut taken = Vec::new();
        while let Some((id, _)) = self.pending.first_from(0).filter(|(id, _)| *id <= last.0) {
            if let Some(request) = self.take(CallId(id)) {
                taken.push((CallId(id), request));
            }
        }
        taken
    }

    /// Forgets the subscribes of a connection that does not take over, or has done so: gives those that wait for an answer.
    pub(super) fn take_joins(&mut self) -> Vec<Attempt> {
        let mut joins = Vec::new();
        let mut from = 0;
        while let Some((id, request)) = self.pending.first_from(from) {
            from = id + 1;
            if let Purpose::Join(attempt) = request.purpose {
                joins.push(attempt);
                self.take(CallId(id));
            }
        }
        joins
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| deadline)
    }

    fn drop_stale_deadlines(&mut self) {
        while self.deadlines.first().is_some_and(|(_, id)| self.pending.get(id).is_none()) {
            self.deadlines.remove_first();
        }
        if self.deadlines.len() > 2 * self.pending.len() + STALE {
            let pending = &self.pending;
            self.deadlines.retain(&|id| pending.get(id).is_some());
        }
    }
}

/// So many deadlines of answered requests are always fine.
const STALE: usize = 32;

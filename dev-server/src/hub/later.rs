//! What is to happen at a later time: one ordered list, one alarm.

use std::collections::BTreeMap;
use std::time::Duration;

use metered_realtime_proto::wire::CloseCode;

use super::Hub;
use super::io::{ConnId, FrameKind, Time};

/// Something that is due later.
#[derive(Debug)]
pub(super) enum Later {
    /// The token expires.
    Expire(ConnId),
    Welcome(ConnId),
    Frame {
        id: ConnId,
        kind: FrameKind,
        text: String,
    },
    Request {
        id: ConnId,
        text: String,
    },
    Close {
        id: ConnId,
        code: u16,
        reason: &'static str,
    },
    Unmute(ConnId),
    /// A node's sign of life is due.
    Beat,
    /// The time for answers to a question is over.
    Answers(u64),
}

/// When something is due, and a number that keeps those of one moment in order.
pub(super) type Due = (Time, u64);

/// What is due, by time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeMap<Due, Later>,
    number: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: Time, later: Later) -> Due {
        self.number += 1;
        self.entries.insert((at, self.number), later);
        (at, self.number)
    }

    pub(super) fn cancel(&mut self, due: Due) {
        self.entries.remove(&due);
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first entry if it is due. What is added from now on is of a later turn.
    fn take_due(&mut self, now: Time, up_to: u64) -> Option<Later> {
        let first = self.entries.first_entry()?;
        let (at, number) = *first.key();
        (at <= now && number <= up_to).then(|| first.remove())
    }
}

impl Hub {
    /// The time has come that [`Hub::poll_timeout`] named.
    pub fn wake(&mut self, now: Time) {
        self.begin(now);
        let up_to = self.agenda.number;
        while let Some(later) = self.agenda.take_due(self.now, up_to) {
            match later {
                Later::Expire(id) => {
                    let code = CloseCode::TokenExpired.as_u16();
                    self.end_with_close(id, code, "the token expires");
                }
                Later::Welcome(id) => self.welcome(id),
                Later::Frame { id, kind, text } => {
                    if self.connections.get(&id).is_some_and(|c| !c.is_mute()) {
                        self.send_unharmed(kind, vec![id], text);
                    }
                }
                Later::Request { id, text } => self.request(id, &text, false),
                Later::Close { id, code, reason } => self.end_with_close(id, code, reason),
                Later::Unmute(id) => self.unmute(id),
                Later::Beat => self.beat(),
                Later::Answers(ask) => self.answers_are_due(ask),
            }
        }
        self.settle();
    }

    /// When [`Hub::wake`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.agenda.next()
    }

    pub(super) fn later(&mut self, delay: Duration, later: Later) {
        self.agenda.add(self.now.plus(delay), later);
    }
}

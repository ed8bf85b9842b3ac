//! What the user is subscribed to, and bringing it back after a reconnect (spec B.9, B.10).
//!
//! Each entry knows what is wanted and what to fall back to, so that a failed change can be rolled back.

use super::io::CallId;
use super::slots::Slots;
use super::time::Instant;
use super::timetable::Timetable;
use crate::wire::OutgoingFrame;

/// One try to subscribe: which entry, and which of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    id: u32,
    version: u32,
    include_sender_metadata: bool,
}

/// The subscriptions that a new connection brings back: those that were there when it was welcomed. What the handlers of
/// its events subscribe to comes on top by itself.
#[derive(Debug)]
pub(super) struct Replays {
    next: u32,
    last: u32,
}

#[derive(Debug)]
struct Subscription {
    channel: String,
    /// `include_sender_metadata` as last asked for.
    wanted: bool,
    /// What a failed change falls back to: version and value as last acknowledged, or, when no answer ever came, as asked for.
    kept: Option<(u32, bool)>,
    /// Counts what was asked for, to tell an answer to an older question.
    version: u32,
    /// How often the replay on this connection has failed.
    failures: u32,
}

/// How a subscribe failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server refused it, the frame never left, or the caller withdrew it.
    Definite,
    /// It may have reached the server.
    Uncertain,
}

/// What a replay sends.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) attempt: Attempt,
    pub(super) channel: String,
    pub(super) include_sender_metadata: bool,
}

impl Replay {
    pub(super) fn frame(&self, call: CallId) -> OutgoingFrame<'_> {
        OutgoingFrame::Subscribe {
            channel: &self.channel,
            include_sender_metadata: self.include_sender_metadata,
            request_id: call.0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Subscriptions {
    entries: Slots<Subscription>,
    /// Ids, sorted by channel.
    by_channel: Vec<u32>,
    next_id: u32,
    /// Replays to be tried again; all wait equally long, so they are due in this order.
    retries: Timetable,
}

impl Subscriptions {
    pub(super) fn new() -> Subscriptions {
        Subscriptions {
            entries: Slots::new(),
            by_channel: Vec::new(),
            next_id: 0,
            retries: Timetable::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Notes that a channel is wanted, before anything is sent. The latest call wins, and the order of first calls stays.
    pub(super) fn want(&mut self, channel: &str, include_sender_metadata: bool) -> Attempt {
        match self.find(channel) {
            Ok(at) => {
                let id = self.by_channel[at];
                let version = self.entries.get_mut(id).map_or(0, |entry| {
                    entry.wanted = include_sender_metadata;
                    entry.version += 1;
                    entry.version
                });
                Attempt { id, version, include_sender_metadata }
            }
            Err(at) => {
                self.next_id += 1;
                self.by_channel.insert(at, self.next_id);
                self.entries.push(
                    self.next_id,
                    Subscription {
                        channel: channel.into(),
                        wanted: include_sender_metadata,
                        kept: None,
                        version: 0,
                        failures: 0,
                    },
                );
                Attempt { id: self.next_id, version: 0, include_sender_metadata }
            }
        }
    }

    /// Forgets a channel.
    pub(super) fn forget(&mut self, channel: &str) {
        if let Ok(at) = self.find(channel) {
            let id = self.by_channel.remove(at);
            self.entries.remove(id);
            self.cancel_retry(id);
        }
    }

    /// The server confirmed a replay. What the user asked for is confirmed by its own answer only, or taken back.
    pub(super) fn replayed(&mut self, attempt: Attempt) {
        if let Some(entry) = self.entries.get_mut(attempt.id) {
            entry.failures = 0;
        }
    }

    /// The server confirmed a subscribe of the user.
    pub(super) fn confirm(&mut self, attempt: Attempt) {
        if let Some(entry) = self.entries.get_mut(attempt.id) {
            if entry.kept.is_none_or(|(version, _)| version <= attempt.version) {
                entry.kept = Some((attempt.version, attempt.include_sender_metadata));
            }
            entry.failures = 0;
        }
    }

    /// A subscribe of the user failed: back to what is kept. What was never kept is forgotten, unless it may have arrived.
    /// If something newer was asked for, that decides.
    pub(super) fn roll_back(&mut self, attempt: Attempt, failure: Failure) {
        let Some(entry) = self.entries.get_mut(attempt.id) else { return };
        if entry.version != attempt.version {
            return;
        }
        match (entry.kept, failure) {
            (Some((_, kept)), _) => entry.wanted = kept,
            (None, Failure::Uncertain) => entry.kept = Some((entry.version, entry.wanted)),
            (None, Failure::Definite) => {
                let channel = entry.channel.clone();
                self.forget(&channel);
            }
        }
    }

    /// A replay failed: when it is tried again, or `None` if it is not.
    pub(super) fn replay_failed(
        &mut self,
        attempt: Attempt,
        hopeless: bool,
        now: Instant,
    ) -> Option<Instant> {
        let entry = self.entries.get_mut(attempt.id)?;
        entry.failures += 1;
        if hopeless || entry.failures > REPLAY_RETRIES {
            return None;
        }
        self.retry(attempt, now)
    }

    /// A channel is to be asked for again, if it is still wanted, whatever has failed before.
    pub(super) fn retry(&mut self, attempt: Attempt, now: Instant) -> Option<Instant> {
        self.entries.get(attempt.id)?;
        let due = now.after(REPLAY_RETRY_MS);
        self.cancel_retry(attempt.id);
        self.retries.add(due, attempt.id);
        Some(due)
    }

    /// A new connection: every channel starts over.
    pub(super) fn start_over(&mut self) {
        self.retries.clear();
        self.forget_failures();
    }

    /// A connection takes over: what failed on it so far is still to be tried again, and failures before it do not count.
    pub(super) fn forget_failures(&mut self) {
        let mut from = 0;
        while let Some((id, _)) = self.entries.first_from(from) {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.failures = 0;
            }
            from = id + 1;
        }
    }

    /// The connection is lost: no retry happens on it any more.
    pub(super) fn connection_lost(&mut self) {
        self.retries.clear();
    }

    /// What a connection that is welcomed now has to bring back.
    pub(super) fn replays(&self) -> Replays {
        Replays { next: 0, last: self.next_id }
    }

    /// The next channel to bring back, in the order of the first subscribes.
    pub(super) fn next_replay(&self, replays: &mut Replays) -> Option<Replay> {
        let (id, entry) = self.entries.first_from(replays.next)?;
        replays.next = id + 1;
        (id <= replays.last).then(|| entry.replay(id))
    }

    /// A replay whose time to be tried again has come.
    pub(super) fn take_due_retry(&mut self, now: Instant) -> Option<Replay> {
        let (due, id) = self.retries.first()?;
        if due > now {
            return None;
        }
        self.retries.remove_first();
        self.entries.get(id).map(|entry| entry.replay(id))
    }

    /// What this very try asks for.
    pub(super) fn replay_of(&self, attempt: Attempt) -> Option<Replay> {
        self.entries.get(attempt.id).map(|entry| entry.replay(attempt.id))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.retries.first().map(|(due, _)| due)
    }

    pub(super) fn channel(&self, attempt: Attempt) -> Option<&str> {
        self.entries.get(attempt.id).map(|entry| &*entry.channel)
    }

    fn cancel_retry(&mut self, id: u32) {
        self.retries.retain(&|other| other != id);
    }

    fn find(&self, channel: &str) -> Result<usize, usize> {
        self.by_channel.binary_search_by(|id| {
            self.entries.get(*id).map_or("", |entry| &entry.channel).cmp(channel)
        })
    }
}

impl Subscription {
    fn replay(&self, id: u32) -> Replay {
        Replay {
            attempt: Attempt { id, version: self.version, include_sender_metadata: self.wanted },
            channel: self.channel.clone(),
            include_sender_metadata: self.wanted,
        }
    }
}

/// How often a replay is tried again on one connection.
const REPLAY_RETRIES: u32 = 3;

/// How long after its failure, in milliseconds.
const REPLAY_RETRY_MS: u64 = 2_000;

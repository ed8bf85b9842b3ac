//! The channels that the user has subscribed to, and how they come back after a reconnect (rules 91 to 106 and 133 to 144).
//!
//! Each entry holds the options last asked for and those to fall back to, so that a failed change can be rolled back.

use std::collections::VecDeque;

use super::deadlines::Deadlines;
use super::io::Outgoing;
use super::time::Instant;

/// One attempt to subscribe: which entry, and which of its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    id: u32,
    version: u32,
    include_sender_metadata: bool,
}

/// The subscriptions that a new connection brings back: those that existed at its welcome. Handlers of its events may add
/// others, which are sent by themselves.
#[derive(Debug)]
pub(super) struct Replays {
    next: u32,
    last: u32,
}

#[derive(Debug)]
struct Subscription {
    id: u32,
    channel: String,
    /// `include_sender_metadata` as last asked for.
    wanted: bool,
    /// What a failed change falls back to: the version and value that was last acknowledged. If no answer ever came, those that
    /// were asked for.
    kept: Option<(u32, bool)>,
    /// Counts the calls, so that the answer to an older one is recognised.
    version: u32,
    /// How often the replay has failed on this connection.
    failures: u32,
}

/// How a subscribe failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server refused it, the frame was never sent, or the caller withdrew it.
    Definite,
    /// It may have reached the server.
    Uncertain,
}

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Sorted by id, as ids go up, so in the order of the first calls.
    entries: VecDeque<Subscription>,
    /// Ids, sorted by channel: a map from channel to id would hold each name a second time.
    by_channel: Vec<u32>,
    next_id: u32,
    /// Replays that will be tried again.
    retries: Deadlines,
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tracks a channel, before anything is sent. The latest options win; the order of the first calls stays.
    pub(super) fn want(&mut self, channel: &str, include_sender_metadata: bool) -> Attempt {
        let place = self.find(channel);
        if let Some(id) = place.ok().and_then(|at| self.by_channel.get(at).copied())
            && let Some(entry) = self.get_mut(id)
        {
            entry.wanted = include_sender_metadata;
            entry.version += 1;
            return entry.attempt();
        }
        self.next_id += 1;
        let id = self.next_id;
        self.by_channel.insert(place.unwrap_or_else(|at| at), id);
        let entry = Subscription {
            id,
            channel: channel.to_owned(),
            wanted: include_sender_metadata,
            kept: None,
            version: 0,
            failures: 0,
        };
        let attempt = entry.attempt();
        self.entries.push_back(entry);
        attempt
    }

    /// Forgets a channel.
    pub(super) fn forget(&mut self, channel: &str) {
        if let Ok(at) = self.find(channel) {
            let id = self.by_channel.remove(at);
            self.retries.cancel(id);
            if let Some(at) = self.position(id) {
                self.entries.remove(at);
            }
        }
    }

    /// The server confirmed a replay. A subscribe of the user is only confirmed by its own answer.
    pub(super) fn replayed(&mut self, attempt: Attempt) {
        if let Some(entry) = self.get_mut(attempt.id) {
            entry.failures = 0;
        }
    }

    /// The server confirmed a subscribe of the user.
    pub(super) fn confirm(&mut self, attempt: Attempt) {
        if let Some(entry) = self.get_mut(attempt.id) {
            if entry.kept.is_none_or(|(version, _)| version <= attempt.version) {
                entry.kept = Some((attempt.version, attempt.include_sender_metadata));
            }
            entry.failures = 0;
        }
    }

    /// A subscribe of the user failed, so the options that were kept apply again. A channel that was never kept is forgotten, unless
    /// the server may have received the subscribe. If the user has subscribed again meanwhile, nothing changes.
    pub(super) fn roll_back(&mut self, attempt: Attempt, failure: Failure) {
        let Some(entry) = self.get_mut(attempt.id) else { return };
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

    /// A replay failed. `true`: it is tried again.
    pub(super) fn replay_failed(&mut self, attempt: Attempt, hopeless: bool, now: Instant) -> bool {
        let Some(entry) = self.get_mut(attempt.id) else { return false };
        entry.failures += 1;
        let again = !hopeless && entry.failures <= REPLAY_RETRIES;
        if again {
            self.retry(attempt, now);
        }
        again
    }

    /// Whether the user has not subscribed again since.
    pub(super) fn is_latest(&self, attempt: Attempt) -> bool {
        self.get(attempt.id).is_some_and(|entry| entry.version == attempt.version)
    }

    /// Tries a channel again after a while, if it is still tracked.
    pub(super) fn retry(&mut self, attempt: Attempt, now: Instant) {
        if self.get(attempt.id).is_some() {
            self.retries.cancel(attempt.id);
            self.retries.add(now.after(REPLAY_RETRY_MS), attempt.id);
        }
    }

    /// A new connection: every channel starts over.
    pub(super) fn start_over(&mut self) {
        self.retries.clear();
        self.forget_failures();
    }

    /// A connection takes over. Failures on the old one do not count, and retries that are planned stay.
    pub(super) fn forget_failures(&mut self) {
        for entry in &mut self.entries {
            entry.failures = 0;
        }
    }

    /// The connection is lost, and with it the retries.
    pub(super) fn connection_lost(&mut self) {
        self.retries.clear();
    }

    /// The channels that a connection brings back if it is welcomed now.
    pub(super) fn replays(&self) -> Replays {
        Replays { next: 0, last: self.next_id }
    }

    /// The next channel to bring back, in the order of the first subscribes.
    pub(super) fn next_replay(&self, replays: &mut Replays) -> Option<Attempt> {
        let at = self.entries.partition_point(|entry| entry.id < replays.next);
        let entry = self.entries.get(at)?;
        replays.next = entry.id + 1;
        (entry.id <= replays.last).then(|| entry.attempt())
    }

    /// Takes a replay that is due to be tried again.
    pub(super) fn take_due_retry(&mut self, now: Instant) -> Option<Attempt> {
        let id = self.retries.due(now)?;
        self.retries.cancel(id);
        self.get(id).map(Subscription::attempt)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.retries.next()
    }

    pub(super) fn channel(&self, attempt: Attempt) -> Option<&str> {
        self.get(attempt.id).map(|entry| &*entry.channel)
    }

    /// The frame of this attempt, if the channel is still tracked.
    pub(super) fn frame(&self, attempt: Attempt) -> Option<Outgoing> {
        let include_sender_metadata = attempt.include_sender_metadata;
        let channel = self.channel(attempt)?.to_owned();
        Some(Outgoing::Subscribe { channel, include_sender_metadata })
    }

    fn find(&self, channel: &str) -> Result<usize, usize> {
        self.by_channel
            .binary_search_by(|id| self.get(*id).map_or("", |entry| &entry.channel).cmp(channel))
    }

    fn get(&self, id: u32) -> Option<&Subscription> {
        self.entries.get(self.position(id)?)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Subscription> {
        let at = self.position(id)?;
        self.entries.get_mut(at)
    }

    fn position(&self, id: u32) -> Option<usize> {
        self.entries.binary_search_by_key(&id, |entry| entry.id).ok()
    }
}

impl Subscription {
    /// An attempt with the current options.
    fn attempt(&self) -> Attempt {
        Attempt { id: self.id, version: self.version, include_sender_metadata: self.wanted }
    }
}

/// How many times a replay is tried again on one connection.
const REPLAY_RETRIES: u32 = 3;

/// The wait before each of them, in milliseconds.
const REPLAY_RETRY_MS: u64 = 2_000;

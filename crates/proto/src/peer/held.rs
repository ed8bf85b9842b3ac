//! Signals of peers that are not known yet: presence may come after the first signal. They wait for a while.

use std::collections::{BTreeMap, VecDeque};

use crate::machine::{Instant, Level};

use super::Room;
use super::io::{RemoteId, State};
use super::signal::Signal;

/// The most peers whose signals are held at once.
const MAX_PEERS: usize = 16;

/// The most signals that are held of each peer.
const MAX_SIGNALS: usize = 64;

/// The most bytes that are held of each peer.
const MAX_BYTES: usize = 128 * 1024;

/// How long a signal is held, in milliseconds.
const HOLD_MS: u64 = 10_000;

#[derive(Debug)]
struct Waiting<P> {
    until: Instant,
    bytes: usize,
    signals: VecDeque<Signal<P>>,
}

#[derive(Debug)]
pub(super) struct Held<P> {
    /// By peer id.
    peers: BTreeMap<String, Waiting<P>>,
}

impl<P> Default for Held<P> {
    fn default() -> Held<P> {
        Held { peers: BTreeMap::new() }
    }
}

impl<P> Held<P> {
    /// `false`: there is no room for it. Members that are known have a place in any case.
    fn hold(&mut self, from: String, known: bool, signal: Signal<P>, now: Instant) -> bool {
        if !known && !self.peers.contains_key(&from) && self.peers.len() >= MAX_PEERS {
            return false;
        }
        let bytes = size_of(&signal);
        let until = now.after(HOLD_MS);
        let fresh = || Waiting { until, bytes: 0, signals: VecDeque::new() };
        let waiting = self.peers.entry(from).or_insert_with(fresh);
        if waiting.signals.len() == MAX_SIGNALS || waiting.bytes + bytes > MAX_BYTES {
            return false;
        }
        waiting.bytes += bytes;
        waiting.signals.push_back(signal);
        true
    }

    fn take(&mut self, peer: &str) -> VecDeque<Signal<P>> {
        self.peers.remove(peer).map(|waiting| waiting.signals).unwrap_or_default()
    }

    pub(super) fn expire(&mut self, now: Instant) {
        self.peers.retain(|_, waiting| waiting.until > now);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.peers.values().map(|waiting| waiting.until).min()
    }

    pub(super) fn clear(&mut self) {
        self.peers.clear();
    }
}

/// Roughly.
fn size_of<P>(signal: &Signal<P>) -> usize {
    match signal {
        Signal::Description(description) => description.sdp.size,
        Signal::Candidate(candidate) => candidate.size,
        Signal::Metadata(metadata) => metadata.size,
    }
}

impl<P: Clone + PartialEq> Room<P> {
    pub(super) fn on_signal(&mut self, from: String, signal: Signal<P>) {
        if self.is_own(&from) {
            return;
        }
        let known = self.find(&from);
        match (self.state, known) {
            (State::Joined, Some(id)) => {
                if let Some(remote) = self.remotes.get_mut(&id) {
                    remote.handle_signal(signal, &mut self.shared);
                }
            }
            (State::Joining | State::Joined | State::Reconnecting, known) => {
                let now = self.shared.now;
                if !self.held.hold(from, known.is_some(), signal, now) {
                    self.shared.log(Level::Debug, "dropped a signal of a peer that is not known");
                }
            }
            (State::Idle | State::Leaving | State::Closed, _) => {}
        }
    }

    /// Gives a member what it sent before it was known.
    pub(super) fn replay_held(&mut self, id: RemoteId) {
        let Some(remote) = self.remotes.get_mut(&id) else { return };
        for signal in self.held.take(&remote.peer) {
            remote.handle_signal(signal, &mut self.shared);
        }
    }
}

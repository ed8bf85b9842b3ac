//! Who is in the room, by the presence of its channel.

use std::collections::VecDeque;

use crate::machine::Level;
use crate::wire::PresencePeer;

use super::Room;
use super::io::{Event, Output, RemoteId, State};
use super::remote::Remote;

/// The most members with a connection at once. Further ones wait until there is room.
pub const MAX_REMOTES: usize = 256;

/// The most members that may wait.
const MAX_WAITING: usize = 4_096;

/// Something to do about a member.
#[derive(Debug)]
pub(super) enum Step<P> {
    /// It joined, or is there.
    Joined(PresencePeer<P>),
    /// It left.
    Left(String),
    /// All members are known again after a reconnect.
    Reconciled,
}

#[derive(Debug)]
pub(super) struct Roster<P> {
    /// What is still to be done, one after the other.
    pub(super) steps: VecDeque<Step<P>>,
    /// Who is there and has no room.
    waiting: VecDeque<PresencePeer<P>>,
}

impl<P> Default for Roster<P> {
    fn default() -> Roster<P> {
        Roster { steps: VecDeque::new(), waiting: VecDeque::new() }
    }
}

impl<P> Roster<P> {
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.waiting.clear();
    }
}

impl<P: Clone + PartialEq> Room<P> {
    pub(super) fn on_presence(
        &mut self,
        channel: &str,
        joined: Vec<PresencePeer<P>>,
        left: Vec<PresencePeer<P>>,
    ) {
        if self.channel.as_ref().is_none_or(|own| own.name != channel) {
            return;
        }
        match self.state {
            State::Joining | State::Joined => {}
            State::Reconnecting => {
                // Before the welcome it is of the old connection, and while a snapshot is being applied it is later than the snapshot.
                let Some(reconciling) = &mut self.reconciling else { return };
                if !std::mem::replace(&mut reconciling.snapshot_seen, true) {
                    self.take_snapshot(joined, left);
                    return;
                }
            }
            State::Idle | State::Leaving | State::Closed => return,
        }
        let steps = &mut self.roster.steps;
        steps.extend(left.into_iter().map(|peer| Step::Left(peer.peer_id)));
        steps.extend(joined.into_iter().map(Step::Joined));
    }

    pub(super) fn has_roster_step(&self) -> bool {
        matches!(self.state, State::Joined | State::Reconnecting) && !self.roster.steps.is_empty()
    }

    /// Takes the next step; `false`: there is none.
    pub(super) fn take_roster_step(&mut self) -> bool {
        if !self.has_roster_step() {
            return false;
        }
        match self.roster.steps.pop_front() {
            Some(Step::Joined(peer)) => self.member_is_there(peer),
            Some(Step::Left(peer)) => self.member_left(&peer),
            Some(Step::Reconciled) => self.end_reconcile(),
            None => return false,
        }
        self.finish_replacements();
        true
    }

    pub(super) fn find(&self, peer: &str) -> Option<RemoteId> {
        let mut remotes = self.remotes.iter();
        remotes.find(|(_, remote)| remote.peer == peer).map(|(id, _)| *id)
    }

    fn member_is_there(&mut self, entry: PresencePeer<P>) {
        if self.is_own(&entry.peer_id) {
            return;
        }
        if let Some(id) = self.find(&entry.peer_id) {
            self.member_is_still_there(id, entry.metadata);
        } else if self.remotes.len() < MAX_REMOTES {
            self.meet(entry);
        } else {
            self.let_wait(entry);
        }
    }

    fn let_wait(&mut self, entry: PresencePeer<P>) {
        let waiting = &mut self.roster.waiting;
        waiting.retain(|other| other.peer_id != entry.peer_id);
        waiting.push_back(entry);
        if waiting.len() > MAX_WAITING {
            waiting.pop_front();
        }
        self.shared.log(Level::Warn, "the room has more members than this client connects to");
    }

    /// A new member: metadata and tracks come before the event.
    fn meet(&mut self, entry: PresencePeer<P>) {
        let id = self.ids.remote();
        let polite = self.is_polite_to(&entry.peer_id);
        let mut remote = Remote::new(id, entry.peer_id, entry.metadata, polite);
        if !self.shared.tracks.is_empty() {
            remote.connect(&mut self.shared);
        }
        self.remotes.insert(id, remote);
        self.shared.emit(Event::PeerJoined(id));
        if self.state == State::Joined {
            self.replay_held(id);
        }
    }

    /// The side with the smaller id gives way, by UTF-16 code units.
    pub(super) fn is_polite_to(&self, peer: &str) -> bool {
        let own = self.peer_id.as_deref().unwrap_or_default();
        own.encode_utf16().lt(peer.encode_utf16())
    }

    pub(super) fn member_left(&mut self, peer: &str) {
        self.roster.waiting.retain(|other| other.peer_id != peer);
        let Some(id) = self.find(peer) else {
            if !self.is_own(peer) {
                self.shared.log(Level::Warn, "a peer left that was not there");
            }
            return;
        };
        if let Some(remote) = self.remotes.remove(&id) {
            remote.close(&mut self.shared);
            self.shared.queue.push_back(Output::ForgetRemote(id));
            self.shared.emit(Event::PeerLeft(id));
        }
        if let Some(next) = self.roster.waiting.pop_front() {
            self.roster.steps.push_back(Step::Joined(next));
        }
    }
}

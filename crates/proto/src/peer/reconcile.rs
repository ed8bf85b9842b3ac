//! After a reconnect: who is still there, and which connections still work.

use std::collections::BTreeSet;

use crate::machine::Instant;
use crate::wire::PresencePeer;

use super::Room;
use super::client::Request;
use super::error::Failure;
use super::io::{Event, RemoteId, State};
use super::options::Reconcile;
use super::roster::Step;

/// The server has this long to say who is there, in milliseconds.
const SNAPSHOT_MS: u64 = 10_000;

/// How often the room subscribes again before it reports an error.
const TRIES: u32 = 2;

#[derive(Debug)]
pub(super) struct Reconciling {
    pub(super) deadline: Instant,
    tries: u32,
    /// Connections that work may stay.
    keep: bool,
    pub(super) snapshot_seen: bool,
    /// Who was seen in the snapshot already.
    seen: BTreeSet<RemoteId>,
}

impl<P: Clone + PartialEq> Room<P> {
    /// The connection to the server is lost; it will be tried again.
    pub(super) fn interrupt(&mut self) {
        self.reconciling = None;
        self.roster.clear();
        self.shared.live = false;
        for remote in self.remotes.values_mut() {
            remote.interrupt(&mut self.shared);
        }
        self.set_state(State::Reconnecting);
    }

    pub(super) fn begin_reconcile(&mut self, id_changed: bool) {
        if self.remotes.is_empty() {
            self.set_state(State::Joined);
            return;
        }
        self.reconciling = Some(Reconciling {
            deadline: self.shared.now.after(SNAPSHOT_MS),
            tries: 0,
            keep: !id_changed && self.options.reconcile == Reconcile::Auto,
            snapshot_seen: false,
            seen: BTreeSet::new(),
        });
    }

    /// The first presence after the welcome is the whole truth.
    pub(super) fn take_snapshot(
        &mut self,
        joined: Vec<PresencePeer<P>>,
        left: Vec<PresencePeer<P>>,
    ) {
        let mut gone: Vec<String> = left.into_iter().map(|peer| peer.peer_id).collect();
        let mut there = BTreeSet::new();
        there.extend(joined.iter().map(|peer| &*peer.peer_id));
        let missing = self.remotes.values().map(|remote| &remote.peer);
        let missing = missing.filter(|peer| !there.contains(peer.as_str()) && !gone.contains(peer));
        let missing: Vec<String> = missing.cloned().collect();
        gone.extend(missing);
        let steps = &mut self.roster.steps;
        steps.extend(gone.into_iter().map(Step::Left));
        steps.extend(joined.into_iter().map(Step::Joined));
        steps.push_back(Step::Reconciled);
    }

    pub(super) fn member_is_still_there(&mut self, id: RemoteId, metadata: Option<P>) {
        let polite = self.remotes.get(&id).is_some_and(|remote| self.is_polite_to(&remote.peer));
        let Some(remote) = self.remotes.get_mut(&id) else { return };
        remote.metadata = metadata;
        if let Some(reconciling) = &mut self.reconciling
            && reconciling.seen.insert(id)
        {
            remote.polite = polite;
            remote.reconcile(reconciling.keep, &mut self.shared);
        }
    }

    pub(super) fn end_reconcile(&mut self) {
        self.reconciling = None;
        self.set_state(State::Joined);
        let ids: Vec<RemoteId> = self.remotes.keys().copied().collect();
        for id in ids {
            self.replay_held(id);
            if let Some(remote) = self.remotes.get_mut(&id) {
                remote.resume(&mut self.shared);
            }
        }
    }

    pub(super) fn check_reconcile(&mut self) {
        let now = self.shared.now;
        let Some(reconciling) = &mut self.reconciling else { return };
        if reconciling.deadline > now {
            return;
        }
        if reconciling.snapshot_seen {
            reconciling.deadline = now.after(SNAPSHOT_MS);
            return;
        }
        if reconciling.tries < TRIES {
            reconciling.tries += 1;
            reconciling.deadline = now.after(SNAPSHOT_MS);
            self.subscribe(Request::SubscribeAgain);
            return;
        }
        reconciling.deadline = Instant::from_millis(u64::MAX);
        let message = "the server did not say who is in the channel";
        self.shared.emit(Event::Error(Failure::new("ReconcileTimeoutError", message)));
    }
}

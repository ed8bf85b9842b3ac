//! One app's peers and channels: who is where, and whom that concerns.
//!
//! A peer id may have several sockets. It has one presence entry in a channel however many of them are there (assumed).
//! A channel whose name has a `*` is a channel like any other, whose subscribers also get what is published to the channels
//! that the name matches; presence is that of those who subscribed to the same name (assumed).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frames::{self, PresenceEntry};
use super::grant::{Action, Grant};
use super::io::ConnId;
use super::nodes::{Diff, NodeId, Others, PeerEntry};
use super::pattern::{Pattern, is_wildcard};
use super::stats::Usage;

/// The peers and channels of one app.
#[derive(Debug, Default)]
pub(super) struct App {
    peers: BTreeMap<Arc<str>, BTreeSet<ConnId>>,
    channels: BTreeMap<Arc<str>, Channel>,
    /// The channels whose names stand for many.
    wildcards: BTreeMap<Arc<str>, Pattern>,
    connections: usize,
    peak: usize,
    messages: u64,
}

#[derive(Debug, Default)]
struct Channel {
    subscribers: BTreeMap<ConnId, Subscriber>,
    present: BTreeMap<Arc<str>, Present>,
    /// Who is there on other nodes.
    others: Others,
    /// The other nodes are being asked; nobody here holds the channel yet.
    opening: bool,
}

#[derive(Debug)]
struct Subscriber {
    grant: Arc<Grant>,
    include_sender_metadata: bool,
}

#[derive(Debug)]
struct Present {
    sockets: usize,
    metadata: Option<Arc<str>>,
}

/// A presence frame for the others in a channel.
pub(super) type Notice = (Vec<ConnId>, String);

/// A peer came to a channel on this node, or went.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) entry: PeerEntry,
    /// Nothing if the peer is also there on another node.
    pub(super) notice: Option<Notice>,
}

/// Who gets a publish.
#[derive(Debug, Default)]
pub(super) struct Recipients {
    /// Those who did not ask for the sender's metadata.
    pub(super) plain: Vec<ConnId>,
    /// Those who did.
    pub(super) with_metadata: Vec<ConnId>,
}

impl App {
    /// Whether that is the peer's first socket.
    pub(super) fn add_socket(&mut self, peer: &Arc<str>, id: ConnId) -> bool {
        let sockets = self.peers.entry(Arc::clone(peer)).or_default();
        let new = sockets.insert(id);
        let first = new && sockets.len() == 1;
        self.connections += usize::from(new);
        self.peak = self.peak.max(self.connections);
        first
    }

    /// Whether that was the peer's last socket.
    pub(super) fn remove_socket(&mut self, peer: &str, id: ConnId) -> bool {
        let Some(sockets) = self.peers.get_mut(peer) else { return false };
        self.connections -= usize::from(sockets.remove(&id));
        let last = sockets.is_empty();
        if last {
            self.peers.remove(peer);
        }
        last
    }

    /// Every live connection of a peer.
    pub(super) fn sockets_of(&self, peer: &str) -> Vec<ConnId> {
        self.peers.get(peer).into_iter().flatten().copied().collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections
    }

    pub(super) fn channel_count(&self) -> usize {
        self.channels.len()
    }

    pub(super) fn channel_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.channels.keys()
    }

    pub(super) fn peer_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.peers.keys()
    }

    /// The names that stand for many channels.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Arc<str>> {
        self.wildcards.keys()
    }

    pub(super) fn count_message(&mut self) {
        self.messages += 1;
    }

    /// A message that was counted came to nothing.
    pub(super) fn uncount_message(&mut self) {
        self.messages = self.messages.saturating_sub(1);
    }

    /// The peak is that of all nodes together.
    pub(super) fn note_peak(&mut self, elsewhere: Usage) {
        let now = self.connections + elsewhere.concurrent_now;
        self.peak = self.peak.max(now).max(elsewhere.peak_concurrent);
    }

    pub(super) fn counts(&self) -> Usage {
        Usage {
            concurrent_now: self.connections,
            peak_concurrent: self.peak,
            messages_used: self.messages,
            period_start: 0,
        }
    }

    /// Adds a subscriber or changes its options; says if its peer is new there.
    pub(super) fn subscribe(
        &mut self,
        name: &Arc<str>,
        id: ConnId,
        grant: &Arc<Grant>,
        include_sender_metadata: bool,
    ) -> Option<Moved> {
        if is_wildcard(name) && !self.wildcards.contains_key(name) {
            self.wildcards.insert(Arc::clone(name), Pattern::new(name));
        }
        let channel = self.channels.entry(Arc::clone(name)).or_default();
        let subscriber = Subscriber { grant: Arc::clone(grant), include_sender_metadata };
        if channel.subscribers.insert(id, subscriber).is_some() {
            return None;
        }
        let metadata = grant.peer_metadata.clone();
        let present = channel
            .present
            .entry(Arc::clone(&grant.peer))
            .or_insert(Present { sockets: 0, metadata });
        present.sockets += 1;
        if present.sockets > 1 {
            return None;
        }
        let entry = PeerEntry { key: Arc::clone(&grant.peer), metadata: present.metadata.clone() };
        let text = frames::presence(name, &[frame_entry(&entry)], &[]);
        Some(channel.moved(entry, text))
    }

    /// Removes a subscriber; says if its peer is gone from there.
    pub(super) fn unsubscribe(&mut self, name: &str, id: ConnId, grant: &Grant) -> Option<Moved> {
        let channel = self.channels.get_mut(name)?;
        channel.subscribers.remove(&id)?;
        let present = channel.present.get_mut(&grant.peer)?;
        present.sockets -= 1;
        if present.sockets > 0 {
            return None;
        }
        let gone = channel.present.remove(&grant.peer)?;
        let entry = PeerEntry { key: Arc::clone(&grant.peer), metadata: gone.metadata };
        let text = frames::presence(name, &[], &[frame_entry(&entry)]);
        Some(channel.moved(entry, text))
    }

    /// The other nodes are asked before anybody here holds the channel. A pattern counts from now on.
    pub(super) fn open(&mut self, name: &Arc<str>) {
        if is_wildcard(name) {
            self.wildcards.insert(Arc::clone(name), Pattern::new(name));
        }
        self.channels.entry(Arc::clone(name)).or_default().opening = true;
    }

    pub(super) fn opened(&mut self, name: &str) {
        if let Some(channel) = self.channels.get_mut(name) {
            channel.opening = false;
        }
    }

    pub(super) fn is_open(&self, name: &str) -> bool {
        self.channels.get(name).is_some_and(|channel| !channel.opening)
    }

    /// Forgets a channel that nobody here holds or waits for; whether there was one.
    pub(super) fn close_if_empty(&mut self, name: &str) -> bool {
        let empty = |channel: &Channel| channel.subscribers.is_empty() && !channel.opening;
        if !self.channels.get(name).is_some_and(empty) {
            return false;
        }
        self.channels.remove(name);
        self.wildcards.remove(name);
        true
    }

    /// Who is in a channel, as others see it; `except` is the one who asks.
    pub(super) fn present(&self, name: &str, except: Option<&str>) -> Vec<PresenceEntry<'_>> {
        let Some(channel) = self.channels.get(name) else { return Vec::new() };
        let here = channel.present.iter();
        let here = here.map(|(peer, present)| (peer, present.metadata.as_deref()));
        // A peer on several nodes has one entry, and this node's word counts first.
        let all: BTreeMap<_, _> = channel.others.entries().chain(here).collect();
        let others = all.into_iter().filter(|(peer, _)| Some(&***peer) != except);
        others.map(|(peer, metadata)| PresenceEntry { peer, metadata }).collect()
    }

    /// Who is in a channel on this node.
    pub(super) fn local_entries(&self, name: &str) -> Vec<PeerEntry> {
        let present = self.channels.get(name).into_iter().flat_map(|channel| &channel.present);
        present
            .map(|(peer, present)| PeerEntry {
                key: Arc::clone(peer),
                metadata: present.metadata.clone(),
            })
            .collect()
    }

    /// The copies of who is in a channel on other nodes.
    pub(super) fn others_in(&mut self, name: &str) -> Option<&mut Others> {
        self.channels.get_mut(name).map(|channel| &mut channel.others)
    }

    pub(super) fn seen_in(&self, name: &str) -> Option<&Others> {
        self.channels.get(name).map(|channel| &channel.others)
    }

    /// The frame about those who came and went on other nodes and are not here.
    pub(super) fn notice(&self, name: &str, mut diff: Diff) -> Option<Notice> {
        let channel = self.channels.get(name)?;
        diff.joined.retain(|entry| !channel.present.contains_key(&entry.key));
        diff.left.retain(|entry| !channel.present.contains_key(&entry.key));
        if diff.joined.is_empty() && diff.left.is_empty() {
            return None;
        }
        let joined: Vec<_> = diff.joined.iter().map(frame_entry).collect();
        let left: Vec<_> = diff.left.iter().map(frame_entry).collect();
        // None of them is here, so that nobody is told about itself.
        Some((channel.others(""), frames::presence(name, &joined, &left)))
    }

    /// Forgets a node; what that changes, by channel.
    pub(super) fn forget_node(&mut self, node: NodeId) -> impl Iterator<Item = (Arc<str>, Diff)> {
        let channels = self.channels.iter_mut();
        channels.map(move |(name, channel)| (Arc::clone(name), channel.others.forget(node)))
    }

    pub(super) fn tidy(&mut self) {
        self.channels.values_mut().for_each(|channel| channel.others.tidy());
    }

    /// Who gets what is published to a channel: each connection once, but not the publisher's own.
    pub(super) fn recipients(&self, name: &str, publisher: Option<ConnId>) -> Recipients {
        let mut recipients = Recipients::default();
        if !self.wildcards.is_empty() {
            for (id, include_sender_metadata) in self.matching_recipients(name) {
                recipients.add(id, include_sender_metadata, publisher);
            }
            return recipients;
        }
        let Some(channel) = self.channels.get(name) else { return recipients };
        recipients.plain.reserve(channel.subscribers.len());
        for (id, subscriber) in &channel.subscribers {
            recipients.add(*id, subscriber.include_sender_metadata, publisher);
        }
        recipients
    }

    /// A wildcard never delivers from a channel that its subscriber may not subscribe to. Who matches several times gets
    /// the sender's metadata if it asked for it once (assumed).
    fn matching_recipients(&self, name: &str) -> BTreeMap<ConnId, bool> {
        let mut recipients = BTreeMap::new();
        let exact = self.channels.get(name).into_iter().flat_map(|channel| &channel.subscribers);
        let matching = self.wildcards.iter().filter(|(_, pattern)| pattern.matches(name));
        let wild = matching
            .filter_map(|(wildcard, _)| self.channels.get(wildcard))
            .flat_map(|channel| &channel.subscribers)
            .filter(|(_, subscriber)| subscriber.grant.scope.covers(name));
        for (id, subscriber) in exact.chain(wild) {
            *recipients.entry(*id).or_default() |= subscriber.include_sender_metadata;
        }
        recipients
    }
}

impl Recipients {
    fn add(&mut self, id: ConnId, with_metadata: bool, publisher: Option<ConnId>) {
        match with_metadata {
            _ if Some(id) == publisher => {}
            true => self.with_metadata.push(id),
            false => self.plain.push(id),
        }
    }
}

impl Channel {
    fn moved(&self, entry: PeerEntry, text: String) -> Moved {
        let seen = self.others.has(&entry.key);
        let notice = (!seen).then(|| (self.others(&entry.key), text));
        Moved { entry, notice }
    }

    /// Who gets a peer's joins and leaves: everyone else with the permission to see presence (assumed).
    fn others(&self, peer: &str) -> Vec<ConnId> {
        let others = self.subscribers.iter().filter(|(_, subscriber)| {
            let grant = &subscriber.grant;
            grant.actions.allows(Action::Presence) && &*grant.peer != peer
        });
        others.map(|(id, _)| *id).collect()
    }
}

fn frame_entry(entry: &PeerEntry) -> PresenceEntry<'_> {
    PresenceEntry { peer: &entry.key, metadata: entry.metadata.as_deref() }
}

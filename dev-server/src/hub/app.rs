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

/// The receivers of a publish.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Those who did not ask for the sender's metadata.
    pub(super) plain: Vec<ConnId>,
    /// Those who did.
    pub(super) with_metadata: Vec<ConnId>,
}

impl App {
    pub(super) fn add_socket(&mut self, peer: &Arc<str>, id: ConnId) {
        let new = self.peers.entry(Arc::clone(peer)).or_default().insert(id);
        self.connections += usize::from(new);
        self.peak = self.peak.max(self.connections);
    }

    pub(super) fn remove_socket(&mut self, peer: &str, id: ConnId) {
        if let Some(sockets) = self.peers.get_mut(peer) {
            self.connections -= usize::from(sockets.remove(&id));
            if sockets.is_empty() {
                self.peers.remove(peer);
            }
        }
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

    pub(super) fn count_message(&mut self) {
        self.messages += 1;
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            concurrent_now: self.connections,
            peak_concurrent: self.peak,
            messages_used: self.messages,
            period_start: 0,
        }
    }

    /// Adds a subscriber or changes its options; a frame for the others if its peer is new there.
    pub(super) fn subscribe(
        &mut self,
        name: &Arc<str>,
        id: ConnId,
        grant: &Arc<Grant>,
        include_sender_metadata: bool,
    ) -> Option<Notice> {
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
        let entry = PresenceEntry { peer: &grant.peer, metadata: present.metadata.as_deref() };
        let text = frames::presence(name, &[entry], &[]);
        Some((channel.others(&grant.peer), text))
    }

    /// Removes a subscriber; a frame for the others if its peer is gone from there.
    pub(super) fn unsubscribe(&mut self, name: &str, id: ConnId, grant: &Grant) -> Option<Notice> {
        let channel = self.channels.get_mut(name)?;
        channel.subscribers.remove(&id)?;
        let present = channel.present.get_mut(&grant.peer)?;
        present.sockets -= 1;
        if present.sockets > 0 {
            return None;
        }
        let gone = channel.present.remove(&grant.peer)?;
        let entry = PresenceEntry { peer: &grant.peer, metadata: gone.metadata.as_deref() };
        let text = frames::presence(name, &[], &[entry]);
        let others = channel.others(&grant.peer);
        if channel.subscribers.is_empty() {
            self.channels.remove(name);
            self.wildcards.remove(name);
        }
        Some((others, text))
    }

    /// Who is in a channel, as others see it; `except` is the one who asks.
    pub(super) fn present(&self, name: &str, except: Option<&str>) -> Vec<PresenceEntry<'_>> {
        let Some(channel) = self.channels.get(name) else { return Vec::new() };
        let others = channel.present.iter().filter(|(peer, _)| Some(&***peer) != except);
        others
            .map(|(peer, present)| PresenceEntry { peer, metadata: present.metadata.as_deref() })
            .collect()
    }

    /// Who gets what is published to a channel: each connection once, but not the publisher's own.
    pub(super) fn audience(&self, name: &str, publisher: Option<ConnId>) -> Audience {
        let mut audience = Audience::default();
        if !self.wildcards.is_empty() {
            for (id, include_sender_metadata) in self.wildcard_audience(name) {
                audience.add(id, include_sender_metadata, publisher);
            }
            return audience;
        }
        let Some(channel) = self.channels.get(name) else { return audience };
        audience.plain.reserve(channel.subscribers.len());
        for (id, subscriber) in &channel.subscribers {
            audience.add(*id, subscriber.include_sender_metadata, publisher);
        }
        audience
    }

    /// A wildcard never delivers from a channel that its subscriber may not subscribe to. Who matches several times gets
    /// the sender's metadata if it asked for it once (assumed).
    fn wildcard_audience(&self, name: &str) -> BTreeMap<ConnId, bool> {
        let mut audience = BTreeMap::new();
        let exact = self.channels.get(name).into_iter().flat_map(|channel| &channel.subscribers);
        let matching = self.wildcards.iter().filter(|(_, pattern)| pattern.matches(name));
        let wild = matching
            .filter_map(|(wildcard, _)| self.channels.get(wildcard))
            .flat_map(|channel| &channel.subscribers)
            .filter(|(_, subscriber)| subscriber.grant.scope.covers(name));
        for (id, subscriber) in exact.chain(wild) {
            *audience.entry(*id).or_default() |= subscriber.include_sender_metadata;
        }
        audience
    }
}

impl Audience {
    fn add(&mut self, id: ConnId, with_metadata: bool, publisher: Option<ConnId>) {
        match with_metadata {
            _ if Some(id) == publisher => {}
            true => self.with_metadata.push(id),
            false => self.plain.push(id),
        }
    }
}

impl Channel {
    /// Those who hear of a peer's coming and going: everyone else with the permission to see presence (assumed).
    fn others(&self, peer: &str) -> Vec<ConnId> {
        let others = self.subscribers.iter().filter(|(_, subscriber)| {
            let grant = &subscriber.grant;
            grant.actions.allows(Action::Presence) && &*grant.peer != peer
        });
        others.map(|(id, _)| *id).collect()
    }
}

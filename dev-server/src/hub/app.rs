//! One app's peers and channels: who is where, and whom that concerns.
//!
//! A peer id may have several sockets. It has one presence entry in a channel however many of them are there (assumed).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::frames::{self, PresenceEntry};
use super::grant::{Action, Grant};
use super::io::ConnId;

/// The peers and channels of one app.
#[derive(Debug, Default)]
pub(super) struct App {
    peers: BTreeMap<Arc<str>, BTreeSet<ConnId>>,
    channels: BTreeMap<Arc<str>, Channel>,
}

#[derive(Debug, Default)]
struct Channel {
    subscribers: BTreeMap<ConnId, Subscriber>,
    present: BTreeMap<Arc<str>, Present>,
}

#[derive(Debug)]
struct Subscriber {
    peer: Arc<str>,
    include_sender_metadata: bool,
    sees_presence: bool,
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
        self.peers.entry(Arc::clone(peer)).or_default().insert(id);
    }

    pub(super) fn remove_socket(&mut self, peer: &str, id: ConnId) {
        if let Some(sockets) = self.peers.get_mut(peer) {
            sockets.remove(&id);
            if sockets.is_empty() {
                self.peers.remove(peer);
            }
        }
    }

    /// Every live connection of a peer.
    pub(super) fn sockets_of(&self, peer: &str) -> Vec<ConnId> {
        self.peers.get(peer).into_iter().flatten().copied().collect()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.peers.is_empty()
    }

    /// Adds a subscriber or changes its options; a frame for the others if its peer is new there.
    pub(super) fn subscribe(
        &mut self,
        name: &Arc<str>,
        id: ConnId,
        grant: &Grant,
        include_sender_metadata: bool,
    ) -> Option<Notice> {
        let channel = self.channels.entry(Arc::clone(name)).or_default();
        let subscriber = Subscriber {
            peer: Arc::clone(&grant.peer),
            include_sender_metadata,
            sees_presence: grant.actions.allows(Action::Presence),
        };
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

    /// Who gets what is published to a channel: every subscriber but the publisher's own connection.
    pub(super) fn audience(&self, name: &str, publisher: Option<ConnId>) -> Audience {
        let mut audience = Audience::default();
        let Some(channel) = self.channels.get(name) else { return audience };
        audience.plain.reserve(channel.subscribers.len());
        for (id, subscriber) in &channel.subscribers {
            if Some(*id) == publisher {
                continue;
            }
            match subscriber.include_sender_metadata {
                true => audience.with_metadata.push(*id),
                false => audience.plain.push(*id),
            }
        }
        audience
    }
}

impl Channel {
    fn others(&self, peer: &str) -> Vec<ConnId> {
        let others = self.subscribers.iter().filter(|(_, s)| s.sees_presence && &*s.peer != peer);
        others.map(|(id, _)| *id).collect()
    }
}

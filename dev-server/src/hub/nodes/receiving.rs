//! What other nodes publish, and what follows from it here.

use std::sync::Arc;

use super::asking::Partial;
use super::wire::{Body, Claim, Direct, Entry, Envelope, Message, Question, State, Topic};
use super::{Bus, NodeId, patterns, replica, subject};
use crate::hub::Hub;
use crate::hub::frames;
use crate::hub::io::{FrameKind, Time};
use crate::hub::pattern::is_wildcard;

impl Hub {
    /// The bus brought messages. What came together is taken in the order in which each node published it.
    pub fn received(&mut self, payloads: &[impl AsRef<[u8]>], now: Time) {
        self.begin(now);
        let parsed = payloads.iter().map(|payload| Envelope::parse(payload.as_ref()));
        let mut envelopes: Vec<Envelope<'_>> = Vec::with_capacity(payloads.len());
        for envelope in parsed {
            match envelope {
                Some(envelope) => envelopes.push(envelope),
                None => self.stats.count_received("unknown"),
            }
        }
        envelopes.sort_by_key(|envelope| (envelope.node, envelope.seq));
        for Envelope { node, seq, body, .. } in envelopes {
            let Some(nodes) = &self.nodes else { return };
            if node != nodes.id && nodes.bus != Bus::Away {
                self.stats.count_received(body.kind());
                self.seen(node);
                self.receive(node, seq, body);
            }
        }
        self.settle();
    }

    fn receive(&mut self, node: NodeId, seq: u64, body: Body<'_>) {
        match body {
            Body::Alive { session, apps } => self.on_alive(node, session, apps),
            Body::Bye => self.node_is_gone(node),
            Body::Ask { id, question } => self.on_question(node, seq, id, question),
            Body::Audit(claims) => self.on_claims(node, claims),
            Body::State(state) => self.on_state(node, state),
            Body::Kicked { ask, closed } => self.answered(node, ask, Partial::Kicked(closed)),
            Body::Change { topic, entry, here } => self.on_change(node, seq, topic, entry, here),
            Body::Message(message) => self.on_message(node, seq, &message),
            Body::Direct(direct) => self.on_direct(&direct),
        }
    }

    fn on_message(&mut self, node: NodeId, seq: u64, message: &Message<'_>) {
        let Some(nodes) = &mut self.nodes else { return };
        if !nodes.patterns.is_news(node, seq, &message.app, &message.channel) {
            return;
        }
        let metadata = message.metadata.map(|metadata| metadata.get());
        let sender = (&*message.from, metadata);
        self.broadcast(&message.app, sender, None, &message.channel, message.data.get());
    }

    fn on_direct(&mut self, direct: &Direct<'_>) {
        let app = self.apps.get(&*direct.app);
        let sockets = app.map(|app| app.sockets_of(&direct.to)).unwrap_or_default();
        if !sockets.is_empty() {
            let metadata = direct.metadata.map(|metadata| metadata.get());
            let text = frames::direct(&direct.from, direct.data.get(), metadata);
            self.send(FrameKind::Direct, sockets, text);
        }
    }

    fn on_question(&mut self, node: NodeId, seq: u64, ask: u64, question: Question) {
        let topic = match question {
            Question::Patterns => Topic::Patterns,
            Question::Kick { app, peer } => {
                let closed = self.kick(&app, &peer, self.now);
                self.publish_on(subject::of_node(node), Body::Kicked { ask, closed });
                return;
            }
            Question::Peers { app, channel } => Topic::Channel { app, channel },
            Question::Open { app, channel } => {
                if is_wildcard(&channel) {
                    let entry = patterns::entry(&app, &channel);
                    self.on_change(node, seq, Topic::Patterns, entry, true);
                }
                Topic::Channel { app, channel }
            }
        };
        self.publish_state(node, Some(ask), topic);
    }

    fn on_claims(&mut self, node: NodeId, claims: Vec<Claim>) {
        for Claim { topic, digest } in claims {
            let entries = self.entries_under(&topic);
            let pairs = entries.iter().map(|entry| (&*entry.key, entry.metadata.as_deref()));
            if replica::digest(pairs) != digest {
                self.publish_state(node, None, topic);
            }
        }
    }

    /// Says what this node has under a topic, in as many parts as it takes.
    fn publish_state(&mut self, to: NodeId, ask: Option<u64>, topic: Topic) {
        let Some(nodes) = &self.nodes else { return };
        let as_of = nodes.seq;
        let entries = self.entries_under(&topic);
        let of = entries.len();
        let mut part = Vec::new();
        let mut bytes = 0;
        for entry in entries {
            bytes += entry.key.len() + entry.metadata.as_deref().map_or(0, str::len) + ENTRY_EXTRA;
            if bytes > PART_BYTES && !part.is_empty() {
                let entries = std::mem::take(&mut part);
                let state = State { ask, topic: topic.clone(), as_of, of, entries };
                self.publish_on(subject::of_node(to), Body::State(state));
                bytes = 0;
            }
            part.push(entry);
        }
        let state = State { ask, topic, as_of, of, entries: part };
        self.publish_on(subject::of_node(to), Body::State(state));
    }

    pub(super) fn entries_under(&self, topic: &Topic) -> Vec<Entry> {
        match topic {
            Topic::Patterns => self.own_patterns(),
            Topic::Channel { app, channel } => {
                let app = self.apps.get(app);
                app.map(|app| app.local_entries(channel)).unwrap_or_default()
            }
        }
    }

    fn on_state(&mut self, node: NodeId, state: State) {
        let answer = state.ask.map(|ask| (ask, state.of, state.entries.clone()));
        match state.topic.clone() {
            Topic::Patterns => {
                let Some(nodes) = &mut self.nodes else { return };
                nodes.patterns.others.state(node, state);
                nodes.patterns.route();
            }
            Topic::Channel { app, channel } => {
                let others = self.apps.get_mut(&app).and_then(|app| app.others_in(&channel));
                if let Some(others) = others {
                    let diff = others.state(node, state);
                    self.tell(&app, &channel, diff);
                }
            }
        }
        if let Some((ask, of, entries)) = answer {
            self.answered(node, ask, Partial::Entries { of, entries });
        }
    }

    fn on_change(&mut self, node: NodeId, seq: u64, topic: Topic, entry: Entry, here: bool) {
        match topic {
            Topic::Patterns => {
                let Some(nodes) = &mut self.nodes else { return };
                nodes.patterns.others.change(node, seq, entry, here);
                nodes.patterns.route();
            }
            Topic::Channel { app, channel } => {
                let others = self.apps.get_mut(&app).and_then(|app| app.others_in(&channel));
                let Some(others) = others else { return };
                let diff = others.change(node, seq, entry, here);
                self.tell(&app, &channel, diff);
            }
        }
    }

    /// Tells this node's subscribers who came and went elsewhere.
    pub(super) fn tell(&mut self, app: &Arc<str>, channel: &Arc<str>, diff: super::Diff) {
        let notice = self.apps.get(app).and_then(|app| app.notice(channel, diff));
        if let Some((to, text)) = notice {
            self.send(FrameKind::Presence, to, text);
        }
    }
}

/// How much of a state goes out at once; below what a bus takes in one message.
const PART_BYTES: usize = 256 << 10;

/// What an entry takes besides its texts.
const ENTRY_EXTRA: usize = 32;

//! The other nodes: one more kind of input and output of the hub.
//!
//! A bus carries messages between nodes, at most once. Whoever drives the hub carries out [`BusOutput`]s in order and
//! reports what the bus did: [`Hub::bus_up`], [`Hub::bus_down`], [`Hub::handed`], [`Hub::unanswered`], [`Hub::received`] and
//! [`Hub::missed`]. A hub that never joined has none of this.
//!
//! | module | concern |
//! |---|---|
//! | `handing` | requests that wait until the bus has their message |
//! | `asking` | questions to all nodes: opening a channel, REST |
//! | `receiving` | what other nodes publish |
//! | `heartbeat` | signs of life, counts, audits, nodes that are gone |
//! | `patterns` | to whom a message is forwarded besides its channel's subject |
//! | `replica` | the copies of what other nodes have |

mod asking;
mod handing;
mod heartbeat;
mod patterns;
mod receiving;
mod replica;
mod subject;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Hub;
use super::io::{BusOutput, Output, Time};
use asking::Asking;
use handing::Handing;
use heartbeat::{Beats, Other};
use patterns::Patterns;
use wire::{Body, Entry, Topic};

pub use asking::{Answer, Reply, Ticket};
pub(super) use handing::{From, Handed, Receiver};
pub(super) use replica::{Diff, Others};
pub(super) use wire::Entry as PeerEntry;

/// One run of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u64);

impl NodeId {
    /// The node with this number, which no other run may have: it is drawn at random.
    #[must_use]
    pub const fn new(number: u64) -> NodeId {
        NodeId(number)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        u64::from_str_radix(text, 16).map(NodeId).map_err(serde::de::Error::custom)
    }
}

/// What a node knows of the bus and of the other nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    id: NodeId,
    bus: Bus,
    /// Counts how often the bus came up.
    session: u64,
    /// The number of the last message.
    seq: u64,
    others: BTreeMap<NodeId, Other>,
    handing: Handing,
    asking: Asking,
    patterns: Patterns,
    beats: Beats,
}

/// Whether the bus can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bus {
    /// There is no connection: requests that need it are refused, and nothing is kept for later.
    Away,
    /// There is one, and the other nodes are being asked for what a node must know before it takes part.
    Joining,
    Up,
}

impl Hub {
    /// From now on this hub is one node of several. Called once, before anybody connects.
    pub fn join(&mut self, id: NodeId, now: Time) {
        self.begin(now);
        self.nodes = Some(Box::new(Nodes {
            id,
            bus: Bus::Away,
            session: 0,
            seq: 0,
            others: BTreeMap::new(),
            handing: Handing::default(),
            asking: Asking::default(),
            patterns: Patterns::default(),
            beats: Beats::default(),
        }));
        self.beat_later();
    }

    /// Whether requests that need the bus can be carried out; always so for a hub that never joined.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.bus == Bus::Up)
    }

    /// How many other nodes are alive.
    #[must_use]
    pub fn other_nodes(&self) -> usize {
        self.nodes.as_ref().map_or(0, |nodes| nodes.others.len())
    }

    /// The bus is connected anew: nothing is listened to yet.
    pub fn bus_up(&mut self, now: Time) {
        self.begin(now);
        let Some(nodes) = &mut self.nodes else { return };
        nodes.bus = Bus::Joining;
        nodes.session += 1;
        for other in nodes.others.values_mut() {
            other.begin_anew(self.now);
        }
        let mut subjects = vec![subject::ALL.to_owned(), subject::of_node(nodes.id)];
        for (name, app) in &self.apps {
            subjects.extend(app.channel_names().map(|channel| subject::of_channel(name, channel)));
            subjects.extend(app.peer_names().map(|peer| subject::of_peer(name, peer)));
        }
        subjects.into_iter().for_each(|subject| self.listen(subject));
        self.publish_alive();
        self.ask_to_take_part();
        self.settle();
    }

    /// The bus is gone. What was on its way may or may not have arrived.
    pub fn bus_down(&mut self, now: Time) {
        self.begin(now);
        let Some(nodes) = &mut self.nodes else { return };
        nodes.bus = Bus::Away;
        self.refuse_what_was_handed();
        self.refuse_what_was_asked();
        self.settle();
    }

    /// The bus has everything up to this number.
    pub fn handed(&mut self, number: u64, now: Time) {
        self.begin(now);
        self.complete_what_was_handed(number);
        self.answer_what_is_complete();
        self.settle();
    }

    /// The node stops, and its clients are gone.
    pub fn leave(&mut self, now: Time) {
        self.begin(now);
        self.publish_on(subject::ALL.to_owned(), Body::Bye);
        self.settle();
    }

    /// A peer's first socket came to this node, or its last one went.
    pub(super) fn peer_moved(&mut self, app: &str, peer: &str, here: bool) {
        if self.bus_is_connected() {
            self.subscribe_if(here, subject::of_peer(app, peer));
        }
    }

    /// A peer came to a channel on this node, or went.
    pub(super) fn presence_moved(
        &mut self,
        app: &Arc<str>,
        channel: &Arc<str>,
        entry: Entry,
        here: bool,
    ) {
        if self.bus_is_connected() {
            let topic = Topic::Channel { app: Arc::clone(app), channel: Arc::clone(channel) };
            let subject = subject::of_channel(app, channel);
            self.publish_on(subject, Body::Change { topic, entry, here });
        }
    }

    fn bus_is_connected(&self) -> bool {
        self.nodes.as_ref().is_some_and(|nodes| nodes.bus != Bus::Away)
    }

    fn listen(&mut self, subject: String) {
        self.subscribe_if(true, subject);
    }

    fn subscribe_if(&mut self, on: bool, subject: String) {
        let output =
            if on { BusOutput::Subscribe { subject } } else { BusOutput::Unsubscribe { subject } };
        self.outputs.push_back(Output::Bus(output));
    }

    /// Publishes a message; the number that the bus will confirm.
    fn publish_on(&mut self, subject: String, body: Body<'_>) -> u64 {
        let Some(nodes) = &mut self.nodes else { return 0 };
        if nodes.bus == Bus::Away {
            return 0;
        }
        self.stats.count_sent(body.kind());
        nodes.seq += 1;
        let payload = wire::envelope(nodes.id, nodes.seq, body);
        self.put(subject, payload, false)
    }

    fn put(&mut self, subject: String, payload: String, needs_subscriber: bool) -> u64 {
        let Some(nodes) = &mut self.nodes else { return 0 };
        let number = nodes.handing.number();
        let output = BusOutput::Publish { number, subject, payload, needs_subscriber };
        self.outputs.push_back(Output::Bus(output));
        number
    }
}

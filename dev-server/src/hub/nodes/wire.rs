//! The messages between nodes, as JSON with a version. Application data is copied through as the text it came as.
//!
//! A node ignores messages of another version and kinds that it does not know, and members that it does not know: so nodes
//! of two releases work side by side. What changes the meaning of a kind needs a new kind or a new version.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use metered_realtime_proto::wire::push_json_string;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::NodeId;
use crate::hub::frames::push_raw;

/// The version of these messages.
const VERSION: u32 = 1;

/// One message on the bus.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Envelope<'a> {
    v: u32,
    /// The sender.
    pub(super) node: NodeId,
    /// Grows with everything that the node says.
    pub(super) seq: u64,
    #[serde(borrow)]
    pub(super) body: Body<'a>,
}

/// What is said.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Body<'a> {
    /// A sign of life, and what is counted over all nodes.
    Alive {
        /// Changes whenever the node was away.
        session: u64,
        apps: BTreeMap<Arc<str>, Counts>,
    },
    /// The node stops.
    Bye,
    /// A question to all nodes, each of which answers.
    Ask { id: u64, question: Question },
    /// How the sender sees the receiver's entries; the receiver answers where that is wrong.
    Audit(Vec<Claim>),
    /// All entries of the sender under a topic, or some of them: an answer.
    State(State),
    /// How many connections were closed: an answer.
    Kicked { ask: u64, closed: usize },
    /// One entry of the sender came or went.
    Change { topic: Topic, entry: Entry, here: bool },
    /// Somebody published to a channel.
    #[serde(borrow)]
    Message(Message<'a>),
    /// Somebody sent to a peer.
    #[serde(borrow)]
    Direct(Direct<'a>),
}

/// What all nodes are asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Question {
    /// Which patterns have you?
    Patterns,
    /// Whom have you there? The asker subscribes; if the name is a pattern, it is to be forwarded to.
    Open { app: Arc<str>, channel: Arc<str> },
    /// Whom have you there?
    Peers { app: Arc<str>, channel: Arc<str> },
    /// Close the peer's connections.
    Kick { app: Arc<str>, peer: Arc<str> },
}

/// What nodes keep a copy of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Topic {
    /// The patterns of a node's subscribers, of all apps.
    Patterns,
    /// Who is in a channel.
    Channel { app: Arc<str>, channel: Arc<str> },
}

/// A peer in a channel, or a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::hub) struct Entry {
    pub(in crate::hub) key: Arc<str>,
    /// A JSON object, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::hub) metadata: Option<Arc<str>>,
}

/// What the sender believes of the receiver.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) topic: Topic,
    pub(super) digest: u64,
}

/// Entries of the sender under a topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// The question that this answers.
    pub(super) ask: Option<u64>,
    pub(super) topic: Topic,
    /// What the sender had said when this was true.
    pub(super) as_of: u64,
    /// How many entries there are in all parts.
    pub(super) of: usize,
    pub(super) entries: Vec<Entry>,
}

/// What is counted over all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) connections: usize,
    pub(super) peak: usize,
    pub(super) messages: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) app: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) channel: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) from: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Direct<'a> {
    #[serde(borrow)]
    pub(super) app: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) to: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) from: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

impl Body<'_> {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Body::Alive { .. } => "alive",
            Body::Bye => "bye",
            Body::Ask { .. } => "ask",
            Body::Audit(_) => "audit",
            Body::State(_) => "state",
            Body::Kicked { .. } => "kicked",
            Body::Change { .. } => "change",
            Body::Message(_) => MESSAGE,
            Body::Direct(_) => DIRECT,
        }
    }
}

impl<'a> Envelope<'a> {
    /// Reads a message; `None` if this release does not know it.
    pub(super) fn parse(payload: &'a [u8]) -> Option<Envelope<'a>> {
        let envelope: Envelope<'a> = serde_json::from_slice(payload).ok()?;
        (envelope.v == VERSION).then_some(envelope)
    }
}

/// Everything but what carries application data.
pub(super) fn envelope(node: NodeId, seq: u64, body: Body<'_>) -> String {
    let envelope = Envelope { v: VERSION, node, seq, body };
    serde_json::to_string(&envelope).expect("these types have string keys and no failing parts")
}

/// What carries application data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried<'a> {
    pub(super) kind: &'static str,
    pub(super) app: &'a str,
    /// `channel` or `to`.
    pub(super) receiver: (&'static str, &'a str),
    pub(super) from: &'a str,
    pub(super) metadata: Option<&'a str>,
    pub(super) data: &'a str,
}

impl Carried<'_> {
    /// The envelope, written by hand so that the data need not be read again.
    pub(super) fn envelope(self, node: NodeId, seq: u64) -> String {
        let (member, receiver) = self.receiver;
        let mut text = format!(
            r#"{{"v":{VERSION},"node":"{node}","seq":{seq},"body":{{"{}":{{"{member}":"#,
            self.kind
        );
        push_json_string(&mut text, receiver);
        for (name, value) in [("app", self.app), ("from", self.from)] {
            text.push_str(",\"");
            text.push_str(name);
            text.push_str("\":");
            push_json_string(&mut text, value);
        }
        push_raw(&mut text, "metadata", self.metadata);
        push_raw(&mut text, "data", Some(self.data));
        text.push_str("}}}");
        text
    }
}

pub(super) const MESSAGE: &str = "message";
pub(super) const DIRECT: &str = "direct";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_crosses_the_bus_as_the_text_it_came_as() {
        let data = r#"{"lone":"\ud800","n":1.0e400, "s" : "\u0061"}"#;
        let carried = Carried {
            kind: MESSAGE,
            app: "a\"b",
            receiver: ("channel", "r/ä"),
            from: "p",
            metadata: Some(r#"{"x":1}"#),
            data,
        };
        let text = carried.envelope(NodeId::new(7), 3);
        let envelope = Envelope::parse(text.as_bytes()).expect("it is of this version");
        assert_eq!((envelope.node, envelope.seq), (NodeId::new(7), 3));
        let Body::Message(message) = envelope.body else { panic!("{text}") };
        assert_eq!((&*message.app, &*message.channel, &*message.from), ("a\"b", "r/ä", "p"));
        assert_eq!(message.metadata.map(RawValue::get), Some(r#"{"x":1}"#));
        assert_eq!(message.data.get(), data);
    }

    #[test]
    fn another_version_and_unknown_kinds_are_ignored_and_unknown_members_are_not() {
        let parses = |text: &str| Envelope::parse(text.as_bytes()).is_some();
        let node = "0000000000000007";
        assert!(parses(&format!(r#"{{"v":1,"node":"{node}","seq":1,"body":"bye"}}"#)));
        assert!(parses(&format!(r#"{{"v":1,"node":"{node}","seq":1,"new":[],"body":"bye"}}"#)));
        assert!(!parses(&format!(r#"{{"v":2,"node":"{node}","seq":1,"body":"bye"}}"#)));
        assert!(!parses(&format!(r#"{{"v":1,"node":"{node}","seq":1,"body":"dance"}}"#)));
        assert!(!parses("nonsense"));
    }
}

//! A client as far as the rules need it: what it asked for, what it was told, and what it may conclude from that.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_server::hub::{ConnId, Time};
use serde_json::Value;

/// One connection.
pub(crate) struct Client {
    pub(crate) node: usize,
    pub(crate) id: ConnId,
    pub(crate) peer: String,
    pub(crate) since: Time,
    /// The channels that it holds, and since when.
    pub(crate) channels: BTreeMap<String, Room>,
    /// Requests without an answer yet.
    pub(crate) pending: BTreeMap<String, Request>,
    /// The number of the last message of a connection in a channel.
    last: BTreeMap<(String, String), u64>,
    pub(crate) got: BTreeSet<u64>,
    pub(crate) errors: BTreeMap<String, usize>,
}

#[derive(Clone)]
pub(crate) enum Request {
    Subscribe(String),
    Unsubscribe(String),
    Publish(u64),
    Send(u64),
}

/// A channel that the client holds.
pub(crate) struct Room {
    pub(crate) since: Time,
    /// `None` until the snapshot.
    pub(crate) present: Option<BTreeSet<String>>,
}

/// How a publish or a send ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acked,
    Refused(String),
}

impl Request {
    fn number(&self) -> Option<u64> {
        match self {
            Request::Publish(number) | Request::Send(number) => Some(*number),
            Request::Subscribe(_) | Request::Unsubscribe(_) => None,
        }
    }
}

impl Client {
    pub(crate) fn new(node: usize, id: ConnId, peer: String, since: Time) -> Client {
        Client {
            node,
            id,
            peer,
            since,
            channels: BTreeMap::new(),
            pending: BTreeMap::new(),
            last: BTreeMap::new(),
            got: BTreeSet::new(),
            errors: BTreeMap::new(),
        }
    }

    /// Reads a frame; panics if it breaks a rule that holds whatever the network does.
    pub(crate) fn read(&mut self, frame: &Value, now: Time) -> Option<(u64, Outcome)> {
        let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
        match &*text("type") {
            "ack" => {
                let request = self.pending.remove(&text("requestId")).expect("acked once");
                match &request {
                    Request::Subscribe(channel) => {
                        let since = self.channels.get(channel).map_or(now, |room| room.since);
                        self.channels.insert(channel.clone(), Room { since, present: None });
                    }
                    Request::Unsubscribe(channel) => {
                        self.channels.remove(channel);
                    }
                    Request::Publish(_) | Request::Send(_) => {}
                }
                request.number().map(|number| (number, Outcome::Acked))
            }
            "error" => {
                let request = self.pending.remove(&text("requestId")).expect("refused once");
                *self.errors.entry(text("code")).or_default() += 1;
                request.number().map(|number| (number, Outcome::Refused(text("code"))))
            }
            "presence" => {
                self.presence(&text("channel"), frame);
                None
            }
            "message" => {
                let number = frame["data"][0].as_u64().expect("a number");
                let key = (text("channel"), frame["data"][1].to_string());
                let last = self.last.insert(key, number).unwrap_or_default();
                assert!(last < number, "{}: {number} after {last}", self.peer);
                assert!(self.got.insert(number), "{}: {number} twice", self.peer);
                None
            }
            "direct" => {
                let number = frame["data"][0].as_u64().expect("a number");
                assert!(self.got.insert(number), "{}: {number} twice", self.peer);
                None
            }
            _ => None,
        }
    }

    fn presence(&mut self, channel: &str, frame: &Value) {
        let peers = |name: &str| -> Vec<String> {
            let entries = frame[name].as_array().expect("an array");
            entries
                .iter()
                .map(|entry| entry["peerId"].as_str().expect("an id").to_owned())
                .collect()
        };
        let Some(room) = self.channels.get_mut(channel) else { return };
        let Some(present) = &mut room.present else {
            room.present = Some(peers("joined").into_iter().collect());
            return;
        };
        for peer in peers("joined") {
            assert!(peer != self.peer, "{peer} is told that it joined");
            assert!(present.insert(peer.clone()), "{}: {peer} joined twice {channel}", self.peer);
        }
        for peer in peers("left") {
            assert!(present.remove(&peer), "{}: {peer} left twice {channel}", self.peer);
        }
    }
}

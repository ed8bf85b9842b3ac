//! A model of the server: who is connected, who is subscribed to what, and the frames that follow from a request.
//!
//! It is faithful and answers at once. Faults are the business of whoever carries the frames.

use std::borrow::Cow;
use std::collections::BTreeMap;

use metered_realtime_proto::wire::{ApplicationFrame, PresencePeer, ServerFrame, Welcome};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The server's clock, in Unix seconds.
pub const SERVER_TIME: u32 = 1_767_222_000;

/// A frame of a client.
#[derive(Debug, Deserialize)]
pub struct Request<'a> {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The channel, if it is about one.
    #[serde(default, borrow)]
    pub channel: Option<Cow<'a, str>>,
    /// The peer that it is for.
    #[serde(default, borrow)]
    pub to: Option<Cow<'a, str>>,
    /// The data.
    #[serde(default, borrow)]
    pub data: Option<&'a RawValue>,
    /// The id that the answer has to name.
    #[serde(default, borrow, rename = "requestId")]
    pub request_id: Option<&'a str>,
    /// Whether messages shall carry the sender's metadata.
    #[serde(default, rename = "includeSenderMetadata")]
    pub include_sender_metadata: bool,
}

impl Request<'_> {
    /// Reads a frame.
    #[must_use]
    pub fn parse(text: &str) -> Option<Request<'_>> {
        serde_json::from_str(text).ok()
    }
}

/// A frame, and the connection that it goes to.
type Addressed = (usize, ServerFrame<String>);

/// What a connection is subscribed to, and whether with the sender's metadata.
pub type Subscription = Option<bool>;

/// The server.
#[derive(Debug, Default)]
pub struct Server {
    /// In the order of their arrival.
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    id: usize,
    peer_id: String,
    channels: BTreeMap<String, bool>,
}

impl Server {
    /// A connection is there, under this peer id from now on.
    pub fn connect(&mut self, id: usize, peer_id: &str) {
        match self.get_mut(id) {
            Some(connection) => peer_id.clone_into(&mut connection.peer_id),
            None => {
                let (peer_id, channels) = (peer_id.to_owned(), BTreeMap::new());
                self.connections.push(Connection { id, peer_id, channels });
            }
        }
    }

    /// Whether the server takes a connection for alive.
    #[must_use]
    pub fn is_connected(&self, id: usize) -> bool {
        self.get(id).is_some()
    }

    /// Whether and how a connection is subscribed to a channel.
    #[must_use]
    pub fn subscription(&self, id: usize, channel: &str) -> Subscription {
        self.get(id)?.channels.get(channel).copied()
    }

    /// A connection is gone. Returns the frames for the others.
    pub fn disconnect(&mut self, id: usize) -> Vec<Addressed> {
        let Some(connection) = self.get(id) else { return Vec::new() };
        let channels: Vec<String> = connection.channels.keys().cloned().collect();
        let frames = channels.iter().flat_map(|channel| self.unsubscribe(id, channel)).collect();
        self.connections.retain(|connection| connection.id != id);
        frames
    }

    /// Carries a request out. Returns the answer, and the frames for others. `None`: no server knows such a frame.
    pub fn handle(&mut self, id: usize, request: &Request<'_>) -> Option<Vec<Addressed>> {
        if request.kind == "ping" {
            return Some(vec![(id, ServerFrame::Pong)]);
        }
        let data = request.data.map_or("null", RawValue::get);
        let answer = answer(id, request.request_id);
        match (request.kind, request.channel.as_deref(), request.to.as_deref()) {
            ("subscribe", Some(channel), None) if is_reserved(channel) => {
                Some(refusal(id, request.request_id, "channel_reserved"))
            }
            ("subscribe", Some(channel), None) => {
                let frames = self.subscribe(id, channel, request.include_sender_metadata);
                Some(answer.into_iter().chain(frames).collect())
            }
            ("unsubscribe", Some(channel), None) => {
                Some(self.unsubscribe(id, channel).into_iter().chain(answer).collect())
            }
            ("publish", Some(channel), None) => {
                Some(self.publish(id, channel, data).into_iter().chain(answer).collect())
            }
            ("send", None, Some(to)) => Some(match self.send(id, to, data) {
                Some(direct) => [direct].into_iter().chain(answer).collect(),
                None => refusal(id, request.request_id, "peer_not_found"),
            }),
            _ => None,
        }
    }

    fn subscribe(&mut self, id: usize, channel: &str, metadata: bool) -> Vec<Addressed> {
        let Some(connection) = self.get_mut(id) else { return Vec::new() };
        let before = connection.channels.insert(channel.to_owned(), metadata);
        let others = self.subscribers(channel, id);
        let joined = others.iter().filter_map(|other| self.presence_peer(*other)).collect();
        let mut frames = vec![(id, presence(channel, joined, Vec::new()))];
        if before.is_none() {
            let joined: Vec<_> = self.presence_peer(id).into_iter().collect();
            let join = |other| (other, presence(channel, joined.clone(), Vec::new()));
            frames.extend(others.into_iter().map(join));
        }
        frames
    }

    fn unsubscribe(&mut self, id: usize, channel: &str) -> Vec<Addressed> {
        let was = self.get_mut(id).and_then(|connection| connection.channels.remove(channel));
        if was.is_none() {
            return Vec::new();
        }
        let left: Vec<_> = self.presence_peer(id).into_iter().collect();
        let leave = |other| (other, presence(channel, Vec::new(), left.clone()));
        self.subscribers(channel, id).into_iter().map(leave).collect()
    }

    fn publish(&self, id: usize, channel: &str, data: &str) -> Vec<Addressed> {
        let message = |other| {
            let metadata = self.subscription(other, channel) == Some(true);
            let frame = ApplicationFrame::Message {
                channel: channel.to_owned(),
                from: self.peer_id(id),
                data: data.to_owned(),
                from_metadata: metadata.then(|| METADATA.to_owned()),
            };
            (other, ServerFrame::Application(frame))
        };
        self.subscribers(channel, id).into_iter().map(message).collect()
    }

    fn send(&self, id: usize, to: &str, data: &str) -> Option<Addressed> {
        let other = self.connections.iter().find(|connection| connection.peer_id == to)?;
        let (from, data) = (self.peer_id(id), data.to_owned());
        let frame = ApplicationFrame::Direct { from, data, from_metadata: None };
        Some((other.id, ServerFrame::Application(frame)))
    }

    fn get(&self, id: usize) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.id == id)
    }

    fn get_mut(&mut self, id: usize) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.id == id)
    }

    fn peer_id(&self, id: usize) -> String {
        self.get(id).map(|connection| connection.peer_id.clone()).unwrap_or_default()
    }

    fn subscribers(&self, channel: &str, except: usize) -> Vec<usize> {
        let others = self.connections.iter().filter(|connection| connection.id != except);
        let subscribed = others.filter(|connection| connection.channels.contains_key(channel));
        subscribed.map(|connection| connection.id).collect()
    }

    fn presence_peer(&self, id: usize) -> Option<PresencePeer<String>> {
        let peer_id = self.get(id)?.peer_id.clone();
        Some(PresencePeer { peer_id, metadata: None })
    }
}

/// A welcome of the server. `lifetime_s`: after how many seconds the token expires.
#[must_use]
pub fn welcome(peer_id: &str, max_message_size: f64, lifetime_s: Option<f64>) -> Welcome {
    let server_time = f64::from(SERVER_TIME);
    Welcome {
        peer_id: peer_id.to_owned(),
        expires_at: lifetime_s.map(|seconds| server_time + seconds),
        server_time,
        max_message_size,
        ice_servers: None,
    }
}

fn is_reserved(channel: &str) -> bool {
    channel.starts_with("_metered/")
}

/// Without an id there is nothing to acknowledge.
fn answer(id: usize, request_id: Option<&str>) -> Option<Addressed> {
    Some((id, ServerFrame::Ack { request_id: request_id?.to_owned() }))
}

fn refusal(id: usize, request_id: Option<&str>, code: &str) -> Vec<Addressed> {
    let frame = ServerFrame::Error {
        code: code.to_owned(),
        request_id: request_id.map(str::to_owned),
        message: Some("refused by the model server".to_owned()),
    };
    vec![(id, frame)]
}

fn presence(
    channel: &str,
    joined: Vec<PresencePeer<String>>,
    left: Vec<PresencePeer<String>>,
) -> ServerFrame<String> {
    let channel = channel.to_owned();
    ServerFrame::Application(ApplicationFrame::Presence { channel, joined, left })
}

/// The metadata of every peer.
const METADATA: &str = r#"{"name":"sim"}"#;

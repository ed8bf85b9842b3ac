//! A model of the server: who is connected, who is subscribed to what, and what it says, truthfully or not.

use std::borrow::Cow;

use metered_realtime_proto::machine::{CallId, SocketId};
use metered_realtime_proto::wire::{ApplicationFrame, PresencePeer, ServerFrame, Welcome};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::agenda::{Happening, Up};
use crate::story::tell;
use crate::world::World;

/// The channels of all sessions. Names travel as they are, so some are awkward; one is reserved.
pub(crate) const CHANNELS: [&str; 6] = ["a", "b", "room/1", "q\"\\\u{1}☃", "fleet/*", "_metered/x"];

/// The one that the server refuses.
pub(crate) const RESERVED: usize = 5;

/// What the server says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// A frame.
    Frame(ServerFrame<String>),
    /// A text that need not be a frame.
    Text(String),
    /// A message that is not text.
    Binary,
    /// A text larger than clients take.
    Oversize,
}

/// One connection, as the server knows it.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// Whether the server takes the connection for alive.
    pub(crate) alive: bool,
    /// The peer id in the last welcome that was said.
    pub(crate) peer: u32,
    /// What it is subscribed to, and whether with metadata.
    pub(crate) channels: [Option<bool>; CHANNELS.len()],
    /// How often a request about the channel was not treated as it ought to be.
    pub(crate) trouble: [u8; CHANNELS.len()],
}

/// A frame of a client.
#[derive(Debug, Deserialize)]
struct Request<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default, borrow)]
    channel: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    to: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "requestId")]
    request_id: Option<&'a str>,
    #[serde(default, rename = "includeSenderMetadata")]
    include_sender_metadata: bool,
}

impl World {
    /// Something reaches the server.
    pub(crate) fn arrives(&mut self, link: usize, up: Up) {
        match up {
            Up::Opened => self.greet(link),
            Up::Closed => self.leave(link),
            Up::Text(text) => {
                if self.links[link].seat.alive {
                    self.request(link, &text);
                }
            }
        }
    }

    fn greet(&mut self, link: usize) {
        let client = self.links[link].client;
        self.links[link].seat.alive = true;
        self.live.push(link);
        if self.dice.chance(self.weather.turns_away) {
            let code = self.draw_close_code();
            return self.server_closes(link, code);
        }
        if self.dice.chance(self.weather.no_welcome) {
            tell!(self, client, "server: no welcome");
            return;
        }
        if self.dice.chance(self.weather.noise) {
            self.noise(link);
        }
        if self.dice.chance(self.weather.bad_welcome) {
            let text = self.dice.pick(&BAD_WELCOMES);
            self.say(link, Said::Text(text.to_owned()));
        } else {
            let welcome = self.welcome(link);
            self.say(link, welcome);
        }
        if self.dice.chance(self.weather.second_welcome) {
            let at = self.now + self.dice.magnitude(20_000);
            let said = self.welcome(link);
            self.agenda.add(at, Happening::Says { link, said });
        }
        if self.dice.chance(self.weather.welcome_then_drop) {
            let code = self.draw_close_code();
            let at = self.now + self.dice.magnitude(15_000);
            self.agenda.add(at, Happening::Closes { link, code });
        }
    }

    pub(crate) fn welcome(&mut self, link: usize) -> Said {
        self.peers += 1;
        self.links[link].seat.peer = self.peers;
        let max_message_size = if self.calm { 65_536.0 } else { self.dice.pick(&CAPS) };
        Said::Frame(ServerFrame::Welcome(Welcome {
            peer_id: peer_name(self.peers),
            expires_at: self.lifetime().map(|lifetime| 1_767_222_000.0 + lifetime),
            server_time: 1_767_222_000.0,
            max_message_size,
            ice_servers: None,
        }))
    }

    /// For how many seconds a token is valid.
    fn lifetime(&mut self) -> Option<f64> {
        if self.calm {
            return None;
        }
        self.dice.pick(&[
            None,
            Some(3_600.0),
            Some(120.0),
            Some(30.0),
            Some(4.0),
            Some(0.0),
            Some(-5.0),
        ])
    }

    fn request(&mut self, link: usize, text: &str) {
        let client = self.links[link].client;
        let Ok(request) = serde_json::from_str::<Request<'_>>(text) else {
            return self.break_rule("frames are JSON", format!("the server got {text}"));
        };
        if request.kind == "ping" {
            if !self.dice.chance(self.weather.no_pong) {
                self.say(link, Said::Frame(ServerFrame::Pong));
            }
            return;
        }
        tell!(self, client, "server: got {text}");
        let call = match request.request_id {
            Some(id) => {
                let Some(call) = id.parse().ok().map(CallId) else {
                    return self.break_rule("ids of requests are numbers", text.to_owned());
                };
                let verdict = self.clients[client].watch.reached(call);
                self.check(verdict);
                Some(call)
            }
            // Changes while a token is renewed go to the new connection too, where nobody waits for the answer.
            None => None,
        };
        let channel = request.channel.as_deref().and_then(channel_index);
        if !self.treats_badly(link, call, &request, channel) {
            self.serve(link, call, &request, channel);
        }
    }

    /// `true`: the server ignores or refuses the request on a whim, or closes.
    fn treats_badly(
        &mut self,
        link: usize,
        call: Option<CallId>,
        request: &Request<'_>,
        channel: Option<usize>,
    ) -> bool {
        if self.dice.chance(self.weather.closes_on_request) {
            let code = self.draw_close_code();
            self.server_closes(link, code);
            return true;
        }
        let subscribes = request.kind == "subscribe";
        if self.dice.chance(self.weather.ignores) {
            tell!(self, self.links[link].client, "server: ignores {call:?}");
            self.spoil(link, channel, if subscribes { 1 } else { HOPELESS });
            return true;
        }
        let contradicts = self.dice.chance(self.weather.contradicts);
        if !contradicts && !self.dice.chance(self.weather.rejects) {
            return false;
        }
        let code = self.dice.pick(&ERROR_CODES);
        let final_code = matches!(code, "channel_reserved" | "invalid_channel");
        let once = subscribes && !contradicts && !final_code;
        self.spoil(link, channel, if once { 1 } else { HOPELESS });
        self.reply(link, refusal(call, code));
        if contradicts {
            self.reply(link, acknowledgement(call));
        }
        true
    }

    fn serve(
        &mut self,
        link: usize,
        call: Option<CallId>,
        request: &Request<'_>,
        channel: Option<usize>,
    ) {
        let data = request.data.map_or("null", RawValue::get);
        let refused = match (request.kind, channel) {
            ("subscribe", Some(RESERVED)) => Some("channel_reserved"),
            ("subscribe", Some(channel)) => {
                return self.seat(link, call, channel, request.include_sender_metadata);
            }
            ("unsubscribe", Some(channel)) => {
                self.unseat(link, channel);
                None
            }
            ("publish", Some(channel)) => {
                self.publish(link, channel, data);
                None
            }
            ("send", None) => self.direct(link, request.to.as_deref().unwrap_or_default(), data),
            _ => {
                let detail = format!("it got {request:?}");
                return self.break_rule("the server knows every frame", detail);
            }
        };
        match refused {
            Some(code) => {
                self.spoil(link, channel, HOPELESS);
                self.reply(link, refusal(call, code));
            }
            None => self.reply(link, acknowledgement(call)),
        }
    }

    fn seat(&mut self, link: usize, call: Option<CallId>, channel: usize, metadata: bool) {
        let before = self.links[link].seat.channels[channel].replace(metadata);
        self.links[link].seat.trouble[channel] = 0;
        self.reply(link, acknowledgement(call));
        let others = self.subscribers(channel, link);
        let joined = others.iter().map(|other| self.presence_peer(*other)).collect();
        self.say(link, presence(channel, joined, Vec::new()));
        if before.is_none() {
            for other in others {
                let joined = vec![self.presence_peer(link)];
                self.say(other, presence(channel, joined, Vec::new()));
            }
        }
    }

    fn unseat(&mut self, link: usize, channel: usize) {
        if self.links[link].seat.channels[channel].take().is_some() {
            for other in self.subscribers(channel, link) {
                let left = vec![self.presence_peer(link)];
                self.say(other, presence(channel, Vec::new(), left));
            }
        }
    }

    fn publish(&mut self, link: usize, channel: usize, data: &str) {
        let from = peer_name(self.links[link].seat.peer);
        for other in self.subscribers(channel, link) {
            let metadata = self.links[other].seat.channels[channel] == Some(true);
            let frame = ServerFrame::Application(ApplicationFrame::Message {
                channel: CHANNELS[channel].to_owned(),
                from: from.clone(),
                data: data.to_owned(),
                from_metadata: metadata.then(|| r#"{"name":"sim"}"#.to_owned()),
            });
            self.say(other, Said::Frame(frame));
        }
    }

    fn direct(&mut self, link: usize, to: &str, data: &str) -> Option<&'static str> {
        let found = self.live.iter().copied().find(|other| {
            self.links[*other].seat.alive && peer_name(self.links[*other].seat.peer) == to
        });
        let Some(other) = found else { return Some("peer_not_found") };
        let frame = ServerFrame::Application(ApplicationFrame::Direct {
            from: peer_name(self.links[link].seat.peer),
            data: data.to_owned(),
            from_metadata: None,
        });
        self.say(other, Said::Frame(frame));
        None
    }

    /// The server takes the connection for gone.
    pub(crate) fn leave(&mut self, link: usize) {
        if !std::mem::take(&mut self.links[link].seat.alive) {
            return;
        }
        self.live.retain(|other| *other != link);
        for channel in 0..CHANNELS.len() {
            self.unseat(link, channel);
        }
    }

    /// After so many failures a client does not try again on this connection.
    fn spoil(&mut self, link: usize, channel: Option<usize>, failures: u8) {
        if let Some(channel) = channel {
            let trouble = &mut self.links[link].seat.trouble[channel];
            *trouble = trouble.saturating_add(failures);
        }
    }

    /// A frame that could not be written counts as one that was not treated well.
    pub(crate) fn spoil_unsent(&mut self, client: usize, socket: SocketId, text: &str) {
        let held = self.clients[client].held.iter().find(|held| held.socket == socket);
        let Some(link) = held.and_then(|held| held.link) else { return };
        if let Ok(request) = serde_json::from_str::<Request<'_>>(text) {
            self.spoil(link, request.channel.as_deref().and_then(channel_index), 1);
        }
    }

    fn subscribers(&self, channel: usize, except: usize) -> Vec<usize> {
        let wants = |link: &usize| self.links[*link].seat.channels[channel].is_some();
        self.live.iter().copied().filter(|link| *link != except && wants(link)).collect()
    }

    fn presence_peer(&self, link: usize) -> PresencePeer<String> {
        PresencePeer { peer_id: peer_name(self.links[link].seat.peer), metadata: None }
    }

    /// A close code of any kind.
    pub(crate) fn draw_close_code(&mut self) -> u16 {
        self.dice.pick(&CLOSE_CODES)
    }
}

/// The id of a peer.
pub(crate) fn peer_name(peer: u32) -> String {
    format!("peer-{peer}")
}

/// Which of the session's channels this is.
pub(crate) fn channel_index(name: &str) -> Option<usize> {
    CHANNELS.iter().position(|channel| *channel == name)
}

pub(crate) fn presence(
    channel: usize,
    joined: Vec<PresencePeer<String>>,
    left: Vec<PresencePeer<String>>,
) -> Said {
    Said::Frame(ServerFrame::Application(ApplicationFrame::Presence {
        channel: CHANNELS[channel].to_owned(),
        joined,
        left,
    }))
}

/// Without an id there is nothing to acknowledge.
fn acknowledgement(call: Option<CallId>) -> Option<Said> {
    Some(Said::Frame(ServerFrame::Ack { request_id: call?.0.to_string() }))
}

fn refusal(call: Option<CallId>, code: &str) -> Option<Said> {
    Some(error_frame(code, call.map(|call| call.0.to_string())))
}

pub(crate) fn error_frame(code: &str, request_id: Option<String>) -> Said {
    Said::Frame(ServerFrame::Error {
        code: code.to_owned(),
        request_id,
        message: Some("says the server".to_owned()),
    })
}

/// A client that gets this does not try again on the connection.
pub(crate) const HOPELESS: u8 = 100;

const CLOSE_CODES: [u16; 20] = [
    1006, 1000, 1001, 1005, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4010, 4011, 4012,
    4020, 3000, 0, 65_535,
];
pub(crate) const ERROR_CODES: [&str; 6] = [
    "backend_error",
    "channel_not_authorized",
    "channel_reserved",
    "invalid_channel",
    "over_message_quota",
    "a code of tomorrow",
];
const CAPS: [f64; 5] = [65_536.0, 65_536.0, 1.0, 40.0, 1e18];
const BAD_WELCOMES: [&str; 5] = [
    r#"{"type":"welcome"}"#,
    r#"{"type":"welcome","peerId":"x","serverTime":1,"maxMessageSize":0}"#,
    r#"{"type":"welcome","peerId":7,"serverTime":1,"maxMessageSize":1}"#,
    r#"{"type":"welcome","peerId":"x","serverTime":"1","maxMessageSize":1,"expiresAt":null}"#,
    r#"{"type":"Welcome","peerId":"x","serverTime":1,"maxMessageSize":1}"#,
];

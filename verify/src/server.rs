//! A model of the server: who is connected, who is subscribed to what, and what it says, truthfully or not.

use std::borrow::Cow;

use metered_realtime::machine::CallId;
use metered_realtime::wire::{PresencePeer, ServerFrame, Welcome};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::agenda::{Happening, News, Up};
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
    pub alive: bool,
    /// The peer id in the last welcome that was said.
    pub peer: u32,
    /// What it is subscribed to, and whether with metadata.
    pub channels: [Option<bool>; CHANNELS.len()],
    /// Where a subscribe was not treated as it ought to be; then nothing is expected of the channel.
    pub trouble: [bool; CHANNELS.len()],
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

    fn welcome(&mut self, link: usize) -> Said {
        self.peers += 1;
        self.links[link].seat.peer = self.peers;
        let max_message_size = if self.calm { 65_536.0 } else { self.dice.pick(&CAPS) };
        Said::Frame(ServerFrame::Welcome(Welcome {
            peer_id: peer_name(self.peers),
            expires_at: (self.dice.below(2) == 1).then_some(1_767_225_600.0),
            server_time: 1_767_222_000.0,
            max_message_size,
            ice_servers: None,
        }))
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
        let id = request.request_id.unwrap_or_default();
        let Some(call) = id.parse().ok().map(CallId) else {
            return self.break_rule("requests have ids", format!("the server got {text}"));
        };
        tell!(self, client, "server: got {text}");
        let verdict = self.clients[client].watch.reached(call);
        if let Err(broken) = verdict {
            return self.fail(broken);
        }
        if self.dice.chance(self.weather.closes_on_request) {
            let code = self.draw_close_code();
            return self.server_closes(link, code);
        }
        let channel = request.channel.as_deref().and_then(channel_index);
        let subscribes = request.kind == "subscribe";
        if self.dice.chance(self.weather.ignores) {
            tell!(self, client, "server: ignores {}", call.0);
            return self.spoil(link, channel.filter(|_| subscribes));
        }
        let contradicts = self.dice.chance(self.weather.contradicts);
        if contradicts || self.dice.chance(self.weather.rejects) {
            self.spoil(link, channel.filter(|_| subscribes));
            let code = self.dice.pick(&ERROR_CODES);
            self.reply(link, refusal(call, code));
            if contradicts {
                self.reply(link, acknowledgement(call));
            }
            return;
        }
        let refused = match (request.kind, channel) {
            ("subscribe", Some(RESERVED)) => Some("channel_reserved"),
            ("subscribe", Some(channel)) => {
                self.seat(link, call, channel, request.include_sender_metadata);
                return;
            }
            ("unsubscribe", Some(channel)) => {
                self.unseat(link, channel);
                None
            }
            ("publish", Some(channel)) => {
                let data = request.data.map_or("null", RawValue::get);
                self.publish(link, channel, data);
                None
            }
            ("send", None) => {
                let data = request.data.map_or("null", RawValue::get);
                self.direct(link, request.to.as_deref().unwrap_or_default(), data)
            }
            _ => {
                return self.break_rule("the server knows every frame", format!("it got {text}"));
            }
        };
        match refused {
            Some(code) => {
                self.spoil(link, channel);
                self.reply(link, refusal(call, code));
            }
            None => self.reply(link, acknowledgement(call)),
        }
    }

    fn seat(&mut self, link: usize, call: CallId, channel: usize, metadata: bool) {
        let before = self.links[link].seat.channels[channel].replace(metadata);
        self.links[link].seat.trouble[channel] = false;
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
            let frame = ServerFrame::Message {
                channel: CHANNELS[channel].to_owned(),
                from: from.clone(),
                data: data.to_owned(),
                from_metadata: metadata.then(|| r#"{"name":"sim"}"#.to_owned()),
            };
            self.say(other, Said::Frame(frame));
        }
    }

    fn direct(&mut self, link: usize, to: &str, data: &str) -> Option<&'static str> {
        let found = self.live.iter().copied().find(|other| {
            self.links[*other].seat.alive && peer_name(self.links[*other].seat.peer) == to
        });
        let Some(other) = found else { return Some("peer_not_found") };
        let frame = ServerFrame::Direct {
            from: peer_name(self.links[link].seat.peer),
            data: data.to_owned(),
            from_metadata: None,
        };
        self.say(other, Said::Frame(frame));
        None
    }

    /// An answer: lost, late, twice, or as it should be.
    fn reply(&mut self, link: usize, said: Said) {
        if self.dice.chance(self.weather.no_answer) {
            return;
        }
        if self.dice.chance(self.weather.answers_twice) {
            let at = self.now + self.dice.magnitude(30_000);
            self.agenda.add(at, Happening::Says { link, said: said.clone() });
        }
        if self.dice.chance(self.weather.late_answer) {
            let at = self.now + self.dice.magnitude(40_000);
            self.agenda.add(at, Happening::Says { link, said });
        } else {
            self.say(link, said);
        }
    }

    /// The server says something, if the connection is still there.
    pub(crate) fn say(&mut self, link: usize, said: Said) {
        if self.links[link].seat.alive {
            if self.dice.chance(self.weather.nonsense) {
                let nonsense = match self.dice.below(12) {
                    0 => Said::Binary,
                    11 => Said::Oversize,
                    other => Said::Text(NONSENSE[other as usize % NONSENSE.len()].to_owned()),
                };
                self.send_down(link, News::Said(nonsense));
            }
            self.send_down(link, News::Said(said));
        }
    }

    /// Something that nobody asked for.
    pub(crate) fn noise(&mut self, link: usize) {
        let client = self.links[link].client;
        let call = self.clients[client].watch.draw_call(&mut self.dice);
        let said = match self.dice.below(12) {
            0 => Said::Frame(ServerFrame::Pong),
            1 => Said::Frame(ServerFrame::GoingAway { retry_after_ms: 2_000.0 }),
            2 => error_frame("unknown_type", None),
            3 => error_frame("internal_error", None),
            4 => acknowledgement(call),
            5 => refusal(call, self.dice.pick(&ERROR_CODES)),
            6 => error_frame("backend_error", Some(self.dice.pick(&ODD_IDS).to_owned())),
            7 => Said::Frame(ServerFrame::Ack { request_id: self.dice.pick(&ODD_IDS).to_owned() }),
            8 => self.welcome(link),
            9 => presence(0, Vec::new(), Vec::new()),
            10 => Said::Frame(ServerFrame::Direct {
                from: "nobody".into(),
                data: "{}".into(),
                from_metadata: Some("{}".into()),
            }),
            _ => Said::Frame(ServerFrame::Message {
                channel: "never subscribed".into(),
                from: "nobody".into(),
                data: "null".into(),
                from_metadata: None,
            }),
        };
        self.say(link, said);
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

    fn spoil(&mut self, link: usize, channel: Option<usize>) {
        if let Some(channel) = channel {
            self.links[link].seat.trouble[channel] = true;
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

fn presence(
    channel: usize,
    joined: Vec<PresencePeer<String>>,
    left: Vec<PresencePeer<String>>,
) -> Said {
    Said::Frame(ServerFrame::Presence { channel: CHANNELS[channel].to_owned(), joined, left })
}

fn acknowledgement(call: CallId) -> Said {
    Said::Frame(ServerFrame::Ack { request_id: call.0.to_string() })
}

fn refusal(call: CallId, code: &str) -> Said {
    error_frame(code, Some(call.0.to_string()))
}

fn error_frame(code: &str, request_id: Option<String>) -> Said {
    Said::Frame(ServerFrame::Error {
        code: code.to_owned(),
        request_id,
        message: Some("says the server".to_owned()),
    })
}

const CLOSE_CODES: [u16; 20] = [
    1006, 1000, 1001, 1005, 1008, 1009, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4010, 4011, 4012,
    4020, 3000, 0, 65_535,
];
const ERROR_CODES: [&str; 6] = [
    "backend_error",
    "channel_not_authorized",
    "channel_reserved",
    "invalid_channel",
    "over_message_quota",
    "a code of tomorrow",
];
const CAPS: [f64; 5] = [65_536.0, 65_536.0, 1.0, 40.0, 1e18];
const ODD_IDS: [&str; 8] =
    ["0", "007", "+7", "4294967296", "-1", "1e1", "not a number", "99999999999999999999999"];
const BAD_WELCOMES: [&str; 5] = [
    r#"{"type":"welcome"}"#,
    r#"{"type":"welcome","peerId":"x","serverTime":1,"maxMessageSize":0}"#,
    r#"{"type":"welcome","peerId":7,"serverTime":1,"maxMessageSize":1}"#,
    r#"{"type":"welcome","peerId":"x","serverTime":"1","maxMessageSize":1,"expiresAt":null}"#,
    r#"{"type":"Welcome","peerId":"x","serverTime":1,"maxMessageSize":1}"#,
];
const NONSENSE: [&str; 10] = [
    "",
    "{",
    "null",
    "[]",
    r#"{"type":7}"#,
    r#"{"type":"ack"}"#,
    r#"{"type":"ack","requestId":1}"#,
    r#"{"type":"presence","channel":"a"}"#,
    r#"{"type":"error","code":""}"#,
    r#"{"type":"__proto__"}"#,
];

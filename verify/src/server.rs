//! The server of a session: the model server, and faults in what it does.

use metered_realtime_proto::machine::{CallId, SocketId};
use metered_realtime_proto::wire::ServerFrame;
use metered_realtime_proto_testing::{Request, welcome};

use crate::messages::{CHANNELS, ServerMessage, channel_index, error_frame, peer_name};
use crate::schedule::{Scheduled, Upstream};
use crate::trace::trace;
use crate::world::World;

impl World {
    /// A message reaches the server.
    pub(crate) fn arrives(&mut self, link: usize, up: Upstream) {
        match up {
            Upstream::Opened => self.greet(link),
            Upstream::Closed => self.leave(link),
            Upstream::Text(text) => {
                if self.server.is_connected(link) {
                    self.request(link, &text);
                }
            }
        }
    }

    fn greet(&mut self, link: usize) {
        let client = self.links[link].client;
        self.server.connect(link, &peer_name(0));
        if self.dice.chance(self.faults.turns_away) {
            let code = self.draw_close_code();
            return self.server_closes(link, code);
        }
        if self.dice.chance(self.faults.no_welcome) {
            trace!(self, client, "server: no welcome");
            return;
        }
        if self.dice.chance(self.faults.unsolicited) {
            self.sends_unsolicited(link);
        }
        if self.dice.chance(self.faults.bad_welcome) {
            let text = self.dice.pick(&BAD_WELCOMES);
            self.server_sends(link, ServerMessage::Text(text.to_owned()));
        } else {
            let welcome = self.welcome(link);
            self.server_sends(link, welcome);
        }
        if self.dice.chance(self.faults.second_welcome) {
            let at = self.now + self.dice.magnitude(20_000);
            let message = self.welcome(link);
            self.schedule.add(at, Scheduled::ServerSends { link, message });
        }
        if self.dice.chance(self.faults.welcome_then_drop) {
            let code = self.draw_close_code();
            let at = self.now + self.dice.magnitude(15_000);
            self.schedule.add(at, Scheduled::Closes { link, code });
        }
    }

    pub(crate) fn welcome(&mut self, link: usize) -> ServerMessage {
        self.peers += 1;
        let peer_id = peer_name(self.peers);
        self.server.connect(link, &peer_id);
        let max_message_size = if self.faults_over { 65_536.0 } else { self.dice.pick(&CAPS) };
        let lifetime = self.lifetime();
        ServerMessage::Frame(ServerFrame::Welcome(welcome(&peer_id, max_message_size, lifetime)))
    }

    /// How many seconds a token is valid.
    fn lifetime(&mut self) -> Option<f64> {
        if self.faults_over {
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
        let Some(request) = Request::parse(text) else {
            return self.break_rule("frames are JSON", format!("the server got {text}"));
        };
        if request.kind == "ping" {
            if !self.dice.chance(self.faults.no_pong) {
                self.server_sends(link, ServerMessage::Frame(ServerFrame::Pong));
            }
            return;
        }
        trace!(self, client, "server: got {text}");
        let call = match request.request_id {
            Some(id) => {
                let Some(call) = id.parse().ok().map(CallId) else {
                    return self.break_rule("ids of requests are numbers", text.to_owned());
                };
                let verdict = self.clients[client].checker.reached(call);
                self.check(verdict);
                Some(call)
            }
            // While a token is renewed, changes are also sent on the new connection, where nobody waits for the answer.
            None => None,
        };
        let channel = request.channel.as_deref().and_then(channel_index);
        if !self.misbehaves(link, call, &request, channel) {
            self.serve(link, &request, channel);
        }
    }

    /// `true`: by a fault, the server ignores or refuses the request, or closes the connection.
    fn misbehaves(
        &mut self,
        link: usize,
        call: Option<CallId>,
        request: &Request<'_>,
        channel: Option<usize>,
    ) -> bool {
        if self.dice.chance(self.faults.closes_on_request) {
            let code = self.draw_close_code();
            self.server_closes(link, code);
            return true;
        }
        let subscribes = request.kind == "subscribe";
        if self.dice.chance(self.faults.ignores) {
            trace!(self, self.links[link].client, "server: ignores {call:?}");
            self.note_failures(link, channel, if subscribes { 1 } else { HOPELESS });
            return true;
        }
        let contradicts = self.dice.chance(self.faults.contradicts);
        if !contradicts && !self.dice.chance(self.faults.rejects) {
            return false;
        }
        let code = self.dice.pick(&ERROR_CODES);
        let final_code = matches!(code, "channel_reserved" | "invalid_channel");
        let once = subscribes && !contradicts && !final_code;
        self.note_failures(link, channel, if once { 1 } else { HOPELESS });
        self.reply(link, error_frame(code, call.map(|call| call.0.to_string())));
        if let Some(call) = call.filter(|_| contradicts) {
            let request_id = call.0.to_string();
            self.reply(link, ServerMessage::Frame(ServerFrame::Ack { request_id }));
        }
        true
    }

    fn serve(&mut self, link: usize, request: &Request<'_>, channel: Option<usize>) {
        let Some(frames) = self.server.handle(link, request) else {
            let detail = format!("it got {request:?}");
            return self.break_rule("the server knows every frame", detail);
        };
        if request.kind == "subscribe"
            && let Some(channel) = channel
            && self.server.subscription(link, CHANNELS[channel]).is_some()
        {
            self.links[link].request_failures[channel] = 0;
        }
        for (to, frame) in frames {
            match frame {
                ServerFrame::Error { .. } => {
                    self.note_failures(link, channel, HOPELESS);
                    self.reply(to, ServerMessage::Frame(frame));
                }
                ServerFrame::Ack { .. } => self.reply(to, ServerMessage::Frame(frame)),
                ServerFrame::Application(_)
                | ServerFrame::Welcome(_)
                | ServerFrame::GoingAway { .. }
                | ServerFrame::Pong => self.server_sends(to, ServerMessage::Frame(frame)),
            }
        }
    }

    /// The server learns that a connection is gone.
    pub(crate) fn leave(&mut self, link: usize) {
        for (to, frame) in self.server.disconnect(link) {
            self.server_sends(to, ServerMessage::Frame(frame));
        }
    }

    /// Counts failed requests. After enough of them a client does not try again on this connection.
    fn note_failures(&mut self, link: usize, channel: Option<usize>, failures: u8) {
        if let Some(channel) = channel {
            let request_failures = &mut self.links[link].request_failures[channel];
            *request_failures = request_failures.saturating_add(failures);
        }
    }

    /// A frame that could not be written counts as a failed request.
    pub(crate) fn note_unsent(&mut self, client: usize, socket: SocketId, text: &str) {
        let held = self.clients[client].held.iter().find(|held| held.socket == socket);
        let Some(link) = held.and_then(|held| held.link) else { return };
        if let Some(request) = Request::parse(text) {
            self.note_failures(link, request.channel.as_deref().and_then(channel_index), 1);
        }
    }

    /// A close code of any kind.
    pub(crate) fn draw_close_code(&mut self) -> u16 {
        self.dice.pick(&CLOSE_CODES)
    }
}

/// After this many failures a client does not try again on the connection.
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

//! Messages of the server: answers, which may be lost, late or repeated, and frames that nobody asked for.

use metered_realtime_proto::wire::{ApplicationFrame, ServerFrame};

use crate::messages::{CHANNELS, ServerMessage, error_frame};
use crate::schedule::{Scheduled, SocketEvent};
use crate::server::{ERROR_CODES, HOPELESS};
use crate::world::World;

impl World {
    /// Sends an answer, which may be lost, late or repeated.
    pub(crate) fn reply(&mut self, link: usize, message: ServerMessage) {
        if self.dice.chance(self.faults.no_answer) {
            return;
        }
        if self.dice.chance(self.faults.answers_twice) {
            let at = self.now + self.dice.magnitude(30_000);
            self.schedule.add(at, Scheduled::ServerSends { link, message: message.clone() });
        }
        if self.dice.chance(self.faults.late_answer) {
            let at = self.now + self.dice.magnitude(40_000);
            self.schedule.add(at, Scheduled::ServerSends { link, message });
        } else {
            self.server_sends(link, message);
        }
    }

    /// Sends a message, if the connection still exists.
    pub(crate) fn server_sends(&mut self, link: usize, message: ServerMessage) {
        if self.server.is_connected(link) {
            if self.dice.chance(self.faults.malformed) {
                let malformed = match self.dice.below(12) {
                    0 => ServerMessage::Binary,
                    11 => ServerMessage::Oversize,
                    other => {
                        ServerMessage::Text(MALFORMED[other as usize % MALFORMED.len()].to_owned())
                    }
                };
                self.send_down(link, SocketEvent::ServerMessage(malformed));
            }
            self.send_down(link, SocketEvent::ServerMessage(message));
        }
    }

    /// Sends a frame that nobody asked for.
    pub(crate) fn sends_unsolicited(&mut self, link: usize) {
        let client = self.links[link].client;
        let call = self.clients[client].checker.draw_call(&mut self.dice);
        let message = match self.dice.below(12) {
            0 => ServerMessage::Frame(ServerFrame::Pong),
            1 => {
                let retry_after_ms = self.dice.pick(&[2_000.0, 0.5, 1e12]);
                ServerMessage::Frame(ServerFrame::GoingAway { retry_after_ms })
            }
            2 => error_frame("unknown_type", None),
            3 => error_frame("internal_error", None),
            4 => {
                // A false ack: nobody can know what the client now thinks of its channels.
                self.links[link].request_failures = [HOPELESS; CHANNELS.len()];
                ServerMessage::Frame(ServerFrame::Ack { request_id: call.0.to_string() })
            }
            5 => error_frame(self.dice.pick(&ERROR_CODES), Some(call.0.to_string())),
            6 => error_frame("backend_error", Some(self.dice.pick(&ODD_IDS).to_owned())),
            7 => ServerMessage::Frame(ServerFrame::Ack {
                request_id: self.dice.pick(&ODD_IDS).to_owned(),
            }),
            8 => self.welcome(link),
            9 => ServerMessage::Frame(ServerFrame::Application(ApplicationFrame::Presence {
                channel: CHANNELS[0].to_owned(),
                joined: Vec::new(),
                left: Vec::new(),
            })),
            10 => ServerMessage::Frame(ServerFrame::Application(ApplicationFrame::Direct {
                from: "nobody".into(),
                data: "{}".into(),
                from_metadata: Some("{}".into()),
            })),
            _ => ServerMessage::Frame(ServerFrame::Application(ApplicationFrame::Message {
                channel: "never subscribed".into(),
                from: "nobody".into(),
                data: "null".into(),
                from_metadata: None,
            })),
        };
        self.server_sends(link, message);
    }
}

const ODD_IDS: [&str; 8] =
    ["00", "007", "+7", "4294967296", "-1", "1e1", "not a number", "99999999999999999999999"];
const MALFORMED: [&str; 10] = [
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

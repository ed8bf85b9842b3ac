//! What the server says: answers, lost, late, twice or as they should be, and what nobody asked for.

use metered_realtime_proto::wire::{ApplicationFrame, ServerFrame};

use crate::agenda::{Happening, News};
use crate::server::{CHANNELS, ERROR_CODES, HOPELESS, Said, error_frame, presence};
use crate::world::World;

impl World {
    /// An answer: lost, late, twice, or as it should be.
    pub(crate) fn reply(&mut self, link: usize, said: Option<Said>) {
        let Some(said) = said else { return };
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
            1 => {
                let retry_after_ms = self.dice.pick(&[2_000.0, 0.5, 1e12]);
                Said::Frame(ServerFrame::GoingAway { retry_after_ms })
            }
            2 => error_frame("unknown_type", None),
            3 => error_frame("internal_error", None),
            4 => {
                // A lie: nobody knows what the client makes of its channels now.
                self.links[link].seat.trouble = [HOPELESS; CHANNELS.len()];
                Said::Frame(ServerFrame::Ack { request_id: call.0.to_string() })
            }
            5 => error_frame(self.dice.pick(&ERROR_CODES), Some(call.0.to_string())),
            6 => error_frame("backend_error", Some(self.dice.pick(&ODD_IDS).to_owned())),
            7 => Said::Frame(ServerFrame::Ack { request_id: self.dice.pick(&ODD_IDS).to_owned() }),
            8 => self.welcome(link),
            9 => presence(0, Vec::new(), Vec::new()),
            10 => Said::Frame(ServerFrame::Application(ApplicationFrame::Direct {
                from: "nobody".into(),
                data: "{}".into(),
                from_metadata: Some("{}".into()),
            })),
            _ => Said::Frame(ServerFrame::Application(ApplicationFrame::Message {
                channel: "never subscribed".into(),
                from: "nobody".into(),
                data: "null".into(),
                from_metadata: None,
            })),
        };
        self.say(link, said);
    }
}

const ODD_IDS: [&str; 8] =
    ["00", "007", "+7", "4294967296", "-1", "1e1", "not a number", "99999999999999999999999"];
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

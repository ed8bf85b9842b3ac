//! What a client hears: news of its sockets, on the ordinary way and on the short one of the npm package.

use metered_realtime_proto::machine::{Admission, CallId, Input, SocketId};
use metered_realtime_proto::wire::{Malformed, ServerFrame};

use crate::agenda::News;
use crate::json;
use crate::server::Said;
use crate::story::tell;
use crate::world::World;

impl World {
    /// News reach the process of a client.
    pub(crate) fn hears(&mut self, link: usize, news: News) {
        let Some(state) = self.links.get(link) else { return };
        let (client, socket) = (state.client, state.socket);
        if state.mute || (state.down_lost && !matches!(news, News::Closed(_))) {
            return;
        }
        let held = &mut self.clients[client].held;
        let Some(at) = held.iter().position(|held| held.link == Some(link)) else {
            if self.dice.chance(self.weather.stale_news) {
                self.feed_news(client, socket, news);
            }
            return;
        };
        match &news {
            News::Opened => held[at].opened = true,
            News::Said(_) => {}
            News::Closed(_) => {
                held.remove(at);
            }
        }
        let again = match &news {
            News::Closed(close) if self.dice.chance(self.weather.close_twice) => {
                Some(close.clone())
            }
            News::Closed(_) | News::Opened | News::Said(_) => None,
        };
        self.feed_news(client, socket, news);
        if let Some(close) = again {
            self.feed(client, Input::SocketClosed { socket, close });
        }
    }

    pub(crate) fn feed_news(&mut self, client: usize, socket: SocketId, news: News) {
        let input = match news {
            News::Opened => Input::SocketOpened { socket },
            News::Closed(close) => Input::SocketClosed { socket, close },
            News::Said(Said::Binary) => Input::Binary { socket },
            News::Said(Said::Oversize) => Input::Oversize { socket },
            News::Said(Said::Text(text)) => match json::decode_text(&text) {
                Ok(frame) => Input::Frame { socket, frame },
                Err(why) => Input::Malformed { socket, why },
            },
            News::Said(Said::Frame(frame)) => {
                if self.clients[client].short_path && self.takes_short_path(client, socket, &frame)
                {
                    return;
                }
                if self.spoken {
                    self.speak(socket, &frame)
                } else {
                    Input::Frame { socket, frame }
                }
            }
        };
        self.feed(client, input);
    }

    /// The frame as text, and back.
    pub(crate) fn speak(&mut self, socket: SocketId, frame: &ServerFrame<String>) -> Input<String> {
        match json::decode_text(&json::encode(frame)) {
            Ok(decoded) => {
                if decoded != *frame {
                    let detail = format!("{frame:?} became {decoded:?}");
                    self.break_rule("frames survive the wire", detail);
                }
                Input::Frame { socket, frame: decoded }
            }
            Err(why) => {
                self.break_rule("frames survive the wire", format!("{frame:?}: {why:?}"));
                Input::Malformed { socket, why: Malformed::NotJson }
            }
        }
    }

    /// Messages and acks, as the npm package takes them to the user without the machine's rules.
    pub(crate) fn takes_short_path(
        &mut self,
        client: usize,
        socket: SocketId,
        frame: &ServerFrame<String>,
    ) -> bool {
        let acked = if let ServerFrame::Ack { request_id } = frame {
            let call = request_id.parse().map(CallId);
            let Some(call) = call.ok().filter(|call| call.0.to_string() == *request_id) else {
                return false;
            };
            if !self.clients[client].watch.is_pending(call) {
                return false;
            }
            Some(call)
        } else if matches!(frame, ServerFrame::Message { .. } | ServerFrame::Direct { .. }) {
            None
        } else {
            return false;
        };
        let clock = self.clock(client);
        let state = &mut self.clients[client];
        if state.pumping || state.machine.has_output() {
            return false;
        }
        let tell = if acked.is_some() {
            state.machine.heard(socket, clock)
        } else {
            let admission = state.machine.admit(socket, false, clock);
            let verdict = state.watch.admits(socket, admission);
            self.check(verdict);
            admission == Admission::Tell
        };
        let state = &mut self.clients[client];
        state.watch.heard(socket);
        if !tell {
            // An ack goes the ordinary way then.
            return acked.is_none();
        }
        state.pumping = true;
        let taken = match acked {
            Some(call) => {
                let taken = self.clients[client].machine.take_acked(call);
                if taken {
                    tell!(self, client, "-- ack {} by the short path", call.0);
                    let verdict = self.clients[client].watch.acked_directly(call);
                    self.check(verdict);
                }
                taken
            }
            None => {
                tell!(self, client, "-- message by the short path");
                self.handlers_run(client);
                true
            }
        };
        self.clients[client].pumping = false;
        if self.clients[client].machine.has_output() {
            self.pump(client);
        }
        taken
    }
}

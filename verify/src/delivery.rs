//! Delivers socket events to a client, through the machine's queue or on the short way past it.

use metered_realtime_proto::machine::{CallId, Input, SocketId};
use metered_realtime_proto::wire::{ApplicationFrame, Malformed, ServerFrame};
use metered_realtime_proto_testing::{decode_text, encode};

use crate::messages::ServerMessage;
use crate::schedule::SocketEvent;
use crate::trace::trace;
use crate::world::World;

impl World {
    /// A socket event reaches the process of a client.
    pub(crate) fn deliver(&mut self, link: usize, event: SocketEvent) {
        let Some(state) = self.links.get(link) else { return };
        let (client, socket) = (state.client, state.socket);
        if state.mute || (state.down_lost && !matches!(event, SocketEvent::Closed(_))) {
            return;
        }
        let held = &mut self.clients[client].held;
        let Some(at) = held.iter().position(|held| held.link == Some(link)) else {
            if self.dice.chance(self.faults.stale_events) {
                self.feed_event(client, socket, event);
            }
            return;
        };
        match &event {
            SocketEvent::Opened => held[at].opened = true,
            SocketEvent::ServerMessage(_) => {}
            SocketEvent::Closed(_) => {
                held.remove(at);
            }
        }
        let again = match &event {
            SocketEvent::Closed(close) if self.dice.chance(self.faults.close_twice) => {
                Some(close.clone())
            }
            SocketEvent::Closed(_) | SocketEvent::Opened | SocketEvent::ServerMessage(_) => None,
        };
        self.feed_event(client, socket, event);
        if let Some(close) = again {
            self.feed(client, Input::SocketClosed { socket, close });
        }
    }

    pub(crate) fn feed_event(&mut self, client: usize, socket: SocketId, event: SocketEvent) {
        let input = match event {
            SocketEvent::Opened => Input::SocketOpened { socket },
            SocketEvent::Closed(close) => Input::SocketClosed { socket, close },
            SocketEvent::ServerMessage(ServerMessage::Binary) => Input::Binary { socket },
            SocketEvent::ServerMessage(ServerMessage::Oversize) => Input::Oversize { socket },
            SocketEvent::ServerMessage(ServerMessage::Text(text)) => match decode_text(&text) {
                Ok(frame) => Input::Frame { socket, frame },
                Err(why) => Input::Malformed { socket, why },
            },
            SocketEvent::ServerMessage(ServerMessage::Frame(frame)) => {
                if self.clients[client].short_path && self.takes_short_path(client, socket, &frame)
                {
                    return;
                }
                if self.as_text {
                    self.through_text(socket, &frame)
                } else {
                    Input::Frame { socket, frame }
                }
            }
        };
        self.feed(client, input);
    }

    /// Writes the frame as text and reads it again.
    pub(crate) fn through_text(
        &mut self,
        socket: SocketId,
        frame: &ServerFrame<String>,
    ) -> Input<String> {
        match decode_text(&encode(frame)) {
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

    /// Takes messages and acks of publishes past the machine's queue, as drivers do. `false`: the frame goes through the queue.
    fn takes_short_path(
        &mut self,
        client: usize,
        socket: SocketId,
        frame: &ServerFrame<String>,
    ) -> bool {
        if self.clients[client].pumping {
            return false;
        }
        let taken = match frame {
            ServerFrame::Ack { request_id } => self.takes_ack(client, socket, request_id),
            ServerFrame::Application(
                ApplicationFrame::Message { .. } | ApplicationFrame::Direct { .. },
            ) => self.takes_message(client, socket),
            ServerFrame::Application(ApplicationFrame::Presence { .. })
            | ServerFrame::Welcome(_)
            | ServerFrame::Error { .. }
            | ServerFrame::GoingAway { .. }
            | ServerFrame::Pong => false,
        };
        if taken && self.clients[client].machine.has_output() {
            self.pump(client);
        }
        taken
    }

    fn takes_ack(&mut self, client: usize, socket: SocketId, request_id: &str) -> bool {
        let Some(call) = CallId::from_request_id(request_id) else { return false };
        let clock = self.clock(client);
        let state = &mut self.clients[client];
        // Only the machine knows the ids of replays.
        if !state.checker.is_pending(call) {
            return false;
        }
        let taken = state.machine.take_ack(socket, call, clock);
        state.checker.note_alive(socket);
        if taken {
            trace!(self, client, "-- ack {} on the short way", call.0);
            let verdict = self.clients[client].checker.acked_directly(call);
            self.check(verdict);
        }
        taken
    }

    fn takes_message(&mut self, client: usize, socket: SocketId) -> bool {
        let clock = self.clock(client);
        let state = &mut self.clients[client];
        let busy = state.machine.has_output();
        let admitted = state.machine.admit(socket, clock);
        let verdict = state.checker.admits(socket, admitted, busy);
        state.checker.note_alive(socket);
        self.check(verdict);
        if admitted {
            trace!(self, client, "-- message on the short way");
            self.clients[client].pumping = true;
            self.handlers_run(client);
            self.clients[client].pumping = false;
        }
        admitted
    }
}

//! The machine's events as the typed events of the surface.

use super::emitter::{Emitter, Spawn};
use super::errors::TokenProviderFailure;
use super::events::{
    Connected, Direct, Disconnected, GoingAway, Message, Presence, PresencePeer, ServerError,
    StateChange, TokenProviderError,
};
use crate::data::Payload;
use metered_realtime_proto::{machine, wire};

impl Emitter {
    /// Hands an event to its listeners. The futures of asynchronous handlers go to `spawn`.
    pub(crate) fn dispatch<P>(
        &self,
        event: machine::Event<P>,
        payload: fn(P) -> Payload,
        spawn: Spawn<'_>,
    ) {
        use machine::Event;
        match event {
            Event::Application(frame) => self.dispatch_frame(frame, payload, spawn),
            Event::StateChange { from, to } => self.emit(&StateChange { from, to }, spawn),
            Event::Connected(connected) => self.emit(&Connected::from(connected), spawn),
            Event::Disconnected { code, reason, will_reconnect } => {
                self.emit(&Disconnected { code, reason, will_reconnect }, spawn);
            }
            Event::ServerError { code, message, request_id, channel } => {
                self.emit(&ServerError { code, message, request_id, channel }, spawn);
            }
            Event::GoingAway { retry_after_ms } => self.emit(&GoingAway { retry_after_ms }, spawn),
            Event::TokenProviderError { consecutive_failures, error } => {
                let err = TokenProviderFailure { message: error.message };
                self.emit(&TokenProviderError { consecutive_failures, err }, spawn);
            }
        }
    }

    fn dispatch_frame<P>(
        &self,
        frame: wire::ApplicationFrame<P>,
        payload: fn(P) -> Payload,
        spawn: Spawn<'_>,
    ) {
        use wire::ApplicationFrame as Frame;
        match frame {
            Frame::Message { channel, from, data, from_metadata } => {
                let sender_metadata = from_metadata.map(payload);
                let data = payload(data);
                let message = Message { channel, sender_peer_id: from, data, sender_metadata };
                self.emit(&message, spawn);
            }
            Frame::Direct { from, data, from_metadata } => {
                let sender_metadata = from_metadata.map(payload);
                let direct = Direct { sender_peer_id: from, data: payload(data), sender_metadata };
                self.emit(&direct, spawn);
            }
            Frame::Presence { channel, joined, left } => {
                let (joined, left) = (peers(joined, payload), peers(left, payload));
                self.emit(&Presence { channel, joined, left }, spawn);
            }
        }
    }
}

fn peers<P>(peers: Vec<wire::PresencePeer<P>>, payload: fn(P) -> Payload) -> Vec<PresencePeer> {
    peers
        .into_iter()
        .map(|peer| PresencePeer { peer_id: peer.peer_id, metadata: peer.metadata.map(payload) })
        .collect()
}

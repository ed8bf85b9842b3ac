//! A room's client: what the room asks of it, and what it tells the room.

use wasm_bindgen::JsValue;

use super::driver::RoomDriver;
use super::host::RoomHost;
use super::payload::JsPayload;
use crate::web::driver::Observer;
use crate::web::value::{JsJson, Name};
use crate::web::{FrameText, Json, Purpose};
use metered_realtime_proto::machine::{
    ACK_TIMEOUT_MS, CallError, CallId, Connected, DEFAULT_CLOSE_REASON, Event,
};
use metered_realtime_proto::peer::{ClientCall, Decoded, Input, RequestId, decode};
use metered_realtime_proto::wire::{ApplicationFrame, PresencePeer};

/// What a room has asked of its client.
#[derive(Debug, Default)]
pub(super) struct ClientCalls(Vec<(CallId, Option<RequestId>)>);

impl ClientCalls {
    fn add(&mut self, call: CallId, request: Option<RequestId>) {
        self.0.push((call, request));
    }

    /// `None`: the call is not the room's.
    fn take(&mut self, call: CallId) -> Option<Option<RequestId>> {
        let at = self.0.iter().position(|(other, _)| *other == call)?;
        Some(self.0.swap_remove(at).1)
    }
}

impl<H: RoomHost> RoomDriver<H> {
    pub(super) fn call_client(&self, call: ClientCall<JsPayload>) {
        match call {
            ClientCall::Connect { request } => {
                let asked = self.client.with(|client, now| client.connect(now));
                self.asked(asked, Some(request));
            }
            ClientCall::Subscribe { request, channel, include_sender_metadata } => {
                let asked = self.client.with(|client, now| {
                    client.subscribe(&channel, include_sender_metadata, ACK_TIMEOUT_MS, now)
                });
                self.asked(asked, Some(request));
            }
            ClientCall::Unsubscribe { channel } => {
                let asked = self
                    .client
                    .with(|client, now| client.unsubscribe(&channel, ACK_TIMEOUT_MS, now));
                self.asked(asked, None);
            }
            ClientCall::Publish { request, channel, data } => {
                self.transmit(Purpose::Publish, &channel, &data.0, Some(request));
            }
            ClientCall::Send { request, to, data } => {
                self.transmit(Purpose::Send, &to, &data.0, Some(request));
            }
            ClientCall::Signal { to, signal } => {
                let data = Json::written(&signal.to_json(JsPayload::to_json));
                self.transmit_json(Purpose::Send, &to, &data, None);
            }
            ClientCall::Close { request, reason } => {
                let reason = reason.as_deref().unwrap_or(DEFAULT_CLOSE_REASON);
                let call = self.client.with(|client, now| client.close(1000, reason, now));
                self.asked(Ok(call), Some(request));
            }
        }
        self.client.pump();
    }

    /// The client has taken a call, or refused it at once.
    fn asked(&self, asked: Result<CallId, CallError>, request: Option<RequestId>) {
        match (asked, request) {
            (Ok(call), request) => self.calls.borrow_mut().add(call, request),
            (Err(error), Some(request)) => {
                self.input(Input::ClientDone { request, result: Err(error) });
            }
            (Err(_), None) => {}
        }
    }

    fn transmit(&self, purpose: Purpose, name: &str, data: &JsValue, request: Option<RequestId>) {
        // It was turned into JSON before, when its size was measured.
        if let Ok(Some(data)) = Json::of(data) {
            self.transmit_json(purpose, name, &data, request);
        }
    }

    fn transmit_json(&self, purpose: Purpose, name: &str, data: &Json, request: Option<RequestId>) {
        let size = data.size(self.client.peek(|client| client.max_message_size()));
        let asked = self.client.with(|client, now| client.reserve(size, ACK_TIMEOUT_MS, now));
        let reserved = asked.as_ref().ok().copied();
        self.asked(asked, request);
        if let Some(call) = reserved
            && let Ok(Some(name)) = Json::of(&JsValue::from_str(name))
        {
            self.client.transmit(call, &FrameText::new(purpose, &name, data, call));
        }
    }
}

impl<H: RoomHost, N: Name> Observer<N> for RoomDriver<H> {
    fn event(&self, event: &Event<JsValue, N>) {
        let input = match event {
            Event::StateChange { .. } | Event::GoingAway { .. } => return,
            Event::Connected(Connected { peer_id, max_message_size, ice_servers, .. }) => {
                Input::Connected {
                    peer_id: peer_id.clone(),
                    max_message_size: *max_message_size,
                    ice_servers: ice_servers.clone(),
                }
            }
            Event::Disconnected { code, reason, will_reconnect } => Input::Disconnected {
                code: *code,
                reason: reason.clone(),
                will_reconnect: *will_reconnect,
            },
            Event::ServerError { code, message, .. } => {
                Input::ServerError { code: code.clone(), message: message.clone() }
            }
            Event::TokenProviderError { error, .. } => {
                Input::TokenProviderError { error: error.clone() }
            }
            Event::Application(frame) => match application(frame) {
                Some(input) => input,
                None => return,
            },
        };
        self.input(input);
    }

    fn settled(&self, call: CallId, result: &Result<(), CallError>) -> bool {
        let Some(request) = self.calls.borrow_mut().take(call) else { return false };
        if let Some(request) = request {
            self.input(Input::ClientDone { request, result: result.clone() });
        }
        true
    }

    fn woken(&self) {
        self.input(Input::Online);
    }
}

/// `None`: a signal that breaks a rule, which nobody gets to see.
fn application<N: Name>(frame: &ApplicationFrame<JsValue, N>) -> Option<Input<JsPayload>> {
    Some(match frame {
        ApplicationFrame::Message { channel, from, data, from_metadata } => Input::Message {
            channel: channel.to_text(),
            from: from.to_text(),
            data: JsPayload(data.clone()),
            from_metadata: from_metadata.clone().map(JsPayload),
        },
        ApplicationFrame::Direct { from, data, from_metadata } => {
            let from = from.to_text();
            let size = JsPayload(data.clone()).to_json().len();
            match decode(&JsJson::<String>::new(data.clone()), size) {
                Decoded::Signal(signal) => Input::Signal { from, signal: signal.map(JsPayload) },
                Decoded::Data => Input::Direct {
                    from,
                    data: JsPayload(data.clone()),
                    from_metadata: from_metadata.clone().map(JsPayload),
                },
                Decoded::Malformed => return None,
            }
        }
        ApplicationFrame::Presence { channel, joined, left } => {
            Input::Presence { channel: channel.to_text(), joined: peers(joined), left: peers(left) }
        }
    })
}

fn peers<N: Name>(peers: &[PresencePeer<JsValue, N>]) -> Vec<PresencePeer<JsPayload>> {
    let peer = |peer: &PresencePeer<JsValue, N>| PresencePeer {
        peer_id: peer.peer_id.to_text(),
        metadata: peer.metadata.clone().map(JsPayload),
    };
    peers.iter().map(peer).collect()
}

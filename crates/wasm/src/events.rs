//! Events on their way to the surface: messages field by field, which is fast, and all others by name with their payload.

use js_sys::Array;
use wasm_bindgen::JsValue;

use metered_realtime_proto::machine::{Connected, Event};
use metered_realtime_proto::wire::{ApplicationFrame, IceServer, PresencePeer, Urls};

use crate::errors;
use crate::fields::Fields;
use crate::host::Npm;

impl Npm {
    /// Tells the listeners and streams of a client.
    pub(crate) fn tell(&self, event: Event<JsValue, JsValue>) {
        let payload = Fields::new();
        let name = match event {
            Event::Application(frame) => return self.tell_frame(frame),
            Event::StateChange { from, to } => {
                return self.surface.state_change(from.name(), to.name());
            }
            Event::Connected(connected) => {
                fill_connected(&payload, connected);
                "connected"
            }
            Event::Disconnected { code, reason, will_reconnect } => {
                payload.set("code", code);
                payload.set("reason", reason);
                payload.set("willReconnect", will_reconnect);
                "disconnected"
            }
            Event::ServerError { code, message, request_id, channel } => {
                payload.set("code", code);
                payload.set_given("requestId", request_id);
                payload.set_given("message", message);
                payload.set_given("channel", channel);
                "server-error"
            }
            Event::GoingAway { retry_after_ms } => {
                payload.set("retryAfterMs", retry_after_ms);
                "going-away"
            }
            Event::TokenProviderError { consecutive_failures, error } => {
                payload.set("consecutiveFailures", consecutive_failures);
                payload.set("err", errors::of_provider(&error));
                "token-provider-error"
            }
        };
        self.surface.emit(name, &payload.into_js());
    }

    fn tell_frame(&self, frame: ApplicationFrame<JsValue, JsValue>) {
        match frame {
            ApplicationFrame::Message { channel, from, data, from_metadata } => {
                self.surface.message(&channel, &from, &data, &from_metadata.unwrap_or_default());
            }
            ApplicationFrame::Direct { from, data, from_metadata } => {
                self.surface.direct(&from, &data, &from_metadata.unwrap_or_default());
            }
            ApplicationFrame::Presence { channel, joined, left } => {
                let payload = Fields::new();
                payload.set("channel", channel);
                payload.set("joined", peers(joined));
                payload.set("left", peers(left));
                self.surface.emit("presence", &payload.into_js());
            }
        }
    }
}

fn peers(peers: Vec<PresencePeer<JsValue, JsValue>>) -> Array {
    let list = Array::new();
    for PresencePeer { peer_id, metadata } in peers {
        let peer = Fields::new();
        peer.set("peerId", peer_id);
        peer.set_given("metadata", metadata);
        list.push(&peer.into_js());
    }
    list
}

fn fill_connected(payload: &Fields, connected: Connected) {
    payload.set("peerId", connected.peer_id);
    payload.set("serverTime", connected.server_time);
    payload.set("expiresAt", connected.expires_at.map_or(JsValue::NULL, JsValue::from));
    payload.set("isReconnect", connected.is_reconnect);
    payload.set("maxMessageSize", connected.max_message_size);
    payload.set_given("iceServers", connected.ice_servers.map(ice_servers));
}

fn ice_servers(servers: Vec<IceServer>) -> Array {
    let list = Array::new();
    for IceServer { urls, username, credential } in servers {
        let server = Fields::new();
        match urls {
            Urls::One(url) => server.set("urls", url),
            Urls::Many(urls) => {
                let all = Array::new();
                for url in urls {
                    all.push(&url.into());
                }
                server.set("urls", all);
            }
        }
        server.set_given("username", username);
        server.set_given("credential", credential);
        list.push(&server.into_js());
    }
    list
}

//! Events, as calls of the surface.

use js_sys::Array;
use wasm_bindgen::JsValue;

use metered_realtime_proto::machine::{Connected, Event};
use metered_realtime_proto::wire::{ApplicationFrame, IceServer, PresencePeer, Urls};

use crate::errors;
use crate::host::Npm;

impl Npm {
    /// Tells the listeners and streams of a client.
    pub(crate) fn tell(&self, event: Event<JsValue, JsValue>) {
        let surface = &self.surface;
        match event {
            Event::Application(frame) => self.tell_frame(frame),
            Event::StateChange { from, to } => surface.state_change(from.name(), to.name()),
            Event::Connected(connected) => self.tell_connected(connected),
            Event::Disconnected { code, reason, will_reconnect } => {
                surface.disconnected(code, &reason, will_reconnect);
            }
            Event::ServerError { code, message, request_id, channel } => surface.server_error(
                &code,
                message.as_deref(),
                request_id.as_deref(),
                channel.as_deref(),
            ),
            Event::GoingAway { retry_after_ms } => surface.going_away(retry_after_ms),
            Event::TokenProviderError { consecutive_failures, error } => {
                surface.token_provider_error(consecutive_failures, &errors::of_provider(&error));
            }
        }
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
                self.surface.presence(&channel, &self.peers(joined), &self.peers(left));
            }
        }
    }

    fn peers(&self, peers: Vec<PresencePeer<JsValue, JsValue>>) -> Array {
        let list = Array::new();
        for PresencePeer { peer_id, metadata } in peers {
            self.surface.add_peer(&list, &peer_id, &metadata.unwrap_or_default());
        }
        list
    }

    fn tell_connected(&self, connected: Connected) {
        let ice_servers = connected.ice_servers.map(|servers| self.ice_servers(servers));
        self.surface.connected(
            &connected.peer_id,
            connected.server_time,
            connected.expires_at,
            connected.is_reconnect,
            connected.max_message_size,
            ice_servers,
        );
    }

    fn ice_servers(&self, servers: Vec<IceServer>) -> Array {
        let list = Array::new();
        for IceServer { urls, username, credential } in servers {
            let urls = match urls {
                Urls::One(url) => url.into(),
                Urls::Many(urls) => urls.into_iter().map(JsValue::from).collect::<Array>().into(),
            };
            self.surface.add_ice_server(&list, &urls, username.as_deref(), credential.as_deref());
        }
        list
    }
}

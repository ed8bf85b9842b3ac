//! Frames as JSON: what a driver reads, and what the server writes.

use std::collections::BTreeMap;

use metered_realtime_proto::wire::{
    self, ApplicationFrame, Malformed, PresencePeer, ServerFrame, Value,
};
use serde_json::json;
use serde_json::value::RawValue;

/// A JSON value as text, so that application data stays text, as natively.
#[derive(Debug)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Reads JSON text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Json> {
        serde_json::from_str(text).ok().map(Json)
    }
}

impl Value for Json {
    type Payload = String;
    type Name = String;
    type Text = String;

    fn field(&self, name: &str) -> Option<Json> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(self.0.get()).ok()?;
        fields.into_iter().find(|(key, _)| key == name).map(|(_, value)| Json(value))
    }

    fn string(&self) -> Option<String> {
        serde_json::from_str(self.0.get()).ok()
    }

    fn number(&self) -> Option<f64> {
        serde_json::from_str::<f64>(self.0.get()).ok().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<Json>> {
        let items: Vec<Box<RawValue>> = serde_json::from_str(self.0.get()).ok()?;
        Some(items.into_iter().map(Json).collect())
    }

    fn is_object(&self) -> bool {
        self.0.get().starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.0.get() == "null"
    }

    fn into_name(self) -> Option<String> {
        self.string()
    }

    fn into_payload(self) -> String {
        self.0.get().to_owned()
    }
}

/// The frame in a text from the server.
///
/// # Errors
/// Why it is not a valid frame.
pub fn decode_text(text: &str) -> Result<ServerFrame<String>, Malformed> {
    wire::decode(&Json::parse(text).ok_or(Malformed::NotJson)?)
}

/// A frame as the server writes it.
#[must_use]
pub fn encode(frame: &ServerFrame<String>) -> String {
    let value = match frame {
        ServerFrame::Welcome(welcome) => json!({
            "type": "welcome",
            "peerId": welcome.peer_id,
            "expiresAt": welcome.expires_at,
            "serverTime": welcome.server_time,
            "maxMessageSize": welcome.max_message_size,
        }),
        ServerFrame::Ack { request_id } => json!({"type": "ack", "requestId": request_id}),
        ServerFrame::Error { code, request_id, message } => {
            json!({"type": "error", "code": code, "requestId": request_id, "message": message})
        }
        ServerFrame::Application(ApplicationFrame::Message {
            channel,
            from,
            data,
            from_metadata,
        }) => json!({
            "type": "message",
            "channel": channel,
            "from": from,
            "data": parsed(data),
            "fromMetadata": from_metadata.as_deref().map(parsed),
        }),
        ServerFrame::Application(ApplicationFrame::Direct { from, data, from_metadata }) => json!({
            "type": "direct",
            "from": from,
            "data": parsed(data),
            "fromMetadata": from_metadata.as_deref().map(parsed),
        }),
        ServerFrame::Application(ApplicationFrame::Presence { channel, joined, left }) => json!({
            "type": "presence",
            "channel": channel,
            "joined": peers(joined),
            "left": peers(left),
        }),
        ServerFrame::GoingAway { retry_after_ms } => {
            json!({"type": "going_away", "retryAfterMs": retry_after_ms})
        }
        ServerFrame::Pong => json!({"type": "pong"}),
    };
    value.to_string()
}

fn peers(peers: &[PresencePeer<String>]) -> Vec<serde_json::Value> {
    let entry = |peer: &PresencePeer<String>| json!({"peerId": peer.peer_id, "metadata": peer.metadata.as_deref().map(parsed)});
    peers.iter().map(entry).collect()
}

fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_default()
}

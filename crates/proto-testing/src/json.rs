//! Frames as JSON: what a driver reads, and what the server writes.

use std::collections::BTreeMap;

use metered_realtime_proto::wire::{
    self, ApplicationFrame, Malformed, Members, PresencePeer, ServerFrame, Value,
};
use serde_json::json;
use serde_json::value::RawValue;

/// A JSON value as text, so that application data stays text, as natively. `None`: a missing member.
#[derive(Debug)]
pub struct Json(Option<Box<RawValue>>);

impl Json {
    /// Reads JSON text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Json> {
        serde_json::from_str(text).ok().map(|value| Json(Some(value)))
    }

    fn text(&self) -> &str {
        self.0.as_ref().map_or("", |value| value.get())
    }
}

/// The members of an object.
#[derive(Debug)]
pub struct JsonMembers(BTreeMap<String, Box<RawValue>>);

impl Members for JsonMembers {
    type Value = Json;

    fn get(&self, name: &str) -> Json {
        Json(self.0.get(name).cloned())
    }
}

impl Value for Json {
    type Payload = String;
    type Name = String;
    type Text = String;
    type Members<'a> = JsonMembers;

    fn members(&self) -> Option<JsonMembers> {
        serde_json::from_str(self.text()).ok().map(JsonMembers)
    }

    fn string(&self) -> Option<String> {
        serde_json::from_str(self.text()).ok()
    }

    fn number(&self) -> Option<f64> {
        serde_json::from_str::<f64>(self.text()).ok().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<Json>> {
        let items: Vec<Box<RawValue>> = serde_json::from_str(self.text()).ok()?;
        Some(items.into_iter().map(|item| Json(Some(item))).collect())
    }

    fn is_object(&self) -> bool {
        self.text().starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.text() == "null"
    }

    fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    fn into_name(self) -> Option<String> {
        self.string()
    }

    fn into_payload(self) -> Option<String> {
        self.0.map(|value| value.get().to_owned())
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

//! JSON as the wire rules want to see it, and frames of the server as text.

use metered_realtime_proto::wire::{self, ApplicationFrame, Malformed, PresencePeer, ServerFrame};
use serde_json::{Value, json};

struct Json<'a>(&'a Value);

impl wire::Value for Json<'_> {
    type Payload = String;
    type Name = String;
    type Text = String;

    fn field(&self, name: &str) -> Option<Self> {
        self.0.as_object()?.get(name).map(Json)
    }

    fn string(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<Self>> {
        Some(self.0.as_array()?.iter().map(Json).collect())
    }

    fn is_object(&self) -> bool {
        self.0.is_object()
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn into_name(self) -> Option<String> {
        self.string()
    }

    fn into_payload(self) -> String {
        self.0.to_string()
    }
}

/// What a driver makes of a text from the server.
///
/// # Errors
/// Why it is no frame.
pub fn decode_text(text: &str) -> Result<ServerFrame<String>, Malformed> {
    let value: Value = serde_json::from_str(text).map_err(|_| Malformed::NotJson)?;
    wire::decode(&Json(&value))
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

fn peers(peers: &[PresencePeer<String>]) -> Vec<Value> {
    let entry = |peer: &PresencePeer<String>| json!({"peerId": peer.peer_id, "metadata": peer.metadata.as_deref().map(parsed)});
    peers.iter().map(entry).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

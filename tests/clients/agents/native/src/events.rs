//! The client's events as JSON, in the names of the JavaScript clients.

use metered_realtime::events::{
    Connected, Direct, Disconnected, GoingAway, Message, Presence, PresencePeer, ServerError, Urls,
};
use metered_realtime::{Payload, SignallingClient};
use serde_json::{Map, Value, json};

use crate::say;

/// Writes a line for every event of the client from now on.
pub(crate) fn tell(client: &SignallingClient, name: &str) {
    let teller = |event: &'static str| {
        let name = name.to_owned();
        move |payload: Value| say(&json!({ "client": name, "event": event, "payload": payload }))
    };
    let tell = teller("connected");
    client.on(move |event: &Connected| tell(connected(event)));
    let tell = teller("disconnected");
    client.on(move |event: &Disconnected| {
        let Disconnected { code, reason, will_reconnect, .. } = event;
        tell(json!({ "code": code, "reason": reason, "willReconnect": will_reconnect }));
    });
    let tell = teller("message");
    client.on(move |event: &Message| {
        let fields = json!({
            "channel": event.channel,
            "from": event.sender_peer_id,
            "data": parsed(&event.data),
        });
        tell(with(fields, "fromMetadata", event.sender_metadata.as_ref()));
    });
    let tell = teller("direct");
    client.on(move |event: &Direct| {
        let fields = json!({ "from": event.sender_peer_id, "data": parsed(&event.data) });
        tell(with(fields, "fromMetadata", event.sender_metadata.as_ref()));
    });
    let tell = teller("presence");
    client.on(move |event: &Presence| {
        let (joined, left) = (peers(&event.joined), peers(&event.left));
        tell(json!({ "channel": event.channel, "joined": joined, "left": left }));
    });
    let tell = teller("server-error");
    client.on(move |event: &ServerError| tell(json!({ "code": event.code })));
    let tell = teller("going-away");
    client.on(move |event: &GoingAway| tell(json!({ "retryAfterMs": event.retry_after_ms })));
}

fn connected(event: &Connected) -> Value {
    let servers = event.ice_servers.as_ref().map(|servers| {
        let fields = servers.iter().map(|server| {
            let urls = match &server.urls {
                Urls::One(url) => json!(url),
                Urls::Many(urls) => json!(urls),
            };
            let mut fields = Map::from_iter([("urls".to_owned(), urls)]);
            fields.extend(server.username.clone().map(|it| ("username".to_owned(), json!(it))));
            fields.extend(server.credential.clone().map(|it| ("credential".to_owned(), json!(it))));
            Value::Object(fields)
        });
        fields.collect::<Vec<Value>>()
    });
    json!({
        "peerId": event.peer_id,
        "expiresAt": event.expires_at,
        "isReconnect": event.is_reconnect,
        "maxMessageSize": event.max_message_size,
        "iceServers": servers,
    })
}

fn peers(peers: &[PresencePeer]) -> Vec<Value> {
    let fields = |peer: &PresencePeer| {
        with(json!({ "peerId": peer.peer_id }), "metadata", peer.metadata.as_ref())
    };
    peers.iter().map(fields).collect()
}

fn with(mut fields: Value, name: &str, payload: Option<&Payload>) -> Value {
    if let Some(payload) = payload {
        fields[name] = parsed(payload);
    }
    fields
}

fn parsed(payload: &Payload) -> Value {
    payload.parse().expect("a payload is JSON")
}

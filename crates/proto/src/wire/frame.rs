//! Frames from the server, and the rules that a parsed value must keep to be one (rules 170 to 186).

use super::ice::{IceServer, ice_servers};
use super::value::Value;

/// A frame from the server. `P` and `N` are the type parameters of [`ApplicationFrame`].
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame<P, N = String> {
    /// The connection is admitted.
    Welcome(Welcome),
    /// A request was carried out.
    Ack {
        /// The request's id.
        request_id: String,
    },
    /// A request was refused, or something else went wrong.
    Error {
        /// Not empty; see [`ErrorCode`](super::ErrorCode).
        code: String,
        /// The request's id, if the error belongs to one. Never empty.
        request_id: Option<String>,
        /// Text for people.
        message: Option<String>,
    },
    /// A frame for the application.
    Application(ApplicationFrame<P, N>),
    /// The server restarts soon.
    GoingAway {
        /// The delay that the server asks for, in milliseconds; above zero.
        retry_after_ms: f64,
    },
    /// The answer to a `ping`.
    Pong,
}

/// A frame that the client passes on to the application. `P` is application data and `N` a name (a channel or a peer id), both
/// as the platform holds them.
#[derive(Clone, Debug, PartialEq)]
pub enum ApplicationFrame<P, N = String> {
    /// A peer published to a channel.
    Message {
        /// The channel.
        channel: N,
        /// The sender's peer id, stamped by the server.
        from: N,
        /// What was published.
        data: P,
        /// The sender's metadata, if the subscriber asked for it.
        from_metadata: Option<P>,
    },
    /// A peer sent something to this peer alone.
    Direct {
        /// The sender's peer id, stamped by the server.
        from: N,
        /// What was sent.
        data: P,
        /// The sender's metadata, if it has any.
        from_metadata: Option<P>,
    },
    /// Peers joined or left a channel.
    Presence {
        /// The channel.
        channel: N,
        /// Who joined. After a subscribe, the first frame lists who is there already.
        joined: Vec<PresencePeer<P, N>>,
        /// Who left.
        left: Vec<PresencePeer<P, N>>,
    },
}

/// What a `welcome` frame says.
#[derive(Clone, Debug, PartialEq)]
pub struct Welcome {
    /// This client's peer id.
    pub peer_id: String,
    /// When the token expires, in Unix seconds; `None` for publishable keys.
    pub expires_at: Option<f64>,
    /// The server's clock, in Unix seconds.
    pub server_time: f64,
    /// The largest payload in bytes, as advertised; above zero.
    pub max_message_size: f64,
    /// The ICE servers in the welcome's metadata; `None` if there are none or one of them breaks a rule (rules 226 to 235).
    pub ice_servers: Option<Vec<IceServer>>,
}

/// One entry of a `presence` frame.
#[derive(Clone, Debug, PartialEq)]
pub struct PresencePeer<P, N = String> {
    /// The peer's id.
    pub peer_id: N,
    /// The peer's metadata, if it has any.
    pub metadata: Option<P>,
}

/// Why a text is not a valid frame. It is dropped and the connection stays (rule 170).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not JSON.
    NotJson,
    /// JSON, but not an object with a string `type`.
    NoType,
    /// A `type` that this client does not know.
    UnknownType,
    /// A known `type` with a missing or wrong field.
    BadField,
}

impl Malformed {
    /// The reason, for the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Malformed::NotJson => "not JSON",
            Malformed::NoType => "no type",
            Malformed::UnknownType => "unknown type",
            Malformed::BadField => "missing or wrong field",
        }
    }
}

/// Reads a frame out of a parsed value.
///
/// # Errors
/// Why it is not a valid frame.
pub fn decode<V: Value>(value: &V) -> Result<ServerFrame<V::Payload, V::Name>, Malformed> {
    let kind = value.field("type").and_then(|kind| kind.string()).ok_or(Malformed::NoType)?;
    let frame = match &*kind {
        "message" => message(value).map(ServerFrame::Application),
        "ack" => text(value, "requestId").map(|request_id| ServerFrame::Ack { request_id }),
        "direct" => direct(value).map(ServerFrame::Application),
        "presence" => presence(value).map(ServerFrame::Application),
        "error" => error(value),
        "pong" => Some(ServerFrame::Pong),
        "going_away" => Some(going_away(value)),
        "welcome" => welcome(value).map(ServerFrame::Welcome),
        _ => return Err(Malformed::UnknownType),
    };
    frame.ok_or(Malformed::BadField)
}

fn message<V: Value>(value: &V) -> Option<ApplicationFrame<V::Payload, V::Name>> {
    Some(ApplicationFrame::Message {
        channel: value.field("channel")?.into_name()?,
        from: value.field("from")?.into_name()?,
        data: value.field("data")?.into_payload(),
        from_metadata: object(value, "fromMetadata"),
    })
}

fn direct<V: Value>(value: &V) -> Option<ApplicationFrame<V::Payload, V::Name>> {
    Some(ApplicationFrame::Direct {
        from: value.field("from")?.into_name()?,
        data: value.field("data")?.into_payload(),
        from_metadata: object(value, "fromMetadata"),
    })
}

/// A presence without `joined` or `left`, or with one bad entry, is malformed (rules 174 and 176).
fn presence<V: Value>(value: &V) -> Option<ApplicationFrame<V::Payload, V::Name>> {
    let channel = value.field("channel")?.into_name()?;
    let joined = peers(value.field("joined")?)?;
    let left = peers(value.field("left")?)?;
    Some(ApplicationFrame::Presence { channel, joined, left })
}

fn peers<V: Value>(list: V) -> Option<Vec<PresencePeer<V::Payload, V::Name>>> {
    let mut peers = Vec::new();
    for entry in list.items()? {
        let peer_id = entry.field("peerId")?.into_name()?;
        peers.push(PresencePeer { peer_id, metadata: object(&entry, "metadata") });
    }
    Some(peers)
}

/// An empty request id counts as none, as in the official client.
fn error<V: Value>(value: &V) -> Option<ServerFrame<V::Payload, V::Name>> {
    let code = text(value, "code").filter(|code| !code.is_empty())?;
    let request_id = text(value, "requestId").filter(|id| !id.is_empty());
    Some(ServerFrame::Error { code, request_id, message: text(value, "message") })
}

fn going_away<V: Value>(value: &V) -> ServerFrame<V::Payload, V::Name> {
    let hint = value.field("retryAfterMs").and_then(|hint| hint.number());
    ServerFrame::GoingAway { retry_after_ms: hint.filter(|ms| *ms > 0.0).unwrap_or(1000.0) }
}

/// A welcome without `expiresAt` counts as one with `null` (rule d12).
fn welcome<V: Value>(value: &V) -> Option<Welcome> {
    let expires_at = match value.field("expiresAt") {
        None => None,
        Some(field) if field.is_null() => None,
        Some(field) => Some(field.number()?),
    };
    let max_message_size =
        value.field("maxMessageSize").and_then(|size| size.number()).filter(|size| *size > 0.0)?;
    Some(Welcome {
        peer_id: text(value, "peerId")?,
        expires_at,
        server_time: value.field("serverTime")?.number()?,
        max_message_size,
        ice_servers: value.field("metadata").and_then(|metadata| ice_servers(&metadata)),
    })
}

fn text<V: Value>(value: &V, name: &str) -> Option<String> {
    value.field(name)?.string().map(Into::into)
}

fn object<V: Value>(value: &V, name: &str) -> Option<V::Payload> {
    value.field(name).filter(V::is_object).map(V::into_payload)
}

//! Frames from the server, and the rules that a parsed value must keep to be one (rules 170 to 186).

use super::ice::{IceServer, ice_servers};
use super::value::{Members, Value};

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

/// The types of frames from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// [`ApplicationFrame::Message`].
    Message,
    /// [`ServerFrame::Ack`].
    Ack,
    /// [`ApplicationFrame::Direct`].
    Direct,
    /// [`ApplicationFrame::Presence`].
    Presence,
    /// [`ServerFrame::Error`].
    Error,
    /// [`ServerFrame::Pong`].
    Pong,
    /// [`ServerFrame::GoingAway`].
    GoingAway,
    /// [`ServerFrame::Welcome`].
    Welcome,
}

impl FrameType {
    /// All of them, the most frequent ones first.
    pub const ALL: [FrameType; 8] = [
        FrameType::Message,
        FrameType::Ack,
        FrameType::Direct,
        FrameType::Presence,
        FrameType::Error,
        FrameType::Pong,
        FrameType::GoingAway,
        FrameType::Welcome,
    ];

    /// The type with this name.
    #[must_use]
    pub fn of(name: &str) -> Option<FrameType> {
        FrameType::ALL.into_iter().find(|frame_type| frame_type.name() == name)
    }

    /// The name, as in a frame's `type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FrameType::Message => "message",
            FrameType::Ack => "ack",
            FrameType::Direct => "direct",
            FrameType::Presence => "presence",
            FrameType::Error => "error",
            FrameType::Pong => "pong",
            FrameType::GoingAway => "going_away",
            FrameType::Welcome => "welcome",
        }
    }
}

/// Reads a frame out of a parsed value.
///
/// # Errors
/// Why it is not a valid frame.
pub fn decode<V: Value>(value: &V) -> Result<ServerFrame<V::Payload, V::Name>, Malformed> {
    let members = value.members().ok_or(Malformed::NoType)?;
    let type_name = members.get("type");
    let frame = match type_name.frame_type() {
        Some(FrameType::Message) => message(&members).map(ServerFrame::Application),
        Some(FrameType::Ack) => {
            text(&members, "requestId").map(|request_id| ServerFrame::Ack { request_id })
        }
        Some(FrameType::Direct) => direct(&members).map(ServerFrame::Application),
        Some(FrameType::Presence) => presence(&members).map(ServerFrame::Application),
        Some(FrameType::Error) => error(&members),
        Some(FrameType::Pong) => Some(ServerFrame::Pong),
        Some(FrameType::GoingAway) => Some(going_away(&members)),
        Some(FrameType::Welcome) => welcome(&members).map(ServerFrame::Welcome),
        None if type_name.string().is_some() => return Err(Malformed::UnknownType),
        None => return Err(Malformed::NoType),
    };
    frame.ok_or(Malformed::BadField)
}

/// The types of an object's values.
type Payload<M> = <<M as Members>::Value as Value>::Payload;
type Name<M> = <<M as Members>::Value as Value>::Name;

fn message<M: Members>(members: &M) -> Option<ApplicationFrame<Payload<M>, Name<M>>> {
    Some(ApplicationFrame::Message {
        channel: members.get("channel").into_name()?,
        from: members.get("from").into_name()?,
        data: members.get("data").into_payload()?,
        from_metadata: object(members, "fromMetadata"),
    })
}

fn direct<M: Members>(members: &M) -> Option<ApplicationFrame<Payload<M>, Name<M>>> {
    Some(ApplicationFrame::Direct {
        from: members.get("from").into_name()?,
        data: members.get("data").into_payload()?,
        from_metadata: object(members, "fromMetadata"),
    })
}

/// A presence without `joined` or `left`, or with one bad entry, is malformed (rules 174 and 176).
fn presence<M: Members>(members: &M) -> Option<ApplicationFrame<Payload<M>, Name<M>>> {
    let channel = members.get("channel").into_name()?;
    let joined = peers(&members.get("joined"))?;
    let left = peers(&members.get("left"))?;
    Some(ApplicationFrame::Presence { channel, joined, left })
}

fn peers<V: Value>(list: &V) -> Option<Vec<PresencePeer<V::Payload, V::Name>>> {
    let mut peers = Vec::new();
    for entry in list.items()? {
        let members = entry.members()?;
        let peer_id = members.get("peerId").into_name()?;
        peers.push(PresencePeer { peer_id, metadata: object(&members, "metadata") });
    }
    Some(peers)
}

/// An empty request id counts as none, as in the official client.
fn error<M: Members>(members: &M) -> Option<ServerFrame<Payload<M>, Name<M>>> {
    let code = text(members, "code").filter(|code| !code.is_empty())?;
    let request_id = text(members, "requestId").filter(|id| !id.is_empty());
    Some(ServerFrame::Error { code, request_id, message: text(members, "message") })
}

fn going_away<M: Members>(members: &M) -> ServerFrame<Payload<M>, Name<M>> {
    let hint = members.get("retryAfterMs").number();
    ServerFrame::GoingAway { retry_after_ms: hint.filter(|ms| *ms > 0.0).unwrap_or(1000.0) }
}

/// A welcome without `expiresAt` counts as one with `null` (rule d12).
fn welcome<M: Members>(members: &M) -> Option<Welcome> {
    let expires_at = members.get("expiresAt");
    let expires_at = if expires_at.is_missing() || expires_at.is_null() {
        None
    } else {
        Some(expires_at.number()?)
    };
    let max_message_size = members.get("maxMessageSize").number().filter(|size| *size > 0.0)?;
    Some(Welcome {
        peer_id: text(members, "peerId")?,
        expires_at,
        server_time: members.get("serverTime").number()?,
        max_message_size,
        ice_servers: ice_servers(&members.get("metadata")),
    })
}

fn text<M: Members>(members: &M, name: &str) -> Option<String> {
    members.get(name).string().map(Into::into)
}

fn object<M: Members>(members: &M, name: &str) -> Option<Payload<M>> {
    Some(members.get(name)).filter(Value::is_object)?.into_payload()
}

//! What the server says, and of which channels.

use metered_realtime_proto::wire::ServerFrame;

/// The channels of all sessions. Some have awkward names, and the last one is reserved.
pub(crate) const CHANNELS: [&str; 6] = ["a", "b", "room/1", "q\"\\\u{1}☃", "fleet/*", "_metered/x"];

/// A message of the server.
#[derive(Clone, Debug)]
pub(crate) enum ServerMessage {
    /// A frame.
    Frame(ServerFrame<String>),
    /// A text that may not be a valid frame.
    Text(String),
    /// A binary message.
    Binary,
    /// A text that is larger than clients accept.
    Oversize,
}

/// The id of a peer.
pub(crate) fn peer_name(peer: u32) -> String {
    format!("peer-{peer}")
}

/// Which of the session's channels this is.
pub(crate) fn channel_index(name: &str) -> Option<usize> {
    CHANNELS.iter().position(|channel| *channel == name)
}

pub(crate) fn error_frame(code: &str, request_id: Option<String>) -> ServerMessage {
    ServerMessage::Frame(ServerFrame::Error {
        code: code.to_owned(),
        request_id,
        message: Some("says the server".to_owned()),
    })
}

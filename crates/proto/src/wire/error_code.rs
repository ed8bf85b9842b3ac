//! Codes of `error` frames. The set is open: an unknown code passes through as it is (rule 57).

/// The error codes that the service documents, as they are written in frames.
#[derive(Debug)]
pub struct ErrorCode;

impl ErrorCode {
    /// Not JSON, or no `type`.
    pub const MALFORMED_MESSAGE: &str = "malformed_message";
    /// A `type` that the server does not know.
    pub const UNKNOWN_TYPE: &str = "unknown_type";
    /// The channel's name is empty, too long or has control characters.
    pub const INVALID_CHANNEL: &str = "invalid_channel";
    /// The peer id is empty, too long or has control characters.
    pub const INVALID_PEER_ID: &str = "invalid_peer_id";
    /// The channel is outside of what the key or token allows.
    pub const CHANNEL_NOT_AUTHORIZED: &str = "channel_not_authorized";
    /// The channel starts with a prefix that the service keeps for itself.
    pub const CHANNEL_RESERVED: &str = "channel_reserved";
    /// The connection already holds as many channels as it may.
    pub const CHANNEL_LIMIT_EXCEEDED: &str = "channel_limit_exceeded";
    /// No live connection has the peer id.
    pub const PEER_NOT_FOUND: &str = "peer_not_found";
    /// `publish` or `send` without `data`.
    pub const MISSING_DATA: &str = "missing_data";
    /// The key or token lacks the permission.
    pub const ACTION_NOT_PERMITTED: &str = "action_not_permitted";
    /// The plan's messages for this period are used up.
    pub const OVER_MESSAGE_QUOTA: &str = "over_message_quota";
    /// A fault behind the server, which may be temporary.
    pub const BACKEND_ERROR: &str = "backend_error";
    /// Anything else.
    pub const INTERNAL_ERROR: &str = "internal_error";

    /// Whether a subscribe that was refused with this code can never succeed (rule d08).
    #[must_use]
    pub fn is_hopeless_for_subscribe(code: &str) -> bool {
        code == ErrorCode::CHANNEL_RESERVED || code == ErrorCode::INVALID_CHANNEL
    }
}

//! What goes over a connection: frames, close codes, error codes, names, addresses and limits.
//!
//! Pure functions over text and parsed values. Nothing here knows of connections, time or a platform.

mod close_code;
mod endpoint;
mod error_code;
mod frame;
mod hex;
mod ice;
mod name;
mod outgoing;
mod scrub;
mod secret;
mod value;

pub use close_code::{CloseCode, REASON_MAX_BYTES, Reaction, fit_reason, sendable_code};
pub use endpoint::{Address, CredentialKind, DEFAULT_ORIGIN, Endpoint, EndpointError};
pub use error_code::ErrorCode;
pub use frame::{
    ApplicationFrame, FrameType, Malformed, PresencePeer, ServerFrame, Welcome, decode,
};
pub use ice::{IceServer, Urls};
pub use name::{CHANNEL_MAX, NameError, PEER_ID_MAX, check_channel, check_peer_id};
pub use outgoing::{DATA, END, OutgoingFrame, PUBLISH, REQUEST_ID, SEND, push_json_string};
pub use scrub::scrub;
pub use secret::Secret;
pub use value::{Members, Value};

/// The largest outbound payload, in bytes of JSON, before a welcome says otherwise (rule d01).
pub const FALLBACK_MAX_MESSAGE_SIZE: u32 = 65_536;

/// The largest inbound text that a client accepts, in UTF-16 units on the web and in bytes natively (rule 179).
pub const INBOUND_CAP: usize = 1_048_576;

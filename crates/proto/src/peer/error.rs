//! Why a call of the room failed, and how the platform failed.

use crate::machine;
use crate::wire::scrub;

use super::io::State;

/// How an operation of the platform failed, or something of the room's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The name of the error.
    pub name: String,
    /// Its message, without credentials.
    pub message: String,
}

impl Failure {
    /// A failure in the platform's own words, which are scrubbed of credentials.
    #[must_use]
    pub fn new(name: &str, message: &str) -> Failure {
        Failure { name: name.into(), message: scrub(message) }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// The call is not possible in this state.
    InvalidState {
        /// The method that was called.
        method: &'static str,
        /// The state it was called in.
        state: State,
    },
    /// The channel begins with a prefix that the service keeps for itself.
    ReservedChannel,
    /// The room is not joined.
    NotJoined,
    /// There is no data, or the peer's id is empty or no text.
    InvalidArguments,
    /// The peer is this client itself.
    SelfSend,
    /// The data, or the whole message with the metadata, is larger than the server takes.
    Oversized {
        /// Bytes of JSON.
        size: usize,
        /// Bytes that the server takes.
        cap: f64,
    },
    /// The track was added before, with another stream.
    TrackAlreadyAttached,
    /// At least one peer refused the new track.
    ReplaceTrack {
        /// The peers that have the new track.
        succeeded: Vec<String>,
        /// The peers that do not, and why.
        failed: Vec<(String, Failure)>,
    },
    /// The room was closed while it joined.
    Closed {
        /// The reason that `close()` was given.
        reason: Option<String>,
    },
    /// What the room's client said.
    Client(machine::CallError),
}

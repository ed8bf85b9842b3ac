//! Why a call of a room failed.

use std::fmt;

use metered_realtime_proto::machine;
use metered_realtime_proto::peer::{CallError, Failure, State};

use crate::client::errors::in_words;

/// Why a call of a room failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PeerError {
    /// The call is not possible in this state.
    InvalidState {
        /// The method.
        method: &'static str,
        /// The state.
        state: State,
    },
    /// The channel begins with a prefix that the service keeps for itself.
    ReservedChannel,
    /// The room is not joined. Await `join`, or wait until the state is `Joined` again.
    NotJoined,
    /// The peer's id is empty.
    InvalidArguments,
    /// A peer cannot send to itself.
    SelfSend,
    /// The data, or the message with the metadata, is larger than the server takes.
    Oversized {
        /// Bytes of JSON.
        size: usize,
        /// Bytes that the server takes.
        cap: usize,
    },
    /// JSON cannot hold the data.
    Data(String),
    /// The track is sent already, with another stream; remove it first.
    TrackAlreadyAttached,
    /// At least one peer refused the new track.
    ReplaceTrack {
        /// The peers that have the new track.
        succeeded: Vec<String>,
        /// The peers that do not, and why.
        failed: Vec<(String, Failure)>,
    },
    /// What the room's client said, such as a refusal of the server.
    Client(machine::CallError),
    /// The room is over, or all of its handles are dropped.
    Gone,
}

impl From<CallError> for PeerError {
    fn from(error: CallError) -> PeerError {
        match error {
            CallError::InvalidState { method, state } => PeerError::InvalidState { method, state },
            CallError::ReservedChannel => PeerError::ReservedChannel,
            CallError::NotJoined => PeerError::NotJoined,
            CallError::InvalidArguments => PeerError::InvalidArguments,
            CallError::SelfSend => PeerError::SelfSend,
            CallError::Oversized { size, cap } => PeerError::Oversized { size, cap: cap as usize },
            CallError::TrackAlreadyAttached => PeerError::TrackAlreadyAttached,
            CallError::ReplaceTrack { succeeded, failed } => {
                PeerError::ReplaceTrack { succeeded, failed }
            }
            CallError::Closed { reason: _ } => {
                PeerError::InvalidState { method: "join", state: State::Closed }
            }
            CallError::Client(error) => PeerError::Client(error),
        }
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PeerError::InvalidState { method, state } => {
                write!(f, "{method} is not possible in the state {}", state.name())
            }
            PeerError::ReservedChannel => {
                f.write_str("the channel begins with a prefix that the service keeps for itself")
            }
            PeerError::NotJoined => f.write_str("the room is not joined"),
            PeerError::InvalidArguments => f.write_str("the peer id is empty"),
            PeerError::SelfSend => f.write_str("a peer cannot send to itself"),
            PeerError::Oversized { size, cap } => {
                write!(f, "the data is larger than the server takes ({size} of {cap} bytes)")
            }
            PeerError::Data(why) => write!(f, "the data {why}"),
            PeerError::TrackAlreadyAttached => {
                f.write_str("the track is sent already, with another stream; remove it first")
            }
            PeerError::ReplaceTrack { succeeded, failed } => {
                let all = succeeded.len() + failed.len();
                let refused = failed.len();
                write!(f, "the track could not be replaced for {refused} of {all} peers")
            }
            PeerError::Client(error) => f.write_str(&in_words(error)),
            PeerError::Gone => f.write_str("the room is over"),
        }
    }
}

impl std::error::Error for PeerError {}

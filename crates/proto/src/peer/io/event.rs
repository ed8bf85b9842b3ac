//! Events: what the user's handlers get.

use super::super::error::Failure;
use super::{ChannelId, RemoteId, RemoteState, State, StreamId, TrackId};

/// What happened, for the user.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<P> {
    /// The state changed.
    StateChange {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
    },
    /// `join()` succeeded.
    Joined {
        /// The peer id of this client.
        peer_id: String,
        /// The channel.
        channel: String,
    },
    /// The session is over. Nothing follows.
    Left {
        /// The peer id of this client.
        peer_id: Option<String>,
        /// The channel.
        channel: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// There is another member.
    PeerJoined(RemoteId),
    /// A member is gone.
    PeerLeft(RemoteId),
    /// A member sent data.
    Data {
        /// The sender.
        from: String,
        /// The data.
        data: P,
        /// Whether it came to this client alone.
        direct: bool,
        /// The sender's metadata.
        sender_metadata: Option<P>,
    },
    /// Something is wrong with the session; `name` is the code.
    Error(Failure),
    /// Something happened to a member.
    Remote {
        /// Whom.
        remote: RemoteId,
        /// What.
        event: RemoteEvent<P>,
    },
}

/// What happened to a member.
#[derive(Clone, Debug, PartialEq)]
pub enum RemoteEvent<P> {
    /// Its state changed.
    StateChange {
        /// The state before.
        from: RemoteState,
        /// The state now.
        to: RemoteState,
    },
    /// It sends a track.
    Track {
        /// The track.
        track: TrackId,
        /// Its streams.
        streams: Vec<StreamId>,
        /// What the sender says of it.
        metadata: Option<P>,
    },
    /// It sends a stream: the first track of one.
    StreamAdded {
        /// The stream.
        stream: StreamId,
        /// What the sender says of that track.
        metadata: Option<P>,
    },
    /// No track of the stream is left.
    StreamRemoved {
        /// The stream.
        stream: StreamId,
    },
    /// It opened a data channel.
    DataChannel(ChannelId),
    /// A negotiation failed.
    NegotiationError(Failure),
    /// A candidate was refused.
    CandidateError(Failure),
    /// The connection was replaced by another; its channels and inbound tracks are gone.
    ConnectionReset,
}

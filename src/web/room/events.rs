//! What a room tells.

use web_sys::{MediaStream, MediaStreamTrack, RtcDataChannel};

use super::remote::RemotePeer;
use crate::data::Payload;
use metered_realtime_proto::peer::{Failure, RemoteState, State};

/// What happened in a room.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PeerEvent {
    /// The state changed.
    StateChange {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
    },
    /// `join` succeeded. It comes once, not after a reconnect.
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
        /// Why: the argument of `close`, or what ended the connection.
        reason: Option<String>,
    },
    /// There is another member.
    PeerJoined(RemotePeer),
    /// A member is gone.
    PeerLeft(RemotePeer),
    /// A member sent data, by the server.
    Data {
        /// The sender.
        sender_peer_id: String,
        /// The data.
        data: Payload,
        /// Whether it was sent to this member alone.
        direct: bool,
        /// What the sender says of itself.
        sender_metadata: Option<Payload>,
    },
    /// Something is wrong with the session; `name` is the code.
    Error(Failure),
    /// Something happened to a member.
    Remote {
        /// The member.
        peer: RemotePeer,
        /// What happened.
        event: RemotePeerEvent,
    },
}

/// What happened to a member.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RemotePeerEvent {
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
        track: MediaStreamTrack,
        /// Its streams.
        streams: Vec<MediaStream>,
        /// What the sender says of it. Anybody in the room may say anything.
        metadata: Option<Payload>,
    },
    /// It sends the first track of a stream.
    StreamAdded {
        /// The stream.
        stream: MediaStream,
        /// What the sender says of that track.
        metadata: Option<Payload>,
    },
    /// No track of the stream is left.
    StreamRemoved {
        /// The stream.
        stream: MediaStream,
    },
    /// It opened a data channel.
    DataChannel(RtcDataChannel),
    /// A negotiation failed. The name `IceRestartExhaustedError` means that the room has given up.
    NegotiationError(Failure),
    /// A candidate was refused.
    CandidateError(Failure),
    /// The connection was replaced by another; open data channels again.
    ConnectionReset,
}

//! What the driver tells the room.

use crate::machine;
use crate::wire::{IceServer, PresencePeer};

use super::super::error::Failure;
use super::super::signal::{Candidate, Kind, Sdp, Signal};
use super::{
    CallId, ChannelId, ConnectionId, ConnectionState, IceState, RequestId, Signalling, StreamId,
    TrackId,
};

/// Data that the user sends.
#[derive(Clone, Debug)]
pub struct Payload<P> {
    /// The data.
    pub value: P,
    /// Bytes of its JSON.
    pub size: usize,
    /// Whether the receiver will take it for a signal of a connection ([`decode`](super::super::decode) says so).
    pub is_signal: bool,
}

/// A track that the user sends to every member.
#[derive(Clone, Debug)]
pub struct LocalTrack<P> {
    /// The track.
    pub track: TrackId,
    /// Its own id, as the platform has it.
    pub id: String,
    /// Audio or video.
    pub kind: Kind,
    /// The stream that it belongs to, and the stream's own id.
    pub stream: Option<(StreamId, String)>,
    /// What the user says of it, and the bytes of its JSON.
    pub metadata: Option<(P, usize)>,
}

/// What the driver tells the room.
#[derive(Debug)]
pub enum Input<P> {
    /// The client was welcomed.
    Connected {
        /// The peer id of this client.
        peer_id: String,
        /// The largest payload in bytes of JSON.
        max_message_size: f64,
        /// The ICE servers, if the welcome has valid ones.
        ice_servers: Option<Vec<IceServer>>,
    },
    /// The client's event of the same name.
    Disconnected {
        /// The close code.
        code: u16,
        /// The peer's words.
        reason: String,
        /// Whether the client tries again.
        will_reconnect: bool,
    },
    /// The client's event of the same name, of any channel.
    Presence {
        /// The channel.
        channel: String,
        /// Who joined.
        joined: Vec<PresencePeer<P>>,
        /// Who left.
        left: Vec<PresencePeer<P>>,
    },
    /// The client's event of the same name, of any channel.
    Message {
        /// The channel.
        channel: String,
        /// The sender.
        from: String,
        /// What was published.
        data: P,
        /// The sender's metadata.
        from_metadata: Option<P>,
    },
    /// The client's event of the same name, if its data is [`Data`](super::super::Decoded::Data).
    Direct {
        /// The sender.
        from: String,
        /// What was sent.
        data: P,
        /// The sender's metadata.
        from_metadata: Option<P>,
    },
    /// The client's event `direct`, if its data is a [`Signal`].
    Signal {
        /// The sender.
        from: String,
        /// The signal.
        signal: Signal<P>,
    },
    /// The client's event of the same name.
    ServerError {
        /// The code.
        code: String,
        /// Text for people.
        message: Option<String>,
    },
    /// The client's event of the same name: the third failure in a row, or a later one.
    TokenProviderError {
        /// The last failure.
        error: machine::ProviderFailure,
    },
    /// A call of the client ended.
    ClientDone {
        /// Which.
        request: RequestId,
        /// How.
        result: Result<(), machine::CallError>,
    },
    /// Something happened to a connection.
    Connection {
        /// Which.
        connection: ConnectionId,
        /// What.
        event: ConnectionEvent<P>,
    },
    /// The network came back or changed.
    Online,
}

/// What a driver reports of a connection. Nothing of it is wanted any more after [`Order::Drop`](super::Order::Drop).
#[derive(Debug)]
pub enum ConnectionEvent<P> {
    /// It could not be made. Nothing else will be reported of it.
    CreateFailed(Failure),
    /// `negotiationneeded`.
    NegotiationNeeded,
    /// [`Order::SetLocal`](super::Order::SetLocal) is carried out.
    LocalDescription {
        /// The description that is to be sent.
        sdp: Sdp<P>,
        /// The local tracks that are sent, each with the `mid` of its transceiver where that has one.
        senders: Vec<(TrackId, String)>,
    },
    /// [`Order::SetRemote`](super::Order::SetRemote) is carried out.
    RemoteApplied,
    /// [`Order::SetLocal`](super::Order::SetLocal) or [`Order::SetRemote`](super::Order::SetRemote) failed.
    OperationFailed {
        /// The connection's state now.
        signalling: Signalling,
        /// How.
        failure: Failure,
    },
    /// `icecandidate`; `None`: there are no more.
    Candidate(Option<Candidate<P>>),
    /// [`Order::AddCandidate`](super::Order::AddCandidate) failed. (Success is not reported.)
    CandidateFailed(Failure),
    /// `iceconnectionstatechange`.
    Ice(IceState),
    /// `connectionstatechange`.
    State(ConnectionState),
    /// `track`.
    Track {
        /// The track.
        track: TrackId,
        /// Its own id at this end.
        id: String,
        /// Audio or video.
        kind: Kind,
        /// The `mid` of its transceiver.
        mid: Option<String>,
        /// The streams that it belongs to, and their own ids.
        streams: Vec<(StreamId, String)>,
    },
    /// A stream lost a track (`removetrack`), or the track `ended` (`stream: None`).
    TrackGone {
        /// The track.
        track: TrackId,
        /// The stream.
        stream: Option<StreamId>,
    },
    /// `datachannel`.
    DataChannel(ChannelId),
    /// A data channel of this side closed without a call of this side.
    ChannelClosed,
    /// The DTLS transport closed without a call of this side: the other end is gone.
    TransportClosed,
    /// [`Order::AddTrack`](super::Order::AddTrack) or [`Order::RemoveTrack`](super::Order::RemoveTrack) failed.
    TrackFailed {
        /// The track.
        track: TrackId,
        /// How.
        failure: Failure,
    },
    /// [`Order::ReplaceTrack`](super::Order::ReplaceTrack) is done.
    TrackReplaced {
        /// The call that it belongs to; `None` where the order had none.
        call: Option<CallId>,
        /// How it ended. A connection without a sender for the track succeeds.
        result: Result<(), Failure>,
    },
}

//! The whole boundary of the room: what goes in, what comes out, and the handles that tie the two together.
//!
//! A driver joins a [`Room`](super::Room) with a client: it reports the client's events as [`Input`]s and carries out
//! [`Output::Client`] by calling the client. It keeps the platform's objects (connections, tracks, streams, channels) in
//! tables by handle, and makes handles of its own for [`TrackId`], [`StreamId`] and [`ChannelId`].
//!
//! Application data, session descriptions and candidates are payloads `P` that the room carries without a look. Two
//! payloads are equal when their JSON is.

use crate::machine;
use crate::wire::{IceServer, PresencePeer};

use super::error::{CallError, Failure};
use super::sdp::SdpFacts;
use super::signal::{Candidate, Kind, Sdp, SdpType, Signal};

/// A remote member, from the moment it is known until it leaves. It is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteId(pub u32);

/// The number of a connection among those of its remote, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gen(pub u32);

/// One `RTCPeerConnection`. What is reported of any other than the current one of its remote changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// Whose.
    pub remote: RemoteId,
    /// Which of them.
    pub generation: Gen,
}

/// A media track that the driver knows, local or inbound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrackId(pub u32);

/// A media stream that the driver knows, local or inbound. Another object has another id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u32);

/// A data channel that a remote opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub u32);

/// A call of the client that the room asked for; answered by [`Input::ClientDone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// A call of the user that is answered later by [`Output::Settle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// Data that the user sends.
#[derive(Clone, Debug)]
pub struct Payload<P> {
    /// The data.
    pub value: P,
    /// Bytes of its JSON.
    pub size: usize,
    /// Whether the receiver will take it for a signal of a connection ([`decode`](super::decode) says so).
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
        /// The own peer id.
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
    /// The client's event of the same name, if its data is [`Data`](super::Decoded::Data).
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

/// What a driver reports of a connection. Nothing of it is wanted any more after [`Order::Drop`].
#[derive(Debug)]
pub enum ConnectionEvent<P> {
    /// It could not be made. Nothing else will be reported of it.
    CreateFailed(Failure),
    /// `negotiationneeded`.
    NegotiationNeeded,
    /// [`Order::SetLocal`] is carried out.
    LocalDescription {
        /// The description that is to be sent.
        sdp: Sdp<P>,
        /// The own tracks that are sent, each with the `mid` of its transceiver where that has one.
        senders: Vec<(TrackId, String)>,
    },
    /// [`Order::SetRemote`] is carried out.
    RemoteApplied,
    /// [`Order::SetLocal`] or [`Order::SetRemote`] failed.
    OperationFailed {
        /// The connection's state now.
        signalling: Signalling,
        /// How.
        failure: Failure,
    },
    /// `icecandidate`; `None`: there are no more.
    Candidate(Option<Candidate<P>>),
    /// [`Order::AddCandidate`] failed. (Success is not reported.)
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
    /// [`Order::AddTrack`] or [`Order::RemoveTrack`] failed.
    TrackFailed {
        /// The track.
        track: TrackId,
        /// How.
        failure: Failure,
    },
    /// [`Order::ReplaceTrack`] is done.
    TrackReplaced {
        /// The call that it belongs to; `None` where the order had none.
        call: Option<CallId>,
        /// How it ended. A connection without a sender for the track succeeds.
        result: Result<(), Failure>,
    },
}

/// What the room asks of the driver. Carried out one after the other, with nothing borrowed.
#[derive(Debug)]
pub enum Output<P> {
    /// Call the client.
    Client(ClientCall<P>),
    /// Do something with a connection.
    Connection {
        /// Which.
        connection: ConnectionId,
        /// What.
        order: Order<P>,
    },
    /// A call of the user is answered.
    Settle {
        /// Which call.
        call: CallId,
        /// How it ended.
        result: Result<(), CallError>,
    },
    /// The remote is gone: its state is `closed`; drop its listeners. Its connection was dropped before.
    ForgetRemote(RemoteId),
    /// Tell the user's handlers.
    Event(Event<P>),
    /// Tell the user's logger.
    Log(machine::Log),
}

/// A call of the client. Those with a request are answered by [`Input::ClientDone`], in any order.
#[derive(Debug)]
pub enum ClientCall<P> {
    /// Connect.
    Connect {
        /// The request.
        request: RequestId,
    },
    /// Subscribe to a channel.
    Subscribe {
        /// The request.
        request: RequestId,
        /// The channel.
        channel: String,
        /// Whether messages shall carry the sender's metadata.
        include_sender_metadata: bool,
    },
    /// Stop that. Nobody waits for the answer.
    Unsubscribe {
        /// The channel.
        channel: String,
    },
    /// Send to everybody in the channel.
    Publish {
        /// The request.
        request: RequestId,
        /// The channel.
        channel: String,
        /// The data.
        data: P,
    },
    /// Send the user's data to one peer.
    Send {
        /// The request.
        request: RequestId,
        /// The peer.
        to: String,
        /// The data.
        data: P,
    },
    /// Send a signal to one peer. Nobody waits for the answer; a failure is at most worth a log line.
    Signal {
        /// The peer.
        to: String,
        /// The signal; [`Signal::to_json`] is its text.
        signal: Signal<P>,
    },
    /// Close, with code 1000.
    Close {
        /// The request.
        request: RequestId,
        /// The reason, if the user gave one.
        reason: Option<String>,
    },
}

/// Something to do with a connection. `SetLocal` and `SetRemote` are answered; there is at most one of them at a time.
#[derive(Debug)]
pub enum Order<P> {
    /// Make it, and report what becomes of it.
    Create {
        /// Its ICE servers, where they are known.
        ice_servers: Option<Vec<IceServer>>,
    },
    /// Make a description and apply it. Where that is possible, without an argument.
    SetLocal {
        /// An offer or an answer.
        kind: SdpType,
        /// For an offer: with new ICE credentials.
        ice_restart: bool,
    },
    /// Apply a description of the peer.
    SetRemote {
        /// An offer or an answer.
        kind: SdpType,
        /// The description.
        sdp: P,
        /// The own offer is rolled back by it, explicitly where the platform does not do so itself.
        rollback: bool,
    },
    /// Add a candidate of the peer; `None`: there are no more.
    AddCandidate(Option<P>),
    /// Use these ICE servers from now on.
    SetConfiguration {
        /// The servers.
        ice_servers: Vec<IceServer>,
    },
    /// Send a track.
    AddTrack {
        /// The track.
        track: TrackId,
        /// Its stream.
        stream: Option<StreamId>,
    },
    /// Stop sending a track.
    RemoveTrack {
        /// The track.
        track: TrackId,
    },
    /// Send another track in the place of one, without a negotiation.
    ReplaceTrack {
        /// The call that it belongs to.
        call: Option<CallId>,
        /// The track that is sent.
        old: TrackId,
        /// The track to send instead; `None`: nothing.
        new: Option<TrackId>,
    },
    /// Detach everything and close it.
    Drop,
}

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
        /// The own peer id.
        peer_id: String,
        /// The channel.
        channel: String,
    },
    /// The session is over. Nothing follows.
    Left {
        /// The own peer id.
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

/// The state of the room that users see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not joined yet.
    Idle,
    /// In `join()`.
    Joining,
    /// In the room.
    Joined,
    /// The connection to the server is lost, or the members are not known again yet.
    Reconnecting,
    /// In `close()`.
    Leaving,
    /// Over.
    Closed,
}

impl State {
    /// The state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Joining => "joining",
            State::Joined => "joined",
            State::Reconnecting => "reconnecting",
            State::Leaving => "leaving",
            State::Closed => "closed",
        }
    }
}

/// The state of a member that users see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RemoteState {
    /// Nothing was negotiated.
    Idle,
    /// On the way to the first connection.
    Connecting,
    /// Connected.
    Connected,
    /// Was connected, or is being replaced.
    Reconnecting,
    /// Gone.
    Closed,
}

impl RemoteState {
    /// The state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RemoteState::Idle => "idle",
            RemoteState::Connecting => "connecting",
            RemoteState::Connected => "connected",
            RemoteState::Reconnecting => "reconnecting",
            RemoteState::Closed => "closed",
        }
    }
}

/// `signalingState`, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signalling {
    /// No offer is open.
    Stable,
    /// An own offer waits for its answer.
    HaveLocalOffer,
    /// An offer of the peer waits for its answer.
    HaveRemoteOffer,
}

/// `iceConnectionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceState {
    /// Nothing to check yet.
    New,
    /// Candidates are checked.
    Checking,
    /// A pair works.
    Connected,
    /// The best pair works.
    Completed,
    /// Checks fail; that may pass.
    Disconnected,
    /// No pair works.
    Failed,
    /// Closed.
    Closed,
}

/// `connectionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Nothing happened yet.
    New,
    /// On the way.
    Connecting,
    /// Works.
    Connected,
    /// Interrupted; that may pass.
    Disconnected,
    /// Failed.
    Failed,
    /// Closed.
    Closed,
}

/// What users see of a member.
#[derive(Clone, Copy, Debug)]
pub struct RemoteView<'a, P> {
    /// Its peer id.
    pub peer_id: &'a str,
    /// Its metadata, as it says itself.
    pub metadata: Option<&'a P>,
    /// Its state.
    pub state: RemoteState,
    /// Whether this side gives way when both offer at once.
    pub polite: bool,
    /// Its connection, if there is one.
    pub connection: Option<ConnectionId>,
    /// The facts of the description that it sent last.
    pub description: Option<&'a SdpFacts>,
}

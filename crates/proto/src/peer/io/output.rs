//! What the room asks of the driver.

use crate::machine;
use crate::wire::IceServer;

use super::super::error::CallError;
use super::super::signal::{SdpType, Signal};
use super::{CallId, ConnectionId, Event, RemoteId, RequestId, StreamId, TrackId};

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

/// A call of the client. Those with a request are answered by [`Input::ClientDone`](super::Input::ClientDone), in any order.
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
        /// The local offer is rolled back by it, explicitly where the platform does not do so itself.
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

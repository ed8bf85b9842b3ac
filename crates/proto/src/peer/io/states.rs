//! States of the room, of members and of connections.

use super::super::sdp::SdpFacts;
use super::ConnectionId;

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

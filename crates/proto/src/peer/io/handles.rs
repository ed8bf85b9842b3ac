//! Handles that tie inputs and outputs together.

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

/// A call of the client that the room asked for; answered by [`Input::ClientDone`](super::Input::ClientDone).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// A call of the user that is answered later by [`Output::Settle`](super::Output::Settle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

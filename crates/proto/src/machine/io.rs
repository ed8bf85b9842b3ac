//! The whole boundary of the machine: what goes in, what comes out, and the ids that tie the two together.

use crate::wire::{
    IceServer, Malformed, OutgoingFrame, PresencePeer, Secret, ServerFrame, Welcome, parse_decimal,
};

use super::error::{CallError, Close, ProviderFailure};

/// One socket that the driver was asked to open. News of any other than the current one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u32);

/// One call of the token provider. The answer to an old one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenRequestId(pub u32);

/// One call of the user that is answered later by [`Output::Settle`]; its decimal digits are the `requestId` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

impl CallId {
    /// The call that a `requestId` names, if it is written as this client writes them.
    #[must_use]
    pub fn from_request_id(id: &str) -> Option<CallId> {
        // A number with zeros in front is not one of ours.
        if id.as_bytes().first() == Some(&b'0') {
            return None;
        }
        parse_decimal(id.as_bytes()).map(CallId)
    }
}

/// What the driver tells the machine. `P` is application data that is handed on without a look.
#[derive(Debug)]
pub enum Input<P> {
    /// The socket's handshake succeeded.
    SocketOpened {
        /// Which socket.
        socket: SocketId,
    },
    /// A text arrived that is a frame.
    Frame {
        /// On which socket.
        socket: SocketId,
        /// The frame.
        frame: ServerFrame<P>,
    },
    /// A text arrived that is none. It is dropped, but shows that the peer lives.
    Malformed {
        /// On which socket.
        socket: SocketId,
        /// What is wrong with it.
        why: Malformed,
    },
    /// A message arrived that is no text. It is dropped, and shows nothing.
    Binary {
        /// On which socket.
        socket: SocketId,
    },
    /// A text arrived that is larger than [`INBOUND_CAP`](crate::wire::INBOUND_CAP).
    Oversize {
        /// On which socket.
        socket: SocketId,
    },
    /// The socket is closed, was refused, or could not even be made.
    SocketClosed {
        /// Which socket.
        socket: SocketId,
        /// How.
        close: Close,
    },
    /// The runtime has no WebSocket.
    SocketUnavailable {
        /// Which socket was wanted.
        socket: SocketId,
    },
    /// A frame could not be written: the socket is closing, or its `send` failed.
    SendFailed {
        /// The request that the frame belongs to.
        call: Option<CallId>,
    },
    /// The token provider answered.
    Token {
        /// Which call of it.
        request: TokenRequestId,
        /// The token, which must not be empty, or why there is none.
        result: Result<Secret, ProviderFailure>,
    },
    /// No asynchronous handler runs any more, as asked by [`Output::DrainHandlers`].
    HandlersDrained,
    /// The machine or the page woke up, or the network came back.
    Wake,
}

/// What a driver that keeps application data to itself does with some of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is of no interest: its socket is not in use.
    Drop,
    /// Tell the user.
    Tell,
    /// Tell the user after the [`Event::Connected`] of its socket, or never if that does not come.
    Hold,
}

/// What the machine asks of the driver. Carried out one after the other, with nothing borrowed.
#[derive(Debug)]
pub enum Output<P> {
    /// Open a socket to the address and report what becomes of it.
    OpenSocket {
        /// Its id.
        socket: SocketId,
        /// The address, with the credential.
        address: Secret,
    },
    /// Write a text frame, or report [`Input::SendFailed`].
    Send {
        /// To which socket.
        socket: SocketId,
        /// The frame.
        frame: Outgoing,
        /// The request that it belongs to.
        call: Option<CallId>,
    },
    /// Close a socket.
    CloseSocket {
        /// Which socket.
        socket: SocketId,
        /// A code that a script may send.
        code: u16,
        /// A reason that fits into a close frame.
        reason: String,
        /// `true`: report [`Input::SocketClosed`]. `false`: detach it at once; nothing of it is wanted any more.
        report: bool,
    },
    /// Call the token provider and report [`Input::Token`].
    FetchToken {
        /// The id of the call.
        request: TokenRequestId,
    },
    /// The answer to this call of the token provider is not wanted any more.
    ForgetToken {
        /// The id of the call.
        request: TokenRequestId,
    },
    /// Report [`Input::HandlersDrained`] as soon as no asynchronous handler runs.
    DrainHandlers,
    /// Answer a call of the user. Comes exactly once for each [`CallId`].
    Settle {
        /// Which call.
        call: CallId,
        /// How it ended.
        result: Result<(), CallError>,
    },
    /// Tell the user's handlers and streams.
    Event(Event<P>),
    /// Drop the listeners that were there when `close()` was called.
    ForgetListeners,
    /// End all event streams after what they hold.
    EndStreams,
    /// Tell the user's logger.
    Log(Log),
}

/// A frame on its way out. Its request's id is the call that it comes with, if it belongs to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Ask for a channel's messages and presence.
    Subscribe {
        /// The channel.
        channel: String,
        /// Whether messages shall carry the sender's metadata.
        include_sender_metadata: bool,
    },
    /// Stop that.
    Unsubscribe {
        /// The channel.
        channel: String,
    },
    /// Ask for a `pong`.
    Ping,
    /// A text that the driver made ready.
    Ready(String),
}

impl Outgoing {
    /// The frame's text.
    #[must_use]
    pub fn into_text(self, call: Option<CallId>) -> String {
        let request_id = call.map_or(0, |call| call.0);
        match self {
            Outgoing::Subscribe { channel, include_sender_metadata } => {
                let channel = &channel;
                OutgoingFrame::Subscribe { channel, include_sender_metadata, request_id }.to_text()
            }
            Outgoing::Unsubscribe { channel } => {
                OutgoingFrame::Unsubscribe { channel: &channel, request_id }.to_text()
            }
            Outgoing::Ping => OutgoingFrame::Ping.to_text(),
            Outgoing::Ready(text) => text,
        }
    }
}

/// The state that users see (spec B.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never connected.
    Idle,
    /// In the first connect.
    Connecting,
    /// Welcomed.
    Connected,
    /// Lost, and trying again.
    Reconnecting,
    /// Closed by the user, or given up.
    Closed,
}

impl State {
    /// The state's name, as the field has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Connecting => "connecting",
            State::Connected => "connected",
            State::Reconnecting => "reconnecting",
            State::Closed => "closed",
        }
    }
}

/// What happened, for the user (spec B.2 and the seed's table of events).
#[derive(Clone, Debug, PartialEq)]
pub enum Event<P> {
    /// The state changed.
    StateChange {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
    },
    /// A welcome arrived.
    Connected(Connected),
    /// An established connection closed, or an attempt to bring it back failed.
    Disconnected {
        /// The close code.
        code: u16,
        /// The peer's words; do not trust them.
        reason: String,
        /// Whether the client tries again.
        will_reconnect: bool,
    },
    /// A peer published to a channel.
    Message {
        /// The channel.
        channel: String,
        /// The sender's peer id.
        from: String,
        /// What was published.
        data: P,
        /// The sender's metadata, if asked for.
        from_metadata: Option<P>,
    },
    /// A peer sent to this client alone.
    Direct {
        /// The sender's peer id.
        from: String,
        /// What was sent.
        data: P,
        /// The sender's metadata, if it has any.
        from_metadata: Option<P>,
    },
    /// Peers joined or left a channel.
    Presence {
        /// The channel.
        channel: String,
        /// Who joined, or who is there already (the first one after a subscribe).
        joined: Vec<PresencePeer<P>>,
        /// Who left.
        left: Vec<PresencePeer<P>>,
    },
    /// The server reported an error that belongs to no pending request.
    ServerError {
        /// The code.
        code: String,
        /// Text for people.
        message: Option<String>,
        /// The id of the request, if the server named one.
        request_id: Option<String>,
    },
    /// The server restarts soon.
    GoingAway {
        /// Its wish for the delay, in milliseconds.
        retry_after_ms: f64,
    },
    /// The token provider failed three times or more in a row.
    TokenProviderError {
        /// How often in a row.
        consecutive_failures: u32,
        /// The last failure.
        error: ProviderFailure,
    },
}

/// The fields of [`Event::Connected`].
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// The socket that the welcome came from.
    pub socket: SocketId,
    /// This client's peer id.
    pub peer_id: String,
    /// The server's clock, in Unix seconds.
    pub server_time: f64,
    /// When the token expires, in Unix seconds; `None` for publishable keys.
    pub expires_at: Option<f64>,
    /// Whether there was a welcome before, since the last `connect()`.
    pub is_reconnect: bool,
    /// The largest payload, in bytes of JSON.
    pub max_message_size: f64,
    /// ICE servers, if the welcome has valid ones.
    pub ice_servers: Option<Vec<IceServer>>,
}

impl Connected {
    pub(super) fn new(socket: SocketId, welcome: Welcome, is_reconnect: bool) -> Connected {
        Connected {
            socket,
            peer_id: welcome.peer_id,
            server_time: welcome.server_time,
            expires_at: welcome.expires_at,
            is_reconnect,
            max_message_size: welcome.max_message_size,
            ice_servers: welcome.ice_servers,
        }
    }
}

/// A line for the user's logger. Never holds a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// How important it is.
    pub level: Level,
    /// A fixed text.
    pub message: &'static str,
    /// Up to two details, each with its name.
    pub details: [Option<(&'static str, LogValue)>; 2],
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For developers of the application.
    Debug,
    /// Worth a note.
    Info,
    /// Something is wrong, and the client copes.
    Warn,
    /// Something of the user's failed.
    Error,
}

/// A detail of a log line.
#[derive(Clone, Debug, PartialEq)]
pub enum LogValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// Hands out ids, from 1 on.
#[derive(Debug, Default)]
pub(super) struct Ids(u32);

impl Ids {
    /// The id that was handed out last.
    pub(super) fn last(&self) -> u32 {
        self.0
    }

    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.checked_add(1).unwrap_or(1);
        self.0
    }
}

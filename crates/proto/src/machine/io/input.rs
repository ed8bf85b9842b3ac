//! What goes into the machine.

use super::ids::{CallId, SocketId, TokenRequestId};
use crate::machine::error::{Close, ProviderFailure};
use crate::wire::{Malformed, Secret, ServerFrame};

/// What the driver reports. `P` and `N` are the application data and the names in [`ServerFrame`].
#[derive(Debug)]
pub enum Input<P, N = String> {
    /// The socket's handshake succeeded.
    SocketOpened {
        /// Which socket.
        socket: SocketId,
    },
    /// A text arrived, and it is a valid frame.
    Frame {
        /// On which socket.
        socket: SocketId,
        /// The frame.
        frame: ServerFrame<P, N>,
    },
    /// A text arrived that is not a valid frame. It is dropped, but it shows that the peer lives.
    Malformed {
        /// On which socket.
        socket: SocketId,
        /// What is wrong with it.
        why: Malformed,
    },
    /// A binary message arrived. It is dropped, and shows nothing.
    Binary {
        /// On which socket.
        socket: SocketId,
    },
    /// A text arrived that is larger than [`INBOUND_CAP`](crate::wire::INBOUND_CAP).
    Oversize {
        /// On which socket.
        socket: SocketId,
    },
    /// The socket closed, was refused, or could not be made.
    SocketClosed {
        /// Which socket.
        socket: SocketId,
        /// How.
        close: Close,
    },
    /// The runtime has no WebSocket.
    SocketUnavailable {
        /// Which socket was asked for.
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
    /// No asynchronous handler is running any more, after [`Output::DrainHandlers`](super::Output::DrainHandlers).
    HandlersDrained,
    /// The computer or the page woke up, or the network came back.
    Wake,
}

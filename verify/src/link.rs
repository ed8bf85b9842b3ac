//! A connection between a client and the server.

use metered_realtime_proto::machine::SocketId;

use crate::messages::CHANNELS;

/// One connection, from the dial on.
#[derive(Debug)]
pub(crate) struct Link {
    /// The client that dialled.
    pub(crate) client: usize,
    /// The client's id for it.
    pub(crate) socket: SocketId,
    /// For each channel, how often a request about it was ignored, refused or lost.
    pub(crate) request_failures: [u8; CHANNELS.len()],
    /// Whether the way to the server is cut.
    pub(crate) up_lost: bool,
    /// Whether messages to the client are lost.
    pub(crate) down_lost: bool,
    /// Whether the end of the connection is not reported either.
    pub(crate) mute: bool,
    /// The earliest time for the next message to the server.
    pub(crate) up_free: u64,
    /// The earliest time for the next message to the client.
    pub(crate) down_free: u64,
}

/// The immediate result of a dial.
#[derive(Debug)]
pub(crate) enum Dialled {
    /// It is on its way.
    Underway(usize),
    /// The constructor throws.
    Throws,
    /// There is no WebSocket.
    Unavailable,
}

impl Link {
    pub(crate) fn new(client: usize, socket: SocketId, now: u64) -> Link {
        Link {
            client,
            socket,
            request_failures: [0; CHANNELS.len()],
            up_lost: false,
            down_lost: false,
            mute: false,
            up_free: now,
            down_free: now,
        }
    }
}

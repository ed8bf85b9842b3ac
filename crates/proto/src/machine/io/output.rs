//! What comes out of the machine.

use super::event::Event;
use super::ids::{CallId, SocketId, TokenRequestId};
use super::log::Log;
use crate::machine::error::CallError;
use crate::wire::{OutgoingFrame, Secret};

/// What the machine asks of the driver, which does one after the other, with nothing borrowed.
#[derive(Debug)]
pub enum Output<P, N = String> {
    /// Open a socket to the address and report what becomes of it.
    OpenSocket {
        /// Its id.
        socket: SocketId,
        /// The address, with the credential.
        address: Secret,
    },
    /// Write a text frame, or report [`Input::SendFailed`](super::Input::SendFailed).
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
        /// `true`: report [`Input::SocketClosed`](super::Input::SocketClosed). `false`: detach it at once and report nothing
        /// more of it.
        report: bool,
    },
    /// Call the token provider and report [`Input::Token`](super::Input::Token).
    FetchToken {
        /// The id of the call.
        request: TokenRequestId,
    },
    /// The answer to this call of the token provider is not needed any more.
    ForgetToken {
        /// The id of the call.
        request: TokenRequestId,
    },
    /// Report [`Input::HandlersDrained`](super::Input::HandlersDrained) as soon as no asynchronous handler is running.
    DrainHandlers,
    /// Answer a call of the user. Comes exactly once for each [`CallId`].
    Settle {
        /// Which call.
        call: CallId,
        /// How it ended.
        result: Result<(), CallError>,
    },
    /// Tell the user's listeners and streams.
    Event(Event<P, N>),
    /// Drop the listeners that were there when `close()` was called.
    ForgetListeners,
    /// End all event streams after what they hold.
    EndStreams,
    /// Tell the user's logger.
    Log(Log),
}

/// A frame to the server. If it belongs to a request, its request id is the call that it comes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Ask for a channel's messages and presence.
    Subscribe {
        /// The channel.
        channel: String,
        /// Whether messages shall carry the sender's metadata.
        include_sender_metadata: bool,
    },
    /// End a subscription.
    Unsubscribe {
        /// The channel.
        channel: String,
    },
    /// Ask for a `pong`.
    Ping,
    /// A text that the driver has written.
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

//! Events: what the user's handlers get.

use super::ids::SocketId;
use crate::machine::error::ProviderFailure;
use crate::machine::state::State;
use crate::wire::{ApplicationFrame, IceServer, Welcome};

/// What happened, for the user's listeners and streams.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<P, N = String> {
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
        /// The peer's words. Do not trust them.
        reason: String,
        /// Whether the client tries again.
        will_reconnect: bool,
    },
    /// A `message`, `direct` or `presence` frame, as it arrived.
    Application(ApplicationFrame<P, N>),
    /// The server reported an error that belongs to no pending request of the user, or refused for good to bring a subscription
    /// back.
    ServerError {
        /// The code.
        code: String,
        /// Text for people.
        message: Option<String>,
        /// The id of the request, if the server named one.
        request_id: Option<String>,
        /// The channel that is not subscribed any more on this connection, if the error is about that.
        channel: Option<String>,
    },
    /// The server restarts soon.
    GoingAway {
        /// The delay that it asks for, in milliseconds.
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
    /// The largest payload that the server takes, in bytes of JSON.
    pub max_message_size: f64,
    /// ICE servers, if the welcome has valid ones.
    pub ice_servers: Option<Vec<IceServer>>,
}

impl Connected {
    pub(in crate::machine) fn new(
        socket: SocketId,
        welcome: Welcome,
        is_reconnect: bool,
    ) -> Connected {
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

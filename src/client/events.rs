//! The events of a client, one type each.
//!
//! ```no_run
//! # fn example(client: &metered_realtime::SignallingClient) {
//! use metered_realtime::events::{Disconnected, Message};
//!
//! client.on(|message: &Message| println!("{}: {:?}", message.channel, message.data));
//! client.on::<Disconnected>(|event| println!("lost: {}", event.code));
//! # }
//! ```
//!
//! The envelope (`channel`, `sender_peer_id`) is stamped by the server. `data` is whatever the sender chose, and metadata is
//! what the sender's token says: check both before use.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::errors::{DataError, TokenProviderFailure};
use super::send::MaybeSend;
use crate::data::Payload;
use metered_realtime_proto::machine;

#[doc(inline)]
pub use metered_realtime_proto::machine::State;
#[doc(inline)]
pub use metered_realtime_proto::wire::{IceServer, Urls};

/// A type of event, for [`on`](crate::SignallingClient::on) and [`events`](crate::SignallingClient::events). The types of
/// this module implement it.
pub trait Event: sealed::Sealed + Clone + MaybeSend + 'static {
    /// The event's name, for logs.
    const NAME: &'static str;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! event {
    ($type:ident, $name:literal) => {
        impl Event for $type {
            const NAME: &'static str = $name;
        }

        impl sealed::Sealed for $type {}
    };
}

event!(Connected, "connected");
event!(Disconnected, "disconnected");
event!(StateChange, "state-change");
event!(Message, "message");
event!(Direct, "direct");
event!(Presence, "presence");
event!(ServerError, "server-error");
event!(GoingAway, "going-away");
event!(TokenProviderError, "token-provider-error");

/// A welcome arrived: the first one, or one after a reconnect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Connected {
    /// This client's peer id: given by the server, or the token's `sub` claim.
    pub peer_id: String,
    /// The server's clock, in Unix seconds.
    pub server_time: f64,
    /// When the token expires, in Unix seconds; `None` for publishable keys.
    pub expires_at: Option<f64>,
    /// Whether there was a welcome before, since the last `connect()`.
    pub is_reconnect: bool,
    /// The largest payload that may be published or sent, in bytes of JSON.
    pub max_message_size: u64,
    /// The ICE servers of the token's metadata; `None` if there are none or one of them breaks a rule.
    pub ice_servers: Option<Vec<IceServer>>,
}

/// An established connection closed, or an attempt to bring it back failed.
///
/// A failed first `connect()` is not an event; it returns an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnected {
    /// The close code; see [`WsCloseCode`](crate::WsCloseCode). 1006 where there was none.
    pub code: u16,
    /// The server's words. Do not trust them.
    pub reason: String,
    /// Whether the client tries again. `false`: it is closed, and only `connect()` brings it back.
    pub will_reconnect: bool,
}

/// The state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// The state before.
    pub from: State,
    /// The state now.
    pub to: State,
}

/// A peer published to a channel that this client is subscribed to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The channel.
    pub channel: String,
    /// The sender's peer id, stamped by the server.
    pub sender_peer_id: String,
    /// What was published.
    pub data: Payload,
    /// The sender's metadata, if the subscription asks for it.
    pub sender_metadata: Option<Payload>,
}

impl Message {
    /// What was published, as a type of yours.
    ///
    /// # Errors
    /// The data does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        self.data.parse()
    }

    /// The sender's metadata, as a type of yours.
    ///
    /// # Errors
    /// The metadata does not fit the type.
    pub fn sender_metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, DataError> {
        self.sender_metadata.as_ref().map(Payload::parse).transpose()
    }
}

/// A peer sent to this client alone.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Direct {
    /// The sender's peer id, stamped by the server.
    pub sender_peer_id: String,
    /// What was sent.
    pub data: Payload,
    /// The sender's metadata, if it has any.
    pub sender_metadata: Option<Payload>,
}

impl Direct {
    /// What was sent, as a type of yours.
    ///
    /// # Errors
    /// The data does not fit the type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        self.data.parse()
    }

    /// The sender's metadata, as a type of yours.
    ///
    /// # Errors
    /// The metadata does not fit the type.
    pub fn sender_metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, DataError> {
        self.sender_metadata.as_ref().map(Payload::parse).transpose()
    }
}

/// Peers joined or left a channel. The first event after a subscribe lists the peers that are there; the list may be empty.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Presence {
    /// The channel.
    pub channel: String,
    /// The peers that joined, or that are there already.
    pub joined: Vec<PresencePeer>,
    /// The peers that left.
    pub left: Vec<PresencePeer>,
}

/// One peer of a [`Presence`] event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PresencePeer {
    /// The peer's id.
    pub peer_id: String,
    /// The peer's metadata, if its token has any.
    pub metadata: Option<Payload>,
}

impl PresencePeer {
    /// The peer's metadata, as a type of yours.
    ///
    /// # Errors
    /// The metadata does not fit the type.
    pub fn metadata<T: DeserializeOwned>(&self) -> Result<Option<T>, DataError> {
        self.metadata.as_ref().map(Payload::parse).transpose()
    }
}

/// The server reported an error that belongs to no pending request, or refused for good to bring a subscription back after a
/// reconnect. The connection stays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// The code; see [`ErrorCode`](crate::ErrorCode). Unknown codes are possible.
    pub code: String,
    /// A text for people.
    pub message: Option<String>,
    /// The id of the request, if the server named one.
    pub request_id: Option<String>,
    /// The channel whose subscription did not come back, if the error is about that. The next connection tries it again.
    pub channel: Option<String>,
}

/// The server restarts soon. The client reconnects by its own backoff, unless
/// [`honour_going_away`](crate::ReconnectOptions::honour_going_away) is on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct GoingAway {
    /// The delay that the server asks for, in milliseconds. Above zero.
    pub retry_after_ms: f64,
}

impl GoingAway {
    /// The delay that the server asks for.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::try_from_secs_f64(self.retry_after_ms / 1000.0).unwrap_or(Duration::MAX)
    }
}

/// The token provider failed three times or more in a row. The client keeps trying.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenProviderError {
    /// How many times in a row.
    pub consecutive_failures: u32,
    /// The last failure.
    pub err: TokenProviderFailure,
}

impl From<machine::Connected> for Connected {
    fn from(connected: machine::Connected) -> Connected {
        Connected {
            peer_id: connected.peer_id,
            server_time: connected.server_time,
            expires_at: connected.expires_at,
            is_reconnect: connected.is_reconnect,
            max_message_size: connected.max_message_size as u64,
            ice_servers: connected.ice_servers,
        }
    }
}

//! The whole boundary of the room: what goes in, what comes out, and the handles that tie the two together.
//!
//! A driver joins a [`Room`](super::Room) with a client: it reports the client's events as [`Input`]s and carries out
//! [`Output::Client`] by calling the client. It keeps the platform's objects (connections, tracks, streams, channels) in
//! tables by handle, and makes handles of its own for [`TrackId`], [`StreamId`] and [`ChannelId`].
//!
//! Application data, session descriptions and candidates are payloads `P` that the room carries without a look. Two
//! payloads are equal when their JSON is.

mod event;
mod handles;
mod input;
mod output;
mod states;

pub use event::{Event, RemoteEvent};
pub use handles::{CallId, ChannelId, ConnectionId, Gen, RemoteId, RequestId, StreamId, TrackId};
pub use input::{ConnectionEvent, Input, LocalTrack, Payload};
pub use output::{ClientCall, Order, Output};
pub use states::{ConnectionState, IceState, RemoteState, RemoteView, Signalling, State};

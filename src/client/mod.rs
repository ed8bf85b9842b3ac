//! The Rust surface of the client: what users name, without a platform.
//!
//! Builder, options, events, errors, listeners, streams and the futures of calls live here. What opens sockets and tells
//! the time is the platform's `Driver`; this module reaches it in one place, the alias [`platform`].

mod builder;
mod call;
mod credential;
mod emitter;
pub mod errors;
pub mod events;
mod handle;
mod options;
mod send;
mod shield;
mod stream;

/// What carries the client out: a `Driver` and a `Payload`.
use crate::native as platform;

pub(crate) use builder::Settings;
pub(crate) use call::{Answer, Call};
pub(crate) use credential::Provider;
pub(crate) use emitter::{Emitter, Mark};
pub(crate) use send::BoxFuture;
pub(crate) use shield::shield;

pub use builder::Builder;
pub use call::{Close, Connect, Request};
pub use credential::TokenResult;
pub use emitter::HandlerId;
pub use handle::{SignallingClient, WeakSignallingClient};
pub use options::{Reconnect, ReconnectOptions, SubscribeOptions};
pub use platform::Payload;
pub use send::{MaybeSend, MaybeSync};
pub use stream::{DEFAULT_EVENT_CAPACITY, EventStream};

//! The Rust surface of the client: what users name, without a platform.
//!
//! Builder, options, events, errors, payloads, listeners, streams and the futures of calls live here. What opens sockets and
//! tells the time is behind the trait [`Driver`]; a platform implements it and adds `build` to the [`Builder`].

mod builder;
mod call;
mod credential;
mod driver;
mod emitter;
pub mod errors;
pub mod events;
mod exit;
mod handle;
pub(crate) mod log;
mod options;
mod send;
mod shield;
mod stream;

pub(crate) use credential::Provider;
pub(crate) use driver::{Answer, Called, Driver, Wanted};
pub(crate) use emitter::Emitter;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use emitter::{Audience, Mark};
pub(crate) use exit::Exit;
pub(crate) use send::BoxFuture;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use shield::shield;

pub use builder::Builder;
pub use call::{Close, Connect, Request};
pub use credential::TokenResult;
pub use emitter::HandlerId;
pub use handle::{SignallingClient, WeakSignallingClient};
pub use options::{Reconnect, ReconnectOptions, SubscribeOptions};
pub use send::{MaybeSend, MaybeSync};
pub use stream::{DEFAULT_EVENT_CAPACITY, EventStream};

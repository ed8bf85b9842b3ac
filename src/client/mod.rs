//! The Rust surface of the client, independent of the platform.
//!
//! It has the builder, options, events, errors, listeners, streams and the futures of calls. Each platform implements the trait
//! [`Driver`], which opens sockets and tells the time, and adds `build` to the [`Builder`].

mod builder;
mod call;
mod credential;
mod dispatch;
mod driver;
mod emitter;
pub mod errors;
pub mod events;
mod handle;
mod handlers;
pub(crate) mod log;
mod options;
mod panics;
mod send;
mod stream;
mod teardown;

pub(crate) use credential::Provider;
pub(crate) use driver::{CallResult, Driver, NewRequest, PendingCall};
pub(crate) use emitter::Emitter;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use emitter::Mark;
pub(crate) use handlers::RunningHandlers;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use panics::catch_panic;
pub(crate) use send::BoxFuture;
pub(crate) use teardown::Teardown;

pub use builder::Builder;
pub use call::{Close, Connect, Request};
pub use credential::TokenResult;
pub use emitter::HandlerId;
pub use handle::{SignallingClient, WeakSignallingClient};
pub use options::{Reconnect, ReconnectOptions, SubscribeOptions};
pub use send::{MaybeSend, MaybeSync};
pub use stream::{DEFAULT_EVENT_CAPACITY, EventStream};

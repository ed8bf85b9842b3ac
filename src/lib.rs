#![cfg_attr(docsrs, feature(doc_cfg))]
//! The realtime signalling client for the Metered Realtime Messaging service: channels, presence and direct messages over one
//! WebSocket that comes back by itself. An independent client, not made by Metered.
//!
//! # Quick start
//!
//! ```no_run
//! use futures::StreamExt;
//! use metered_realtime::SignallingClient;
//! use metered_realtime::events::{Disconnected, Message};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = SignallingClient::builder().api_key("pk_live_...").build()?;
//! client.on(|event: &Disconnected| println!("lost: {}", event.code));
//! let mut messages = client.events::<Message>();
//!
//! client.connect().await?;
//! client.subscribe("rooms/lobby").await?;
//! client.publish("rooms/lobby", "hello").await?;
//!
//! while let Some(message) = messages.next().await {
//!     println!("{}: {}", message.sender_peer_id, message.data::<String>()?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Against a local server, add `.url("ws://127.0.0.1:8080")`. `examples/chat.rs` is a whole program.
//!
//! # What to know
//!
//! - **Calls take effect when they are made.** Their futures only wait for the answer: await them, or `detach` them; dropping a
//!   future of [`connect`](SignallingClient::connect) or of a request withdraws the call. So everything can be called from
//!   synchronous handlers too.
//! - **Events** go to handlers ([`on`](SignallingClient::on), [`on_async`](SignallingClient::on_async)) and to bounded
//!   streams ([`events`](SignallingClient::events)). Their types are in [`events`].
//! - **Reconnecting** begins after the first welcome. [`events::Disconnected::will_reconnect`] says whether the client tries
//!   again; subscriptions come back with the connection. See [`ReconnectOptions`].
//! - **Errors** say what the caller can do: [`errors::RequestError::outcome`] tells whether a request may have been carried
//!   out. See [`errors`].
//! - **Tokens** come from a [`token_provider`](Builder::token_provider), which is asked before every dial.
//! - **Dropping the last handle** closes the connection; [`close`](SignallingClient::close) does it politely and tells when it
//!   is done.
//! - **Logs** go to `tracing`, with the target `metered_realtime`. No log line, error or `Debug` output holds a credential.
//!
//! # In tests
//!
//! The client keeps time by tokio's clock. With tokio's feature `test-util`, `tokio::time::pause` and `advance` drive backoff,
//! keepalive and timeouts. A paused clock jumps to the next deadline whenever the runtime is idle, so connect and exchange
//! messages over real sockets before you pause it, or resume it for that: otherwise the welcome times out at once.
//!
//! # In a browser
//!
//! With `default-features = false, features = ["web"]` and the target `wasm32-unknown-unknown` the client is the same, on the
//! browser's own WebSocket, for frontends in Rust such as Yew or Leptos; `examples/page.rs` is one. What differs:
//!
//! - Nothing has to be `Send`. Asynchronous handlers and the token provider run as tasks of `wasm_bindgen_futures`.
//! - [`Payload`]s are JavaScript values underneath. Integers beyond 2<sup>53</sup> are refused by `publish` and `send`, as
//!   JavaScript's numbers cannot hold them, and so are map keys that are numbers.
//! - A panic, in a handler too, is the end of the program, as always on this target.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `native` (default) | the client on tokio, with rustls and Mozilla's roots |
//! | `proxy` (default) | the proxies that the environment names: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` |
//! | `native-roots` | the roots of the operating system instead |
//! | `web` | the client in a browser |
//! | `peer` | beside `web`: calls, with `peer::MeteredPeer` |
//!
//! # How it is made
//!
//! All behaviour is one pure state machine; the platforms only drive it. More in `docs/ARCHITECTURE.md`.
//!
//! ```text
//! metered-realtime-proto  <-  client  <-  native     Rust programs
//!                      data <-        <-  web        Rust programs in a browser
//! ```
//!
//! | module | knows | must not know |
//! |---|---|---|
//! | `metered-realtime-proto` | frames, and every rule of behaviour | sockets, clocks, entropy, JavaScript, async |
//! | `data` | application data as the platform holds it | frames, connections |
//! | `client` | builder, events, errors, handlers, streams | sockets, timers, rules of the protocol |
//! | `native` | tokio, tokio-tungstenite, rustls | rules of the protocol |
//! | `web` | the browser's `WebSocket` and timers | rules of the protocol |

#[cfg(all(target_arch = "wasm32", not(feature = "web-driver")))]
compile_error!(
    "metered-realtime: in a browser, use `default-features = false, features = [\"web\"]`"
);
#[cfg(all(not(target_arch = "wasm32"), not(feature = "native")))]
compile_error!("metered-realtime: natively, use the feature `native`, which is on by default");

#[cfg(any(not(target_arch = "wasm32"), feature = "web"))]
mod client;
#[cfg(any(not(target_arch = "wasm32"), feature = "web"))]
mod data;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod web;

#[cfg(any(not(target_arch = "wasm32"), feature = "web"))]
pub use client::{
    Builder, Close, Connect, DEFAULT_EVENT_CAPACITY, EventStream, HandlerId, MaybeSend, MaybeSync,
    Reconnect, ReconnectOptions, Request, SignallingClient, SubscribeOptions, TokenResult,
    WeakSignallingClient, errors, events,
};
#[cfg(any(not(target_arch = "wasm32"), feature = "web"))]
pub use data::Payload;
/// Calls in a browser: rooms of peers on `RTCPeerConnection`. With the features `web` and `peer`.
#[cfg(all(target_arch = "wasm32", feature = "web", feature = "peer"))]
pub mod peer {
    pub use crate::web::room::*;
}
#[doc(inline)]
pub use metered_realtime_proto::machine::{Outcome, State};
#[doc(inline)]
pub use metered_realtime_proto::wire::{CloseCode as WsCloseCode, ErrorCode};

/// The Rust of the pages for users, so that `cargo test --doc` compiles it.
#[cfg(all(doctest, feature = "native", not(target_arch = "wasm32")))]
mod guide {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/guide/quick-start.md")]
    struct QuickStart;
    #[doc = include_str!("../docs/guide/options.md")]
    struct Options;
    #[doc = include_str!("../docs/guide/events.md")]
    struct Events;
    #[doc = include_str!("../docs/guide/errors.md")]
    struct Errors;
    #[doc = include_str!("../docs/guide/reconnecting.md")]
    struct Reconnecting;
    #[doc = include_str!("../docs/guide/authentication.md")]
    struct Authentication;
    #[doc = include_str!("../docs/guide/migrating.md")]
    struct Migrating;
    #[doc = include_str!("../docs/guide/local-server.md")]
    struct LocalServer;
}

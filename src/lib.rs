#![cfg_attr(docsrs, feature(doc_cfg))]
//! The realtime signalling client for the Metered Realtime Messaging service.
//!
//! ```text
//! wire  <-  machine  <-  web     <-  pkg-template (the npm package)
//!                    <-  native
//! ```
//!
//! | module | knows | must not know |
//! |---|---|---|
//! | [`wire`] | text and frames, close codes, the address, limits | connections, time |
//! | [`machine`] | every rule of behaviour | sockets, clocks, entropy, JS, async |
//! | `web` | the browser's `WebSocket`, timers, promises | rules of the protocol |
//! | `native` | tokio, tungstenite, rustls | rules of the protocol |

#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod wire;

#[cfg(all(target_arch = "wasm32", any(feature = "web", feature = "npm")))]
pub mod web;

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod client;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use client::{
    Builder, Close, Connect, DEFAULT_EVENT_CAPACITY, EventStream, HandlerId, MaybeSend, MaybeSync,
    Payload, Reconnect, ReconnectOptions, Request, SignallingClient, SubscribeOptions, TokenResult,
    WeakSignallingClient, errors, events,
};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
#[doc(inline)]
pub use machine::{Outcome, State};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
#[doc(inline)]
pub use wire::{CloseCode as WsCloseCode, ErrorCode};

//! The native client over real sockets: against the local server, and against servers that a test controls.
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod channels;
mod chaos;
mod close;
mod connect;
mod construction;
mod handles;
mod inbound;
mod listeners;
mod logs;
#[cfg(feature = "proxy")]
mod proxy;
mod reconnect;
mod reentrancy;
mod renewal;
mod requests;
mod secrets;
mod stage;
mod streams;
mod support;
mod tls;

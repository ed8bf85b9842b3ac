//! The native client over real sockets: against the local server, and against servers that misbehave.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod channels;
mod support;

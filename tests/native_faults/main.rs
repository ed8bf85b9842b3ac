//! The native client under real faults: links that break, servers that restart, processes that are stopped, hostile
//! servers. All through real sockets.
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod hostile;
mod links;
mod proxy;
mod restart;
#[cfg(unix)]
mod stopped;
mod support;
mod upgrade;

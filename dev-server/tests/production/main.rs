//! The program in production mode: real processes, real TLS, real signals.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

mod bounds;
mod certificates;
mod client;
mod deploy;
mod drain;
mod monitoring;
mod process;
mod proxies;
mod refusals;

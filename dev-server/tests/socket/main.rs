//! The server through real sockets: each test starts its own on a free port.

#![allow(clippy::unwrap_used, missing_docs)]

mod bounds;
mod client;
mod credentials;
mod faults;
mod hostile;
mod program;
mod rest;
mod sessions;

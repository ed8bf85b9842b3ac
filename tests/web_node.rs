//! The web driver in Node, and the Rust surface on it: the frame corpus and fake sockets. Real sockets in Node are for the tests of the packed tarball.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used)]

#[path = "web/corpus.rs"]
mod corpus;
#[cfg(feature = "npm")]
#[path = "web/driver.rs"]
mod driver;
#[cfg(feature = "npm")]
#[path = "web/fakes.rs"]
mod fakes;
#[cfg(feature = "web")]
#[path = "web/rust_api_connection.rs"]
mod rust_api_connection;
#[cfg(feature = "web")]
#[path = "web/rust_api_data.rs"]
mod rust_api_data;
#[cfg(feature = "web")]
#[path = "web/rust_api_handles.rs"]
mod rust_api_handles;
#[cfg(feature = "web")]
#[path = "web/rust_api_stage.rs"]
mod rust_api_stage;

//! In Node: the frame corpus over JavaScript values, and the Rust surface with fake sockets. Real
//! sockets in Node are for the tests of the packed tarball.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used)]

#[path = "web/corpus.rs"]
mod corpus;
#[path = "web/rust_api_connection.rs"]
mod rust_api_connection;
#[path = "web/rust_api_data.rs"]
mod rust_api_data;
#[path = "web/rust_api_handles.rs"]
mod rust_api_handles;
#[path = "web/rust_api_stage.rs"]
mod rust_api_stage;

//! The web driver in a real browser, and the Rust surface on it: the frame corpus, fake sockets, and real ones to the local
//! server.
//!
//! `tests/web_node.rs` runs all but what needs a server in Node.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used)]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "web/corpus.rs"]
mod corpus;
#[cfg(feature = "npm")]
#[path = "web/driver.rs"]
mod driver;
#[cfg(feature = "npm")]
#[path = "web/fakes.rs"]
mod fakes;
#[cfg(feature = "npm")]
#[path = "web/real.rs"]
mod real;
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
#[path = "web/rust_api_real.rs"]
mod rust_api_real;
#[cfg(feature = "web")]
#[path = "web/rust_api_stage.rs"]
mod rust_api_stage;

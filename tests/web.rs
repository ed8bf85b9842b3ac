//! In a real browser: the frame corpus over JavaScript values, the Rust surface with fake sockets and with real ones to the
//! local server.
//!
//! `tests/web_node.rs` runs all but what needs a server in Node.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![allow(clippy::unwrap_used)]

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "web/corpus.rs"]
mod corpus;
#[cfg(feature = "peer")]
#[path = "web/rust_api_calls.rs"]
mod rust_api_calls;
#[path = "web/rust_api_connection.rs"]
mod rust_api_connection;
#[path = "web/rust_api_data.rs"]
mod rust_api_data;
#[path = "web/rust_api_handles.rs"]
mod rust_api_handles;
#[path = "web/rust_api_real.rs"]
mod rust_api_real;
#[path = "web/rust_api_stage.rs"]
mod rust_api_stage;

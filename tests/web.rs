//! The web driver in a real browser: the frame corpus, fake sockets, and real ones to the local server.
//!
//! `tests/web_node.rs` runs all but the last in Node.
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

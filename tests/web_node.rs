//! The web driver in Node: the frame corpus and fake sockets. Real sockets in Node are for the tests of the packed tarball.
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

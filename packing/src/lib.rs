//! Packs the core of the npm package, and unpacks it before the first client is made.
//!
//! The package ships the unpacking half of this wasm module: two and a half kilobytes that save six and a half. The build runs the other half, so both
//! are sure to run the same model on the same arithmetic.

#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod exported;
mod model;
mod pack;
mod unpack;
mod walk;
mod wide;

pub use pack::{Error, Packed, Packer};
pub use unpack::Unpacker;
pub use walk::LARGEST;

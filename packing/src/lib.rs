//! Packs the core of the npm package, and unpacks it before the first client is made.
//!
//! The package ships the unpacking half of this wasm module: three kilobytes that save six. The build runs the other half, so both
//! are sure to run the same model on the same arithmetic.

#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod exported;
mod model;
mod pack;
mod unpack;
mod walk;

pub use model::Model;
pub use pack::{Error, Packed, Scratch, pack};
pub use unpack::unpack;
pub use walk::LARGEST;

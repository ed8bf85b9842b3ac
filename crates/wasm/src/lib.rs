//! The core of the npm package: the client's class, on the web driver of the crate `metered-realtime`.
//!
//! ```text
//! SignallingClient (pkg-template) ──► Client (client.rs) ──► Driver, Machine
//!          ▲                                                    │
//!          └──── surface.js ◄── Surface (surface.rs) ◄── Npm (host.rs)
//! ```
//!
//! Whatever JavaScript passes is read here, and every rule is checked here. Application data and the names of channels and peers
//! that only pass through stay JavaScript values. Promises are made here; JavaScript keeps what settles them, so that it can
//! settle them even when this module is broken.
//!
//! Methods return promises and never throw. So whatever is thrown out of one is a trap: a fault of ours.
#![cfg(target_arch = "wasm32")]

mod call_options;
mod client;
mod errors;
mod events;
mod fields;
mod host;
mod names;
mod options;
#[cfg(feature = "peer")]
mod peer;
mod surface;

/// Smaller than the allocator of the standard library, and as fast.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// How many calls of this module are on the stack, or were left by a trap.
#[wasm_bindgen::prelude::wasm_bindgen]
#[must_use]
pub fn depth() -> u32 {
    metered_realtime::web::depth()
}

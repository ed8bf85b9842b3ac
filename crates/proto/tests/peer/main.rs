//! All behaviour of a room, without a connection and without waiting.
//!
//! Tests named `pNNN_…` show rule pNNN of `docs/SPEC.md`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

#[allow(dead_code, unused_imports)] // The negotiation uses it.
mod sim;

mod close;
mod join;
mod roster;
mod send;

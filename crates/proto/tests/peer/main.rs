//! All behaviour of a room, without a connection and without waiting.
//!
//! Tests named `pNNN_…` show rule pNNN of `docs/SPEC.md`.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod sim;

mod candidates;
mod channel;
mod close;
mod collisions;
mod hostile;
mod join;
mod ladder;
mod metadata;
mod negotiation;
mod reconcile;
mod roster;
mod sdp;
mod send;
mod sessions;
mod signals;
mod tracks;
mod unknown;

//! All behaviour of the machine and of `wire`, without a socket and without waiting.
//!
//! A test named `e067_…` shows rule 67 of `docs/SPEC.md`, a test named `d07_…` rule d07.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod sim;

mod close;
mod connect;
mod construction;
mod corpus;
mod dial_budget;
mod dice;
mod endpoint;
mod fleet;
mod ice;
mod inbound;
mod liveness;
mod memory;
mod order;
mod properties;
mod reconnect;
mod refused_dials;
mod regressions;
mod renewal;
mod renewal_faults;
mod replay;
mod requests;
mod scale;
mod secrets;
mod subscriptions;
mod token_provider;
mod validation;
mod walk;
mod words;

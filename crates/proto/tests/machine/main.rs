//! All behaviour of the machine and of `wire`, without a socket and without waiting.
//!
//! Tests named `eNNN_…` show scenario NNN of the contract (spec, part E), tests named `dNN_…` an item of the decisions.
//! `docs/SPEC.md` has the table.
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

//! The rules of the service, without a socket, a clock or a sleep: one file per topic.

#![allow(clippy::unwrap_used, missing_docs)]

mod admission;
mod faults;
mod limits;
mod messages;
mod presence;
mod robustness;
mod wildcards;
mod world;

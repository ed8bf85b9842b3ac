//! Deterministic simulation: the client's machine against a model server, a hostile network and a hostile user.
//!
//! ```text
//!            one seed ─► dice: every random choice
//!
//! user ─► driver ─► machine            time jumps from one entry of the schedule to the next
//!           │  ▲       │
//!           ▼  └───────┘ inputs, outputs ─► invariants (after every step)
//!        network ◄─► server
//! ```
//!
//! A session is a function of its seed. If it breaks a rule, it is shrunk, and its trace is printed.

mod alarm;
mod callbacks;
pub mod campaign;
mod client;
mod delivery;
mod dice;
mod driver;
mod faults;
pub mod figures;
pub mod fuzz;
mod incidents;
mod invariants;
mod link;
mod messages;
mod network;
mod options;
mod recovery;
pub mod rooms;
pub mod runner;
mod schedule;
mod server;
mod server_frames;
mod shrink;
mod totals;
mod trace;
mod user;
mod world;

pub use dice::{Dice, next};
pub use invariants::Broken;
pub use shrink::shrink;
pub use totals::Totals;
pub use world::run;

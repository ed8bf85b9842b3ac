//! The tokio side: listening, HTTP, WebSockets and the clock, around one [`Hub`](crate::hub::Hub).

mod accept;
mod address;
mod clients;
mod counters;
mod dev;
mod drain;
mod http;
mod link;
mod metrics;
mod nodes;
mod outbox;
mod reply;
mod rest;
mod server;
mod shared;
mod silence;
mod socket;
mod tls;
mod upgrade;

pub use server::{Server, StartError};
pub use tls::TlsError;

//! The tokio side: listening, HTTP, WebSockets and the clock, around one [`Hub`](crate::hub::Hub).

mod address;
mod dev;
mod http;
mod link;
mod metrics;
mod outbox;
mod reply;
mod rest;
mod server;
mod shared;
mod socket;
mod upgrade;

pub use server::{Server, StartError};

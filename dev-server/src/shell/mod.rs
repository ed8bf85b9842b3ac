//! The tokio side: listening, HTTP, WebSockets and the clock, around one [`Hub`](crate::hub::Hub).

mod dev;
mod http;
mod outbox;
mod server;
mod shared;
mod socket;
mod upgrade;

pub use server::{Server, StartError};

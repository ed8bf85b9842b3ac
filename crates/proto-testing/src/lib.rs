//! What the tests and the simulation of the machine share: a driver, a model of the server, frames as JSON.

mod driver;
mod json;
mod server;

pub use driver::Driver;
pub use json::{Json, decode_text, encode};
pub use server::{Request, SERVER_TIME, Server, Subscription, welcome};

//! A server for the Metered Realtime Messaging protocol: for development and tests, or in the open network.
//!
//! ```no_run
//! # async fn example() -> Result<(), metered_realtime_server::StartError> {
//! use metered_realtime_server::{Config, Server};
//!
//! let server = Server::start(Config::default()).await?;
//! println!("connect to {}/v1?key=pk_live_local", server.url());
//! server.drop_all(); // as a network would: no close frame
//! server.shutdown().await; // as a deploy would: going_away, then 1001
//! # Ok(())
//! # }
//! ```
//!
//! | module | knows | must not know |
//! |---|---|---|
//! | [`hub`] | every rule of the service | sockets, clocks, entropy, HTTP |
//! | `auth` | which credential gets which grant | connections |
//! | `bus` | NATS | rules of the protocol, connections |
//! | `shell` | tokio, HTTP, WebSocket, the clock | rules of the protocol |

mod auth;
mod bus;
pub mod cli;
mod config;
pub mod hub;
mod shell;

pub use auth::{MintError, Token, TokenRequest};
pub use config::{
    Bounds, Config, ConfigError, DEFAULT_KEY, Mistake, Mode, Nats, PublishableKey, Rejection,
    Rights, SecretKey, TlsFiles,
};
pub use hub::{Fault, Limits, Rule, Target, Trigger};
pub use shell::{Server, StartError, TlsError};

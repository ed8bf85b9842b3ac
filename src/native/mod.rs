//! The native driver: the machine on tokio, tokio-tungstenite and rustls. It knows no rule of the protocol.
//!
//! ```text
//! a call ───► Driver: lock, call the machine, unlock ─── wake ──► Pump, one task per client, until `closed`:
//! (any thread, any handler)                                       machine's outputs → sockets, provider, handlers, answers
//!                                                                 sockets, alarm, provider → machine's inputs
//! ```
//!
//! User code (handlers, the token provider, wakers) runs with nothing locked.

mod alarm;
mod clock;
mod dial;
mod driver;
mod finite;
mod json;
mod log;
mod payload;
mod pump;
mod serialize;
mod socket;
mod tasks;
mod tls;
mod wake;

pub(crate) use driver::Driver;
pub use payload::Payload;
pub(crate) use tls::Settings;

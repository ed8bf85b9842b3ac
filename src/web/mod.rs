//! The machine in a browser or in Node. No rule of the protocol lives here.
//!
//! The client for Rust programs (feature `web`) is driven from Rust, with web-sys `WebSocket` and gloo timers:
//!
//! ```text
//! call ──────────┐
//! socket event ──┼─► { borrow machine; call; release } ─► pump ─► for each Output, nothing borrowed:
//! alarm fires ───┤        OpenSocket → socket            Settle → future
//! token settled ─┘        Send → socket.send             Event  → handlers (user code)
//!                                                        then re-arm the alarm
//! ```
//!
//! The npm package (feature `npm`) is smaller with a driver in JavaScript, its `host.js`, which does the same; `exported` gives
//! it the machine, `said` says what the machine asks for. The two features know nothing of each other.

#[cfg(feature = "web")]
mod alarm;
#[cfg(feature = "web")]
mod client;
#[cfg(feature = "web")]
mod clock;
#[cfg(feature = "web")]
mod driver;
#[cfg(feature = "npm")]
#[allow(missing_docs, reason = "its functions do what the machine's methods of those names do")]
mod exported;
#[cfg(feature = "web")]
mod inbound;
#[cfg(feature = "npm")]
mod said;
#[cfg(feature = "web")]
mod socket;
#[cfg(feature = "web")]
mod value;

#[cfg(feature = "npm")]
pub use exported::*;
#[cfg(feature = "npm")]
pub use said::Said;
#[cfg(feature = "web")]
#[doc(hidden)]
pub use value::JsJson;

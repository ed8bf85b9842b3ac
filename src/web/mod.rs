//! The machine in a browser or in Node. No rule of the protocol lives here.
//!
//! The client for Rust programs is driven from here, with web-sys `WebSocket` and gloo timers:
//!
//! ```text
//! call ──────────┐
//! socket event ──┼─► { borrow machine; call; release } ─► pump ─► for each Output, nothing borrowed:
//! alarm fires ───┤        OpenSocket → socket            Settle → future
//! token settled ─┘        Send → socket.send             Event  → handlers (user code)
//!                                                        then re-arm the alarm
//! ```

mod address;
mod alarm;
mod client;
mod clock;
mod driver;
mod inbound;
mod socket;
mod value;

#[doc(hidden)]
pub use address::parse_address;
#[doc(hidden)]
pub use value::JsJson;

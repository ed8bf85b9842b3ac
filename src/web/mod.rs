//! The machine in a browser or in Node: web-sys `WebSocket`, gloo timers, JavaScript callbacks.
//!
//! ```text
//! exported call ─┐
//! socket event ──┼─► { borrow machine; call; release } ─► pump ─► for each Output, nothing borrowed:
//! alarm fires ───┤        OpenSocket → socket            Settle → promise
//! token settled ─┘        Send → socket.send             Event  → listeners (user code)
//!                                                        then re-arm the alarm
//! ```
//!
//! No rule of the protocol lives here. User code runs only from the pump, with nothing borrowed.

mod alarm;
mod clock;
mod driver;
#[cfg(feature = "npm")]
mod handle;
mod socket;
mod value;

#[cfg(feature = "npm")]
pub use handle::Handle;
#[doc(hidden)]
pub use value::JsJson;

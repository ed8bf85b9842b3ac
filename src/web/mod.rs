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

#[cfg(feature = "web")]
mod alarm;
#[cfg(feature = "web")]
mod client;
#[cfg(feature = "web")]
mod clock;
#[cfg(feature = "web")]
mod driver;
#[cfg(all(feature = "npm", not(feature = "web")))]
mod exported;
#[cfg(all(feature = "npm", feature = "web"))]
mod handle;
#[cfg(all(feature = "npm", not(feature = "web")))]
mod said;
#[cfg(feature = "web")]
mod socket;
mod value;

#[cfg(all(feature = "npm", not(feature = "web")))]
pub use exported::Handle;
#[cfg(all(feature = "npm", feature = "web"))]
pub use handle::Handle;
#[cfg(all(feature = "npm", not(feature = "web")))]
pub use said::Said;
#[doc(hidden)]
pub use value::JsJson;

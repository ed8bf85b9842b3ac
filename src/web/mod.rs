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
//!
//! That is the driver for Rust programs (feature `web`). The npm package (feature `npm` alone) is smaller with a driver in
//! JavaScript, its `host.js`, which does the same; `exported` gives it the machine, `said` says what the machine asks for.

#[cfg(feature = "web")]
mod alarm;
#[cfg(feature = "web")]
mod client;
#[cfg(feature = "web")]
mod clock;
#[cfg(feature = "web")]
mod driver;
#[cfg(all(feature = "npm", not(feature = "web")))]
#[allow(missing_docs, reason = "its functions do what the machine's methods of those names do")]
mod exported;
#[cfg(all(feature = "npm", feature = "web"))]
mod handle;
#[cfg(all(feature = "npm", not(feature = "web")))]
mod said;
#[cfg(feature = "web")]
mod socket;
mod value;

#[cfg(all(feature = "npm", not(feature = "web")))]
pub use exported::*;
#[cfg(all(feature = "npm", feature = "web"))]
pub use handle::Handle;
#[cfg(all(feature = "npm", not(feature = "web")))]
pub use said::Said;
#[doc(hidden)]
pub use value::JsJson;

//! The machine in a browser or in Node. No rule of the protocol lives here.
//!
//! The one web driver: with web-sys `WebSocket` and gloo timers, for the surface that its [`Host`] is. There are two: the client
//! for Rust programs (`client`) and the class of the npm package (`crates/wasm`).
//!
//! ```text
//! call ──────────┐
//! socket event ──┼─► { borrow machine; call; release } ─► pump ─► for each Output, nothing borrowed:
//! alarm fires ───┤        OpenSocket → socket            Settle → future or promise
//! token settled ─┘        Send → socket.send             Event  → listeners (user code)
//!                                                        then re-arm the alarm
//! ```

mod address;
mod alarm;
mod any;
#[cfg(feature = "web")]
mod client;
mod clock;
mod depth;
mod driver;
mod failure;
mod frame_text;
mod host;
mod inbound;
mod lifecycle;
#[cfg(feature = "peer")]
pub mod peer;
#[cfg(all(feature = "web", feature = "peer"))]
pub mod room;
mod socket;
mod timer;
mod value;

pub use address::parse_address;
pub use any::{member_of, message_of};
pub use depth::{Entered, depth};
pub use driver::{Driver, WebMachine};
pub use frame_text::{FrameText, Json, Purpose};
pub use host::{Dialled, Host, Platform};
pub use value::{JsJson, Name};

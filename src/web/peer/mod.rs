//! Calls in a browser: the room's machine on the platform's `RTCPeerConnection`. No rule lives here.
//!
//! ```text
//! client events ──────┐
//! calls ──────────────┼─► { borrow room; call; release } ─► pump ─► for each Output, nothing borrowed:
//! connection events ──┤        Client     → the room's client  Connection → RTCPeerConnection
//! promises, alarm ────┘        Settle     → promise               Event      → listeners (user code)
//!                                                                 then re-arm the alarm
//! ```

mod channel;
mod client;
mod connection;
mod driver;
mod handles;
mod host;
mod objects;
mod payload;
mod report;
mod rtc;

pub use channel::{AnyChannel, ChannelDriver, ChannelEvent, ChannelHost, size_of};
pub use driver::{RoomDriver, WebRoom};
pub use host::RoomHost;
pub use objects::Objects;
pub use payload::{JsPayload, is_signal};

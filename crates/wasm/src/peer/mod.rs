//! Rooms: `MeteredPeer` of the package's entry `metered-realtime/peer`, beside the client and on top of it.

mod channel;
mod errors;
mod host;
mod room;
mod surface;

//! The rules of the Metered Realtime Messaging protocol, without any I/O.
//!
//! To talk to a server use `metered-realtime`, the client that is built on this crate. Use this crate to write a driver for
//! another platform, a server or a test.
//!
//! | module | knows | must not know |
//! |---|---|---|
//! | [`wire`] | text and frames, close codes, the address, limits | connections, time |
//! | [`machine`] | every rule of the client's behaviour | sockets, clocks, entropy, JavaScript, async |
//! | [`peer`] | every rule of a room of peer connections | the same, and what a connection is made of |

pub mod machine;
pub mod peer;
pub mod wire;

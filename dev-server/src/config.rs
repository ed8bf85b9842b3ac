//! What a server is told at its start.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::hub::Limits;

/// The publishable key that a server accepts unless told otherwise. It permits everything.
pub const DEFAULT_KEY: &str = "pk_live_local";

/// How a server behaves. The default is a faithful service on a free port of this machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Accept any key, and lift rate limits.
    pub relaxed: bool,
    /// The numbers that the hub enforces.
    pub limits: Limits,
    /// How often to send RFC 6455 ping frames.
    pub ping_interval: Duration,
    /// Frames that may wait for one slow reader before it is closed with 1008.
    pub queue_frames: usize,
    /// Bytes that may wait for one slow reader before it is closed with 1008.
    pub queue_bytes: usize,
    /// How long clients have between `going_away` and the close 1001.
    pub shutdown_grace: Duration,
    /// What `going_away` tells clients to wait.
    pub retry_after: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            relaxed: false,
            limits: Limits::default(),
            ping_interval: Duration::from_secs(30),
            queue_frames: 4096,
            queue_bytes: 4 << 20,
            shutdown_grace: Duration::from_millis(250),
            retry_after: Duration::from_secs(1),
        }
    }
}

impl Config {
    /// The default, but any key is accepted and nothing is rated.
    #[must_use]
    pub fn relaxed() -> Config {
        Config { relaxed: true, ..Config::default() }
    }
}

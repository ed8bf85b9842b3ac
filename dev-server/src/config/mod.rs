//! What a server is told at its start.

mod file;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use metered_realtime_proto::wire::Secret;
use uuid::Uuid;

use crate::hub::{Action, Limits};

pub use file::ConfigError;

/// The publishable key that a server accepts unless told otherwise. It permits everything.
pub const DEFAULT_KEY: &str = "pk_live_local";

/// How a server behaves. The default is a faithful service on a free port of this machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Accept any publishable key, and lift rates, quotas and caps on how many.
    pub relaxed: bool,
    /// The keys for `?key=`.
    pub publishable_keys: Vec<PublishableKey>,
    /// The pairs that sign tokens and open the REST API.
    pub secret_keys: Vec<SecretKey>,
    /// How a bad credential is refused.
    pub rejection: Rejection,
    /// The numbers of spec A.7.
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

/// A publishable key: its id is the credential (spec A.7).
#[derive(Clone, Debug)]
pub struct PublishableKey {
    /// The key, such as `pk_live_local`.
    pub key: String,
    /// What it permits.
    pub rights: Rights,
    /// The origins of web pages that may use it; any if this is empty.
    pub allowed_origins: Vec<String>,
}

/// A secret key pair: signs tokens and opens the REST API (spec A.7).
#[derive(Clone, Debug)]
pub struct SecretKey {
    /// The public half, the `kid` of tokens, such as `sk_id_local`.
    pub id: String,
    /// The secret half.
    pub secret: Secret,
    /// What it permits; its tokens may permit less.
    pub rights: Rights,
    /// Whether it was made up at the start, and should be shown to the user.
    pub generated: bool,
}

/// What a key permits.
#[derive(Clone, Debug)]
pub struct Rights {
    /// The app that the key belongs to. Apps never see each other.
    pub app: String,
    /// The channels, as patterns with `*` and `**`.
    pub channel_patterns: Vec<String>,
    /// The actions.
    pub actions: Vec<Action>,
    /// A JSON array for `metadata.iceServers` of welcomes that have none of their own.
    pub ice_servers: Option<serde_json::Value>,
    /// Whether the account is suspended: connections are closed with 4012.
    pub suspended: bool,
}

/// How a bad credential is refused. The documentation knows both forms (spec A.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// HTTP 401 for what cannot be read, a missing credential and a foreign origin; 101 and then close 4001 for an unknown
    /// key or a bad signature, 4002 for an expired token.
    #[default]
    Documented,
    /// Always HTTP 401.
    Http,
    /// Always 101, and then close 4001 or 4002.
    Close,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            relaxed: false,
            publishable_keys: vec![PublishableKey {
                key: DEFAULT_KEY.to_owned(),
                rights: Rights::default(),
                allowed_origins: Vec::new(),
            }],
            secret_keys: vec![SecretKey::generate()],
            rejection: Rejection::default(),
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
    /// The default, but any publishable key is accepted and nothing is rated.
    #[must_use]
    pub fn relaxed() -> Config {
        Config { relaxed: true, ..Config::default() }
    }
}

impl Default for Rights {
    /// Everything, in the app `local`.
    fn default() -> Rights {
        Rights {
            app: "local".to_owned(),
            channel_patterns: vec!["**".to_owned()],
            actions: Action::ALL.to_vec(),
            ice_servers: None,
            suspended: false,
        }
    }
}

impl SecretKey {
    /// A pair `sk_id_local` with a fresh secret, which permits everything.
    #[must_use]
    pub fn generate() -> SecretKey {
        let secret = format!("sk_secret_{}", Uuid::new_v4().simple());
        SecretKey {
            id: "sk_id_local".to_owned(),
            secret: Secret::new(secret),
            rights: Rights::default(),
            generated: true,
        }
    }
}

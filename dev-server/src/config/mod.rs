//! The configuration of a server.

mod error;
mod file;
mod keys;
mod listen;
mod nats;
mod production;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use metered_realtime_proto::wire::Secret;
use uuid::Uuid;

use crate::hub::{Action, Limits};

pub use error::{ConfigError, Mistake};
pub(crate) use listen::parse_listen;
pub use nats::Nats;
pub(crate) use production::parse_network;

/// The publishable key of a server without a configuration. It permits everything.
pub const DEFAULT_KEY: &str = "pk_live_local";

/// How a server behaves. The default is a faithful service on a free port of this machine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Development or production.
    pub mode: Mode,
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// A second address, without TLS, for monitoring: `/metrics`, `/healthz` and `/readyz`.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether another server may listen on the same addresses, so that a new one can take over from an old one.
    pub reuse_port: bool,
    /// The certificate for TLS. Without one the server speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The addresses of reverse proxies. `X-Forwarded-For` is read only from them.
    pub trusted_proxies: Vec<IpNet>,
    /// The bus to other nodes, if this server is one of several.
    pub nats: Option<Nats>,
    /// Accept any publishable key, and lift rates, quotas and caps on how many.
    pub relaxed: bool,
    /// The keys for `?key=`.
    pub publishable_keys: Vec<PublishableKey>,
    /// The pairs that sign tokens and open the REST API.
    pub secret_keys: Vec<SecretKey>,
    /// How a bad credential is refused.
    pub rejection: Rejection,
    /// What clients may do.
    pub limits: Limits,
    /// Limits for connections and for how long clients may take.
    pub bounds: Bounds,
    /// How often to send RFC 6455 ping frames.
    pub ping_interval: Duration,
    /// Frames that may wait for one slow reader before it is closed with 1008.
    pub queue_frames: usize,
    /// Bytes that may wait for one slow reader before it is closed with 1008.
    pub queue_bytes: usize,
    /// How long a stopping server still serves while it reports that it is not ready, so that balancers stop using it.
    pub drain_delay: Duration,
    /// A stopping server spreads `going_away` to its clients over this time.
    pub drain_window: Duration,
    /// How long a client has between `going_away` and the close 1001.
    pub shutdown_grace: Duration,
    /// The wait that `going_away` asks clients for.
    pub retry_after: Duration,
}

/// Development or production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// For this machine: default keys, and `/_dev/*`, which lets anybody order faults.
    #[default]
    Development,
    /// For the open network: no default keys, no `/_dev/*`, and [`Config::check`] must pass.
    Production,
}

/// Where certificate and key are, as PEM. Both are read at the start and by [`Server::reload_tls`](crate::Server::reload_tls).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by those of its issuers.
    pub certificate: PathBuf,
    /// The private key.
    pub private_key: PathBuf,
}

/// Limits for connections and for how long clients may take. `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// TCP connections at one time. Beyond, new ones are closed at once.
    pub connections: Option<usize>,
    /// Connections that one address may have at one time. An IPv6 address counts as its /64 network.
    pub connections_per_address: Option<usize>,
    /// How long each of these may take: the TLS handshake, the head of a request, its body.
    pub request_timeout: Duration,
    /// After how long without a whole frame from a client, pongs included, its connection is dropped.
    pub silence_timeout: Option<Duration>,
}

/// A publishable key: its id is the credential.
#[derive(Clone, Debug)]
pub struct PublishableKey {
    /// The key, such as `pk_live_local`.
    pub key: String,
    /// What it permits.
    pub rights: Rights,
    /// The origins of web pages that may use it; any if this is empty.
    pub allowed_origins: Vec<String>,
}

/// A secret key pair: signs tokens and opens the REST API.
#[derive(Clone, Debug)]
pub struct SecretKey {
    /// The public half, the `kid` of tokens, such as `sk_id_local`.
    pub id: String,
    /// The secret half.
    pub secret: Secret,
    /// What it permits; its tokens may permit less.
    pub rights: Rights,
    /// Whether it was generated at the start and should be shown to the user.
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
    /// A JSON array for `metadata.iceServers` of a welcome, if the token has none.
    pub ice_servers: Option<serde_json::Value>,
    /// Whether the account is suspended: connections are closed with 4012.
    pub suspended: bool,
}

/// How a bad credential is refused. The service's documentation describes both forms.
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
            mode: Mode::Development,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            metrics_listen: None,
            reuse_port: false,
            tls: None,
            trusted_proxies: Vec::new(),
            nats: None,
            relaxed: false,
            publishable_keys: vec![PublishableKey {
                key: DEFAULT_KEY.to_owned(),
                rights: Rights::default(),
                allowed_origins: Vec::new(),
            }],
            secret_keys: vec![SecretKey::generate()],
            rejection: Rejection::default(),
            limits: Limits::default(),
            bounds: Bounds::default(),
            ping_interval: Duration::from_secs(30),
            queue_frames: 4096,
            queue_bytes: 4 << 20,
            drain_delay: Duration::ZERO,
            drain_window: Duration::ZERO,
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

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            connections: None,
            connections_per_address: None,
            request_timeout: Duration::from_secs(10),
            silence_timeout: None,
        }
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

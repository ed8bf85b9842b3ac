//! Production: other defaults, and the checks before a start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::keys::MAKE_KEYS;
use super::{Bounds, Config, ConfigError, Mistake, Mode};

impl Config {
    /// The default for production: no keys, but limits. [`Config::check`] reports what is missing.
    #[must_use]
    pub fn production() -> Config {
        Config {
            mode: Mode::Production,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            publishable_keys: Vec::new(),
            secret_keys: Vec::new(),
            bounds: Bounds {
                connections: Some(10_000),
                connections_per_address: Some(200),
                silence_timeout: Some(Duration::from_secs(75)),
                ..Bounds::default()
            },
            drain_window: Duration::from_secs(20),
            shutdown_grace: Duration::from_secs(2),
            ..Config::default()
        }
    }

    pub(super) fn of_mode(mode: Mode) -> Config {
        match mode {
            Mode::Development => Config::default(),
            Mode::Production => Config::production(),
        }
    }

    /// Checks that a server may be started with this. In development it needs little.
    ///
    /// # Errors
    /// What the configuration lacks.
    pub fn check(&self) -> Result<(), ConfigError> {
        let of_mode = || match self.mode {
            Mode::Development => Ok(()),
            Mode::Production => self.check_production(),
        };
        let of_nats = self.nats.as_ref().map_or(Ok(()), super::Nats::check);
        of_nats.and_then(|()| of_mode()).map_err(|mistake| ConfigError::Invalid {
            file: None,
            line: None,
            mistake,
        })
    }

    fn check_production(&self) -> Result<(), Mistake> {
        if self.relaxed {
            let problem = "accepts any key and lifts all limits, which is for development only";
            return Err(Mistake::new(
                "relaxed",
                problem,
                "remove it, or start without --production",
            ));
        }
        if self.publishable_keys.is_empty() && self.secret_keys.is_empty() {
            let problem = "and secretKeys are missing: nobody could connect";
            return Err(Mistake::new("publishableKeys", problem, MAKE_KEYS));
        }
        if self.secret_keys.iter().any(|pair| pair.generated) {
            return Err(Mistake::new("secretKeys", "has a generated pair", MAKE_KEYS));
        }
        if self.tls.is_none() && self.trusted_proxies.is_empty() {
            let problem = "is missing: keys and messages would cross the network in plain text";
            let remedy = "write [tls] with certificate and privateKey; if a proxy in front ends TLS, \
                          write trustedProxies or --behind-proxy with its addresses";
            return Err(Mistake::new("tls", problem, remedy));
        }
        if self.bounds.silence_timeout.is_some_and(|silence| silence <= self.ping_interval) {
            let problem = "is not longer than pingIntervalMs: healthy clients would be dropped";
            return Err(Mistake::new(
                "silenceTimeoutMs",
                problem,
                "write two and a half times as much",
            ));
        }
        Ok(())
    }
}

/// Reads an address or a network, such as `10.0.0.1` or `10.0.0.0/8`.
pub(crate) fn parse_network(text: &str) -> Result<IpNet, Mistake> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.map_err(|_| {
        let problem = format!("is {text:?}, which is not an address or a network");
        Mistake::new("--behind-proxy", problem, "write 10.0.0.1, 10.0.0.0/8 or fd00::/8")
    })
}

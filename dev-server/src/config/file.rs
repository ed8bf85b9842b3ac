//! The configuration file: TOML, or JSON where the name ends in `.json`.
//!
//! Names are those of the service (`channelPatterns`, `allowedOrigins`, ...). For counts and rates 0 is "no limit".

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use metered_realtime_proto::wire::Secret;
use serde::Deserialize;

use super::{Config, PublishableKey, Rejection, Rights, SecretKey};
use crate::hub::{Action, ConnectRate, Limits, Rate};

/// Why a configuration file cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    path: PathBuf,
    message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the configuration {}: {}", self.path.display(), self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a configuration file. What it does not mention is as in [`Config::default`].
    ///
    /// # Errors
    /// The file cannot be read, or what is wrong in it and where.
    pub fn from_file(path: &Path) -> Result<Config, ConfigError> {
        let failed = |message: String| ConfigError { path: path.to_owned(), message };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let json = path.extension().is_some_and(|extension| extension == "json");
        Config::from_text(&text, json).map_err(failed)
    }

    fn from_text(text: &str, json: bool) -> Result<Config, String> {
        let file: File = if json {
            serde_json::from_str(text).map_err(|error| error.to_string())?
        } else {
            toml::from_str(text).map_err(|error| error.to_string())?
        };
        file.into_config()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct File {
    listen: Option<SocketAddr>,
    relaxed: bool,
    rejection: Rejection,
    unauthorized_channel: OnUnauthorized,
    ping_interval_ms: Option<u64>,
    shutdown_grace_ms: Option<u64>,
    retry_after_ms: Option<u64>,
    limits: FileLimits,
    publishable_keys: Option<Vec<FilePublishableKey>>,
    secret_keys: Option<Vec<FileSecretKey>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnUnauthorized {
    #[default]
    Error,
    Close,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct FileLimits {
    max_message_size: Option<usize>,
    channels_per_connection: Option<usize>,
    channel_name_bytes: Option<usize>,
    messages_per_second: Option<u32>,
    message_burst: Option<u32>,
    connects_per_window: Option<usize>,
    connect_window_ms: Option<u64>,
    connections_per_app: Option<usize>,
    messages_per_period: Option<u64>,
    metadata_bytes: Option<usize>,
    peer_metadata_bytes: Option<usize>,
    queue_frames: Option<usize>,
    queue_bytes: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FilePublishableKey {
    key: String,
    #[serde(default = "local")]
    app: String,
    #[serde(default = "all_channels")]
    channel_patterns: Vec<String>,
    #[serde(default = "all_but_send")]
    actions: Vec<Action>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    ice_servers: Option<serde_json::Value>,
    #[serde(default)]
    suspended: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileSecretKey {
    id: String,
    secret: String,
    #[serde(default = "local")]
    app: String,
    #[serde(default = "all_channels")]
    channel_patterns: Vec<String>,
    #[serde(default = "all_actions")]
    actions: Vec<Action>,
    #[serde(default)]
    ice_servers: Option<serde_json::Value>,
    #[serde(default)]
    suspended: bool,
}

impl File {
    fn into_config(self) -> Result<Config, String> {
        let default = Config::default();
        let millis = |given: Option<u64>, or: Duration| given.map_or(or, Duration::from_millis);
        let mut config = Config {
            listen: self.listen.unwrap_or(default.listen),
            relaxed: self.relaxed,
            rejection: self.rejection,
            ping_interval: millis(self.ping_interval_ms, default.ping_interval),
            shutdown_grace: millis(self.shutdown_grace_ms, default.shutdown_grace),
            retry_after: millis(self.retry_after_ms, default.retry_after),
            queue_frames: self.limits.queue_frames.unwrap_or(default.queue_frames),
            queue_bytes: self.limits.queue_bytes.unwrap_or(default.queue_bytes),
            limits: self.limits.into_limits(self.unauthorized_channel),
            publishable_keys: default.publishable_keys,
            secret_keys: default.secret_keys,
        };
        if config.ping_interval.is_zero() {
            return Err("pingIntervalMs must be above 0".to_owned());
        }
        if let Some(keys) = self.publishable_keys {
            config.publishable_keys =
                keys.into_iter().map(FilePublishableKey::check).collect::<Result<_, _>>()?;
        }
        if let Some(keys) = self.secret_keys {
            config.secret_keys =
                keys.into_iter().map(FileSecretKey::check).collect::<Result<_, _>>()?;
        }
        Ok(config)
    }
}

impl FileLimits {
    fn into_limits(self, unauthorized: OnUnauthorized) -> Limits {
        let default = Limits::default();
        let per_second = self.messages_per_second.unwrap_or(100);
        let burst = self.message_burst.unwrap_or(per_second.saturating_mul(2)).max(1);
        let connects = self.connects_per_window.unwrap_or(60);
        let window = Duration::from_millis(self.connect_window_ms.unwrap_or(60_000));
        let channels = self.channels_per_connection.unwrap_or(default.channels_per_connection);
        Limits {
            max_message_size: self.max_message_size.unwrap_or(default.max_message_size),
            channels_per_connection: if channels == 0 { usize::MAX } else { channels },
            channel_name_bytes: self.channel_name_bytes.unwrap_or(default.channel_name_bytes),
            message_rate: (per_second > 0).then_some(Rate { per_second, burst }),
            connect_rate: (connects > 0).then_some(ConnectRate { connects, window }),
            connections_per_app: self.connections_per_app.filter(|count| *count > 0),
            messages_per_period: self.messages_per_period.filter(|count| *count > 0),
            metadata_bytes: self.metadata_bytes.unwrap_or(default.metadata_bytes),
            peer_metadata_bytes: self.peer_metadata_bytes.unwrap_or(default.peer_metadata_bytes),
            close_unauthorized: unauthorized == OnUnauthorized::Close,
        }
    }
}

impl FilePublishableKey {
    fn check(self) -> Result<PublishableKey, String> {
        if !self.key.starts_with("pk_") {
            return Err("a publishable key must start with pk_".to_owned());
        }
        let rights = Rights {
            app: self.app,
            channel_patterns: self.channel_patterns,
            actions: self.actions,
            ice_servers: checked_ice_servers(self.ice_servers)?,
            suspended: self.suspended,
        };
        Ok(PublishableKey { key: self.key, rights, allowed_origins: self.allowed_origins })
    }
}

impl FileSecretKey {
    fn check(self) -> Result<SecretKey, String> {
        if !self.id.starts_with("sk_") || self.id.contains(':') {
            return Err("the id of a secret key must start with sk_ and have no colon".to_owned());
        }
        if self.secret.len() < SECRET_MIN {
            return Err(format!(
                "the secret of {} must have at least {SECRET_MIN} characters",
                self.id
            ));
        }
        let rights = Rights {
            app: self.app,
            channel_patterns: self.channel_patterns,
            actions: self.actions,
            ice_servers: checked_ice_servers(self.ice_servers)?,
            suspended: self.suspended,
        };
        Ok(SecretKey { id: self.id, secret: Secret::new(self.secret), rights, generated: false })
    }
}

fn checked_ice_servers(
    servers: Option<serde_json::Value>,
) -> Result<Option<serde_json::Value>, String> {
    match servers {
        Some(servers) if !servers.is_array() => Err("iceServers must be an array".to_owned()),
        servers => Ok(servers),
    }
}

fn local() -> String {
    Rights::default().app
}

fn all_channels() -> Vec<String> {
    Rights::default().channel_patterns
}

fn all_actions() -> Vec<Action> {
    Action::ALL.to_vec()
}

/// `send` is off by default for publishable keys (spec A.7).
fn all_but_send() -> Vec<Action> {
    vec![Action::Publish, Action::Subscribe, Action::Presence]
}

/// Short secrets are guessed; even a local one should look like the real ones.
const SECRET_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../metered-realtime-server.example.toml");

    #[test]
    fn the_example_file_is_valid_and_says_what_the_defaults_are() {
        let config = Config::from_text(EXAMPLE, false).unwrap();
        let default = Config::default();
        assert_eq!(config.limits, default.limits);
        assert_eq!(config.rejection, default.rejection);
        assert_eq!(config.ping_interval, default.ping_interval);
        assert_eq!(config.shutdown_grace, default.shutdown_grace);
        assert_eq!(config.retry_after, default.retry_after);
        assert_eq!(config.queue_frames, default.queue_frames);
        assert_eq!(config.queue_bytes, default.queue_bytes);
        assert_eq!(config.publishable_keys.len(), 2);
        assert_eq!(config.secret_keys.len(), 1);
    }

    #[test]
    fn json_is_read_as_well() {
        let text = r#"{"publishableKeys":[{"key":"pk_live_x"}],"limits":{"messagesPerSecond":0}}"#;
        let config = Config::from_text(text, true).unwrap();
        assert_eq!(config.publishable_keys[0].rights.actions, all_but_send());
        assert_eq!(config.limits.message_rate, None);
    }

    #[test]
    fn a_mistake_is_named() {
        let mistakes = [
            ("lisen = '127.0.0.1:0'", "lisen"),
            ("listen = 'here'", "listen"),
            ("rejection = 'never'", "never"),
            ("pingIntervalMs = 0", "pingIntervalMs"),
            ("[[publishableKeys]]\nkey = 'abc'", "pk_"),
            ("[[publishableKeys]]\nkey = 'pk_a'\nactions = ['fly']", "fly"),
            ("[[secretKeys]]\nid = 'sk_id_a'\nsecret = 'short'", "sk_id_a"),
            ("[[secretKeys]]\nid = 'sk_id:a'\nsecret = 'sk_secret_0123456789'", "colon"),
            ("[[publishableKeys]]\nkey = 'pk_a'\niceServers = 'x'", "iceServers"),
        ];
        for (text, word) in mistakes {
            let message = Config::from_text(text, false).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
    }
}

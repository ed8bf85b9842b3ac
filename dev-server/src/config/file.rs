//! The configuration file: TOML, or JSON where the name ends in `.json`.
//!
//! Names are those of the service (`channelPatterns`, `allowedOrigins`, ...). For counts and rates 0 is "no limit".

use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::keys::{FilePublishableKey, FileSecretKey, publishable, secret};
use super::{
    Bounds, Config, ConfigError, Mistake, Mode, Nats, Rejection, TlsFiles, parse_listen,
    parse_network,
};
use crate::hub::{ConnectRate, Limits, Rate};

impl Config {
    /// Reads a configuration file. What it does not mention is as in [`Config::default`] or [`Config::production`].
    ///
    /// # Errors
    /// The file cannot be read, or what is wrong in it and where.
    pub fn from_file(path: &Path, mode: Mode) -> Result<Config, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Config::from_text(path, &text, mode)
    }

    fn from_text(path: &Path, text: &str, mode: Mode) -> Result<Config, ConfigError> {
        let json = path.extension().is_some_and(|extension| extension == "json");
        let malformed = |message| ConfigError::Malformed { file: path.to_owned(), message };
        let file = File::parse(text, json).map_err(malformed)?;
        file.into_config(mode).map_err(|mistake| ConfigError::Invalid {
            file: Some(path.to_owned()),
            line: if json { None } else { line_of(text, &mistake.option) },
            mistake,
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct File {
    listen: Option<String>,
    metrics_listen: Option<String>,
    reuse_port: bool,
    relaxed: bool,
    rejection: Rejection,
    unauthorized_channel: OnUnauthorized,
    ping_interval_ms: Option<u64>,
    silence_timeout_ms: Option<u64>,
    request_timeout_ms: Option<u64>,
    drain_delay_ms: Option<u64>,
    drain_window_ms: Option<u64>,
    shutdown_grace_ms: Option<u64>,
    retry_after_ms: Option<u64>,
    trusted_proxies: Vec<String>,
    tls: Option<FileTls>,
    nats: Option<FileNats>,
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileTls {
    certificate: PathBuf,
    private_key: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileNats {
    servers: Vec<String>,
    credentials: Option<PathBuf>,
    certificate_authority: Option<PathBuf>,
    certificate: Option<FileTls>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct FileLimits {
    connections: Option<usize>,
    connections_per_address: Option<usize>,
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

impl File {
    fn parse(text: &str, json: bool) -> Result<File, String> {
        if json {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        }
    }

    fn into_config(self, mode: Mode) -> Result<Config, Mistake> {
        self.check_positive()?;
        let default = Config::of_mode(mode);
        let millis = |given: Option<u64>, or: Duration| given.map_or(or, Duration::from_millis);
        let listen = addr("listen", self.listen.as_deref())?;
        Ok(Config {
            mode,
            listen: listen.unwrap_or(default.listen),
            metrics_listen: addr("metricsListen", self.metrics_listen.as_deref())?,
            reuse_port: self.reuse_port,
            tls: self
                .tls
                .map(|FileTls { certificate, private_key }| TlsFiles { certificate, private_key }),
            trusted_proxies: networks(&self.trusted_proxies)?,
            nats: self.nats.map(|nats| Nats {
                servers: nats.servers,
                credentials: nats.credentials,
                certificate_authority: nats.certificate_authority,
                certificate: nats.certificate.map(|FileTls { certificate, private_key }| {
                    TlsFiles { certificate, private_key }
                }),
            }),
            relaxed: self.relaxed,
            rejection: self.rejection,
            ping_interval: millis(self.ping_interval_ms, default.ping_interval),
            drain_delay: millis(self.drain_delay_ms, default.drain_delay),
            drain_window: millis(self.drain_window_ms, default.drain_window),
            shutdown_grace: millis(self.shutdown_grace_ms, default.shutdown_grace),
            retry_after: millis(self.retry_after_ms, default.retry_after),
            queue_frames: self.limits.queue_frames.unwrap_or(default.queue_frames),
            queue_bytes: self.limits.queue_bytes.unwrap_or(default.queue_bytes),
            bounds: Bounds {
                connections: count(self.limits.connections, default.bounds.connections),
                connections_per_address: count(
                    self.limits.connections_per_address,
                    default.bounds.connections_per_address,
                ),
                request_timeout: millis(self.request_timeout_ms, default.bounds.request_timeout),
                silence_timeout: match self.silence_timeout_ms {
                    None => default.bounds.silence_timeout,
                    Some(0) => None,
                    Some(given) => Some(Duration::from_millis(given)),
                },
            },
            limits: self.limits.into_limits(self.unauthorized_channel),
            publishable_keys: match self.publishable_keys {
                Some(keys) => publishable(keys, mode)?,
                None => default.publishable_keys,
            },
            secret_keys: match self.secret_keys {
                Some(keys) => secret(keys, mode)?,
                None => default.secret_keys,
            },
        })
    }

    /// Options for which 0 has no meaning.
    fn check_positive(&self) -> Result<(), Mistake> {
        let limits = &self.limits;
        let zero = [
            ("pingIntervalMs", self.ping_interval_ms == Some(0)),
            ("requestTimeoutMs", self.request_timeout_ms == Some(0)),
            ("limits.maxMessageSize", limits.max_message_size == Some(0)),
            ("limits.channelNameBytes", limits.channel_name_bytes == Some(0)),
            ("limits.messageBurst", limits.message_burst == Some(0)),
            ("limits.connectWindowMs", limits.connect_window_ms == Some(0)),
            ("limits.queueFrames", limits.queue_frames == Some(0)),
            ("limits.queueBytes", limits.queue_bytes == Some(0)),
        ];
        match zero.iter().find(|(_, is_zero)| *is_zero) {
            Some((option, _)) => {
                let remedy = "write a number above 0, or remove the line for the default";
                Err(Mistake::new(*option, "is 0", remedy))
            }
            None => Ok(()),
        }
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

/// A count of which 0 is "no limit".
fn count(given: Option<usize>, default: Option<usize>) -> Option<usize> {
    given.map_or(default, |count| (count > 0).then_some(count))
}

fn addr(option: &str, text: Option<&str>) -> Result<Option<std::net::SocketAddr>, Mistake> {
    text.map(parse_listen).transpose().map_err(|problem| {
        Mistake::new(option, format!("cannot be used: {problem}"), "port 0 picks a free port")
    })
}

fn networks(texts: &[String]) -> Result<Vec<IpNet>, Mistake> {
    let parsed = texts.iter().enumerate().map(|(index, text)| {
        parse_network(text)
            .map_err(|problem| Mistake { option: format!("trustedProxies[{index}]"), ..problem })
    });
    parsed.collect()
}

/// The line of an option such as `publishableKeys[1].key`, or of what would contain it.
fn line_of(text: &str, option: &str) -> Option<usize> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let mut table = Some(document.get_ref());
    let mut found = None;
    for step in option.split('.') {
        let (name, index) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
            Some((name, index)) => (name, index.parse::<usize>().ok()),
            None => (step, None),
        };
        let Some((key, mut value)) = table.and_then(|table| table.get_key_value(name)) else {
            break;
        };
        found = Some(key.span().start);
        if let Some(index) = index {
            let Some(item) = value.get_ref().get(index) else { break };
            found = Some(item.span().start);
            value = item;
        }
        table = value.get_ref().as_table();
    }
    Some(text[..found?].lines().count().max(1) + usize::from(text[..found?].ends_with('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../metered-realtime-server.example.toml");
    const PRODUCTION: &str = include_str!("../../deploy/production.example.toml");
    const OWN: &str =
        "[[secretKeys]]\nid = 'sk_id_a'\nsecret = '0123456789abcdef0123456789abcdef'\n";

    fn read(text: &str, mode: Mode) -> Result<Config, String> {
        Config::from_text(Path::new("a.toml"), text, mode).map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_file_is_valid_and_says_what_the_defaults_are() {
        let config = read(EXAMPLE, Mode::Development).unwrap();
        let default = Config::default();
        assert_eq!(config.limits, default.limits);
        assert_eq!(config.bounds, default.bounds);
        assert_eq!(config.rejection, default.rejection);
        assert_eq!(times(&config), times(&default));
        assert_eq!((config.queue_frames, config.queue_bytes), (4096, 4 << 20));
        assert_eq!(config.publishable_keys.len(), 2);
        assert_eq!(config.secret_keys.len(), 1);
    }

    #[test]
    fn the_example_for_production_says_what_the_defaults_are_and_lacks_only_keys() {
        let message = read(PRODUCTION, Mode::Production).unwrap_err();
        assert!(message.contains("publishableKeys[0].key is an example"), "{message}");
        let (rest, _) = PRODUCTION.split_once("[[publishableKeys]]").unwrap();
        let config = read(&format!("{rest}{OWN}"), Mode::Production).unwrap();
        let default = Config::production();
        assert_eq!(config.limits, default.limits);
        assert_eq!(config.bounds, default.bounds);
        assert_eq!(times(&config), times(&default));
        assert!(config.check().is_ok());
    }

    fn times(config: &Config) -> [Duration; 5] {
        let Config {
            ping_interval, drain_delay, drain_window, shutdown_grace, retry_after, ..
        } = config;
        [*ping_interval, *drain_delay, *drain_window, *shutdown_grace, *retry_after]
    }

    #[test]
    fn json_is_read_as_well() {
        let text = r#"{"publishableKeys":[{"key":"pk_live_x"}],"limits":{"messagesPerSecond":0}}"#;
        let config = Config::from_text(Path::new("a.json"), text, Mode::Development).unwrap();
        assert_eq!(config.publishable_keys[0].rights.actions, super::super::keys::all_but_send());
        assert_eq!(config.limits.message_rate, None);
    }

    #[test]
    fn a_name_may_stand_in_the_place_of_an_address() {
        let config = read("listen = 'localhost:0'\nmetricsListen = '[::1]:1'", Mode::Development);
        let config = config.unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:0");
        assert_eq!(config.metrics_listen.unwrap().to_string(), "[::1]:1");
    }

    /// A file, and what its error has to name: the line, the option, the remedy.
    #[test]
    fn a_mistake_says_what_is_wrong_where_and_what_to_do() {
        let mistakes = [
            ("lisen = '127.0.0.1:0'", ["line 1", "lisen", "expected one of"]),
            ("\nlisten = 'here'", ["line 2", "listen", "localhost:8080"]),
            ("listen = 80", ["line 1", "listen", "string"]),
            ("rejection = 'never'", ["line 1", "never", "documented"]),
            ("pingIntervalMs = 0", ["line 1", "pingIntervalMs", "above 0"]),
            ("pingIntervalMs = -1", ["line 1", "pingIntervalMs", "u64"]),
            ("[limits]\n\nqueueFrames = 0", ["line 3", "limits.queueFrames", "above 0"]),
            (
                "trustedProxies = [\n'10.0.0.0/8',\n'proxy']",
                ["line 3", "trustedProxies[1]", "10.0.0.0/8"],
            ),
            ("[tls]\ncertificate = 'a.pem'", ["line 1", "privateKey", "missing"]),
            ("[[publishableKeys]]\nkey = 'abc'", ["line 2", "publishableKeys[0].key", "pk_"]),
            (
                "[[publishableKeys]]\nkey = 'pk_a'\nactions = ['fly']",
                ["line 3", "fly", "subscribe"],
            ),
            ("[[publishableKeys]]\nkey = 'pk_a'\napp = ''", ["line 3", "app", "remove the line"]),
            (
                "[[publishableKeys]]\nkey = 'pk_a'\nchannelPatterns = ['']",
                ["line 3", "[0].channelPatterns[0]", "rooms/*"],
            ),
            (
                "[[publishableKeys]]\nkey = 'pk_a'\nallowedOrigins = ['https://a.example/']",
                ["line 3", "allowedOrigins[0]", "without a path"],
            ),
            (
                "[[publishableKeys]]\nkey = 'pk_a'\niceServers = 'x'",
                ["line 3", "iceServers", "urls"],
            ),
            (
                "[[publishableKeys]]\nkey = 'pk_a'\n[[publishableKeys]]\nkey = 'pk_a'",
                ["line 4", "publishableKeys[1].key", "remove"],
            ),
            (
                "[[secretKeys]]\nid = 'sk_id_a'\nsecret = 'short'",
                ["line 3", "secretKeys[0].secret", "server keys"],
            ),
            (
                "[[secretKeys]]\nid = 'sk_id:a'\nsecret = 'sk_secret_0123456789'",
                ["line 2", "colon", "sk_id_main"],
            ),
        ];
        for (text, words) in mistakes {
            let message = read(text, Mode::Development).unwrap_err();
            assert!(message.contains("a.toml"), "{text}: {message}");
            for word in words {
                assert!(message.contains(word), "{text}: {message} should say {word:?}");
            }
        }
    }

    #[test]
    fn production_wants_keys_that_nobody_knows() {
        let keys = [
            ("[[publishableKeys]]\nkey = 'pk_live_local'", "20 characters"),
            ("[[publishableKeys]]\nkey = 'pk_live_local_but_longer'", "everybody knows"),
            ("[[publishableKeys]]\nkey = 'pk_live_change_me_please'", "everybody knows"),
            ("[[secretKeys]]\nid = 'sk_id_a'\nsecret = 'sk_secret_0123456789'", "32 characters"),
            (
                "[[secretKeys]]\nid = 'sk_id_a'\nsecret = 'sk_secret_for_local_experiments_only'",
                "everybody knows",
            ),
        ];
        for (text, word) in keys {
            let message = read(text, Mode::Production).unwrap_err();
            assert!(message.contains(word) && message.contains("server keys"), "{text}: {message}");
            assert!(!message.contains("0123456789"), "no secret in an error: {message}");
        }
    }

    #[test]
    fn production_wants_keys_and_a_way_to_encrypt() {
        let proxies = "trustedProxies = ['127.0.0.1']\n";
        let lacking = [
            (proxies.to_owned(), "publishableKeys and secretKeys are missing"),
            (OWN.to_owned(), "--behind-proxy"),
            (format!("relaxed = true\n{proxies}{OWN}"), "without --production"),
            (format!("silenceTimeoutMs = 30000\n{proxies}{OWN}"), "pingIntervalMs"),
        ];
        for (text, word) in lacking {
            let message = read(&text, Mode::Production).unwrap().check().unwrap_err().to_string();
            assert!(message.contains(word), "{text}: {message}");
        }
        assert!(read(&format!("{proxies}{OWN}"), Mode::Production).unwrap().check().is_ok());
    }
}

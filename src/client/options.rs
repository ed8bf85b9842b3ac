//! Groups of options: for reconnecting and for subscribing.

use std::time::Duration;

use metered_realtime_proto::machine::RawReconnect;

/// How to reconnect after a lost connection.
///
/// The delay before retry *n* is `min(initial_delay * multiplier^(n-1), max_delay)`, varied by `jitter_ratio`. Each welcome
/// starts the count over. [`Builder::build`](crate::Builder::build) checks the values.
///
/// ```
/// use metered_realtime::ReconnectOptions;
///
/// let for_ever = ReconnectOptions { max_attempts: None, ..ReconnectOptions::default() };
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ReconnectOptions {
    /// The first delay. Above zero. Default: 500 ms.
    pub initial_delay: Duration,
    /// The factor from one delay to the next. Finite, at least 1. Default: 2.
    pub multiplier: f64,
    /// The longest delay, before jitter. At least `initial_delay`. Default: 30 s.
    pub max_delay: Duration,
    /// How much a delay varies at random, as a share of it: 0 to 1. Default: 0.2.
    pub jitter_ratio: f64,
    /// How many retries in a row; `None` for no limit. Default: 100.
    pub max_attempts: Option<u32>,
    /// How many times a minute to dial a server that drops connections shortly after it has welcomed them; `None` for no limit.
    /// At least 1. Default: 20. It delays dials and changes nothing else.
    pub max_dials_per_minute: Option<u32>,
    /// When a server sends all its clients away (`going_away`, or close code 1001, 1012 or 1013), each client waits a random
    /// part of this time before its first dial, so that they do not all return at once. Zero: the ordinary backoff.
    /// Default: zero.
    pub fleet_spread: Duration,
    /// Whether the client waits for as long as the server asks: with `going_away` before the first dial, and with `Retry-After`
    /// when it refuses a dial with HTTP 429 or 503 (at most five minutes). Default: `false`.
    pub honour_going_away: bool,
}

impl Default for ReconnectOptions {
    fn default() -> ReconnectOptions {
        ReconnectOptions {
            initial_delay: Duration::from_millis(500),
            multiplier: 2.0,
            max_delay: Duration::from_secs(30),
            jitter_ratio: 0.2,
            max_attempts: Some(100),
            max_dials_per_minute: Some(20),
            fleet_spread: Duration::ZERO,
            honour_going_away: false,
        }
    }
}

impl From<&ReconnectOptions> for RawReconnect {
    fn from(options: &ReconnectOptions) -> RawReconnect {
        RawReconnect {
            initial_delay_ms: milliseconds(options.initial_delay),
            multiplier: options.multiplier,
            max_delay_ms: milliseconds(options.max_delay),
            jitter_ratio: options.jitter_ratio,
            max_attempts: options.max_attempts.map_or(f64::INFINITY, f64::from),
            max_dials_per_minute: options.max_dials_per_minute.map_or(f64::INFINITY, f64::from),
            fleet_spread_ms: milliseconds(options.fleet_spread),
            honour_going_away: options.honour_going_away,
        }
    }
}

/// Whether and how to reconnect. Made from a `bool` or from [`ReconnectOptions`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reconnect(pub(crate) Option<ReconnectOptions>);

impl From<bool> for Reconnect {
    /// `true`: with the default options. `false`: never.
    fn from(on: bool) -> Reconnect {
        Reconnect(on.then(ReconnectOptions::default))
    }
}

impl From<ReconnectOptions> for Reconnect {
    fn from(options: ReconnectOptions) -> Reconnect {
        Reconnect(Some(options))
    }
}

impl From<Option<ReconnectOptions>> for Reconnect {
    /// `None`: never.
    fn from(options: Option<ReconnectOptions>) -> Reconnect {
        Reconnect(options)
    }
}

/// Options of one subscription, for [`subscribe_with`](crate::SignallingClient::subscribe_with).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Whether [`Message`](crate::events::Message) events of this channel carry the sender's metadata. Metadata can be
    /// large, so it is off by default.
    pub include_sender_metadata: bool,
}

/// A duration in milliseconds, the unit of the machine.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

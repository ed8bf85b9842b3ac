//! The client's options: what may be asked for, and what is made of it.

use crate::wire::{Endpoint, Secret};

/// Options as a surface received them. Durations are milliseconds; `f64` because JavaScript's numbers are.
#[derive(Clone, Debug)]
pub struct RawOptions {
    /// A publishable key. Empty counts as absent.
    pub key: Option<String>,
    /// Whether there is a token provider.
    pub has_provider: bool,
    /// The server's origin; `None` for the service.
    pub url: Option<String>,
    /// How long the token provider may take. Finite, above zero.
    pub token_provider_timeout_ms: f64,
    /// After how much silence a connection counts as dead. Zero, negative or infinite: never.
    pub inactivity_timeout_ms: f64,
    /// Whether a new connection subscribes again to what was subscribed before.
    pub auto_resubscribe: bool,
    /// How to reconnect; `None` for not at all.
    pub reconnect: Option<RawReconnect>,
    /// How long before a token expires a new connection with a fresh one takes over. Finite, at least 0; 0: not at all.
    pub renew_before_expiry_ms: f64,
}

impl Default for RawOptions {
    fn default() -> RawOptions {
        RawOptions {
            key: None,
            has_provider: false,
            url: None,
            token_provider_timeout_ms: 10_000.0,
            inactivity_timeout_ms: 60_000.0,
            auto_resubscribe: true,
            reconnect: Some(RawReconnect::default()),
            renew_before_expiry_ms: 0.0,
        }
    }
}

/// The knobs of reconnecting as a surface received them.
#[derive(Clone, Debug)]
pub struct RawReconnect {
    /// The first delay in milliseconds. Finite, above zero.
    pub initial_delay_ms: f64,
    /// The factor from one delay to the next. Finite, at least 1.
    pub multiplier: f64,
    /// The longest delay in milliseconds, before jitter. Finite, at least the first delay.
    pub max_delay_ms: f64,
    /// How far a delay may stray, as a share of it. 0 to 1.
    pub jitter_ratio: f64,
    /// How many retries in a row. A whole number, or infinity.
    pub max_attempts: f64,
    /// How often a minute to dial a server that drops what it has just welcomed. A whole number above zero, or infinity.
    pub max_dials_per_minute: f64,
    /// The window, in milliseconds, over which clients spread their first dial after the server told all of them to go. Finite,
    /// at least 0; 0: the ordinary backoff.
    pub fleet_spread_ms: f64,
    /// Whether the first dial waits for as long as the server's `going_away` asked.
    pub honour_going_away: bool,
}

impl Default for RawReconnect {
    fn default() -> RawReconnect {
        RawReconnect {
            initial_delay_ms: 500.0,
            multiplier: 2.0,
            max_delay_ms: 30_000.0,
            jitter_ratio: 0.2,
            max_attempts: 100.0,
            max_dials_per_minute: 20.0,
            fleet_spread_ms: 0.0,
            honour_going_away: false,
        }
    }
}

/// Which option is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionName {
    /// The key and the token provider, of which exactly one is needed.
    Credential,
    /// `url`
    Url,
    /// `token_provider_timeout`
    TokenProviderTimeout,
    /// `inactivity_timeout`
    InactivityTimeout,
    /// `reconnect.initial_delay`
    InitialDelay,
    /// `reconnect.multiplier`
    Multiplier,
    /// `reconnect.max_delay`
    MaxDelay,
    /// `reconnect.jitter_ratio`
    JitterRatio,
    /// `reconnect.max_attempts`
    MaxAttempts,
    /// `reconnect.max_dials_per_minute`
    MaxDialsPerMinute,
    /// `reconnect.fleet_spread`
    FleetSpread,
    /// `renew_before_expiry`
    RenewBeforeExpiry,
}

/// An option that breaks a rule. Never quotes the value, which may be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionError {
    /// Which option.
    pub option: OptionName,
    /// The rule, as the end of a sentence that starts with the option's name.
    pub rule: &'static str,
}

/// Options that keep all rules.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) endpoint: Endpoint,
    pub(super) credential: CredentialSource,
    pub(super) token_provider_timeout_ms: u64,
    pub(super) inactivity_timeout_ms: Option<u64>,
    pub(super) auto_resubscribe: bool,
    pub(super) reconnect: Option<RawReconnect>,
    pub(super) renew_before_expiry_ms: Option<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum CredentialSource {
    Key(Secret),
    Provider,
}

impl Options {
    /// Checks everything (spec B.1 and E.1, decisions, items 12 and 15).
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn check(raw: RawOptions) -> Result<Options, OptionError> {
        let credential = match (raw.key.filter(|key| !key.is_empty()), raw.has_provider) {
            (Some(key), false) => CredentialSource::Key(Secret::new(key)),
            (None, true) => CredentialSource::Provider,
            (Some(_), true) | (None, false) => {
                return wrong(OptionName::Credential, ONE_CREDENTIAL);
            }
        };
        let endpoint = match raw.url {
            None => Endpoint::default(),
            Some(url) => Endpoint::parse(&url)
                .map_err(|error| OptionError { option: OptionName::Url, rule: error.rule() })?,
        };
        let timeout = raw.token_provider_timeout_ms;
        let inactivity = raw.inactivity_timeout_ms;
        let renew = raw.renew_before_expiry_ms;
        within(timeout, ABOVE_ZERO, FINITE, OptionName::TokenProviderTimeout, POSITIVE)?;
        if inactivity.is_nan() {
            return wrong(OptionName::InactivityTimeout, "must be a number, not NaN");
        }
        within(renew, 0.0, FINITE, OptionName::RenewBeforeExpiry, NOT_NEGATIVE)?;
        if let Some(reconnect) = &raw.reconnect {
            reconnect.check()?;
        }
        Ok(Options {
            endpoint,
            credential,
            token_provider_timeout_ms: millis(timeout),
            inactivity_timeout_ms: (inactivity > 0.0 && inactivity.is_finite())
                .then(|| millis(inactivity)),
            auto_resubscribe: raw.auto_resubscribe,
            reconnect: raw.reconnect,
            renew_before_expiry_ms: (renew > 0.0).then(|| millis(renew)),
        })
    }
}

impl RawReconnect {
    fn check(&self) -> Result<(), OptionError> {
        let first = self.initial_delay_ms;
        within(first, ABOVE_ZERO, FINITE, OptionName::InitialDelay, POSITIVE)?;
        let least = "must be a finite number of at least 1";
        within(self.multiplier, 1.0, FINITE, OptionName::Multiplier, least)?;
        let order = "must be finite and not below the initial delay";
        within(self.max_delay_ms, first, FINITE, OptionName::MaxDelay, order)?;
        let share = "must be a number from 0 to 1";
        within(self.jitter_ratio, 0.0, 1.0, OptionName::JitterRatio, share)?;
        within(self.fleet_spread_ms, 0.0, FINITE, OptionName::FleetSpread, NOT_NEGATIVE)?;
        if !is_count(self.max_attempts, 0.0) {
            let rule = "must be a whole number of at least 0, or Infinity";
            return wrong(OptionName::MaxAttempts, rule);
        }
        if !is_count(self.max_dials_per_minute, 1.0) {
            let rule = "must be a whole number of at least 1, or Infinity";
            return wrong(OptionName::MaxDialsPerMinute, rule);
        }
        Ok(())
    }
}

/// NaN is within nothing.
fn within(
    number: f64,
    least: f64,
    most: f64,
    option: OptionName,
    rule: &'static str,
) -> Result<(), OptionError> {
    if least <= number && number <= most { Ok(()) } else { wrong(option, rule) }
}

/// Whether it is a whole number of at least `least`, or infinite.
fn is_count(number: f64, least: f64) -> bool {
    number >= least && (number == f64::INFINITY || number % 1.0 == 0.0)
}

/// Whole milliseconds, at least one: a positive duration never becomes none at all.
pub(super) fn millis(ms: f64) -> u64 {
    (ms as u64).max(1)
}

fn wrong<T>(option: OptionName, rule: &'static str) -> Result<T, OptionError> {
    Err(OptionError { option, rule })
}

const ONE_CREDENTIAL: &str = "must be given: exactly one of them";

const POSITIVE: &str = "must be a finite number above 0";
const NOT_NEGATIVE: &str = "must be a finite number of at least 0";

/// The least number above zero, and the largest below infinity.
const ABOVE_ZERO: f64 = f64::from_bits(1);
const FINITE: f64 = f64::MAX;

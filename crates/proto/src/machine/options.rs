//! The client's options: as given, and checked.

use crate::wire::{Address, Endpoint, EndpointError, Secret};

/// Options as the user gave them. Durations are in milliseconds, as `f64` because JavaScript's numbers are.
#[derive(Clone, Debug)]
pub struct RawOptions {
    /// A publishable key. An empty one counts as none.
    pub key: Option<String>,
    /// Whether there is a token provider.
    pub has_provider: bool,
    /// The server's address as the driver parsed it; `None` for the service.
    pub url: Option<Result<Address, EndpointError>>,
    /// How long the token provider may take. Finite, above zero.
    pub token_provider_timeout_ms: f64,
    /// After this much silence a connection counts as dead. Zero, negative or infinite: never.
    pub inactivity_timeout_ms: f64,
    /// Whether a new connection subscribes again to the channels of the last one.
    pub auto_resubscribe: bool,
    /// How to reconnect. `None`: not at all.
    pub reconnect: Option<RawReconnect>,
    /// How long before its token expires a connection is replaced by one with a fresh token. Finite, at least 0; 0: not at all.
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

/// How to reconnect, as the user gave it.
#[derive(Clone, Debug)]
pub struct RawReconnect {
    /// The first delay in milliseconds. Finite, above zero.
    pub initial_delay_ms: f64,
    /// The factor from one delay to the next. Finite, at least 1.
    pub multiplier: f64,
    /// The longest delay in milliseconds, before jitter. Finite, at least the first delay.
    pub max_delay_ms: f64,
    /// How much a delay may vary, as a share of it. 0 to 1.
    pub jitter_ratio: f64,
    /// How many retries in a row are made. A whole number, or infinity.
    pub max_attempts: f64,
    /// How often a minute a server is dialled that drops connections soon after their welcome. A whole number above zero, or infinity.
    pub max_dials_per_minute: f64,
    /// The window in milliseconds over which clients spread their first dial after the server disconnected all of them. Finite, at
    /// least 0; 0: the ordinary backoff.
    pub fleet_spread_ms: f64,
    /// Whether the next dial waits for as long as the server asked, by `going_away` or by `Retry-After`.
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

/// An option that breaks a rule. It never quotes the value, which may be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionError {
    /// Which option.
    pub option: OptionName,
    /// The rule. It completes a sentence that begins with the option's name.
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
    /// Checks every option (rules 1 to 28, d12 and d15).
    ///
    /// # Errors
    /// The first option that breaks a rule.
    pub fn check(raw: RawOptions) -> Result<Options, OptionError> {
        let has_key = raw.key.as_ref().is_some_and(|key| !key.is_empty());
        if has_key == raw.has_provider {
            return wrong(OptionName::Credential, ONE_CREDENTIAL);
        }
        let endpoint = match &raw.url {
            None => Ok(Endpoint::default()),
            Some(Ok(address)) => Endpoint::check(address),
            Some(Err(error)) => Err(*error),
        };
        let endpoint = endpoint
            .map_err(|error| OptionError { option: OptionName::Url, rule: error.rule() })?;
        check_all(&[
            (raw.token_provider_timeout_ms, &POSITIVE, OptionName::TokenProviderTimeout),
            (raw.inactivity_timeout_ms, &ANY, OptionName::InactivityTimeout),
            (raw.renew_before_expiry_ms, &NOT_NEGATIVE, OptionName::RenewBeforeExpiry),
        ])?;
        if let Some(reconnect) = &raw.reconnect {
            reconnect.check()?;
        }
        Ok(Options::checked(raw, endpoint))
    }

    fn checked(raw: RawOptions, endpoint: Endpoint) -> Options {
        let inactivity = raw.inactivity_timeout_ms;
        let renew = raw.renew_before_expiry_ms;
        Options {
            endpoint,
            credential: match raw.key {
                Some(key) if !raw.has_provider => CredentialSource::Key(Secret::new(key)),
                Some(_) | None => CredentialSource::Provider,
            },
            token_provider_timeout_ms: millis(raw.token_provider_timeout_ms),
            inactivity_timeout_ms: (inactivity > 0.0 && inactivity.is_finite())
                .then(|| millis(inactivity)),
            auto_resubscribe: raw.auto_resubscribe,
            reconnect: raw.reconnect,
            renew_before_expiry_ms: (renew > 0.0).then(|| millis(renew)),
        }
    }
}

impl RawReconnect {
    fn check(&self) -> Result<(), OptionError> {
        let not_shorter = Range {
            least: self.initial_delay_ms,
            rule: "must be finite and not below the initial delay",
            ..POSITIVE
        };
        check_all(&[
            (self.initial_delay_ms, &POSITIVE, OptionName::InitialDelay),
            (self.multiplier, &FACTOR, OptionName::Multiplier),
            (self.max_delay_ms, &not_shorter, OptionName::MaxDelay),
            (self.jitter_ratio, &SHARE, OptionName::JitterRatio),
            (self.fleet_spread_ms, &NOT_NEGATIVE, OptionName::FleetSpread),
            (self.max_attempts, &COUNT, OptionName::MaxAttempts),
            (self.max_dials_per_minute, &COUNT_FROM_ONE, OptionName::MaxDialsPerMinute),
        ])
    }
}

/// The numbers that an option accepts. NaN is in no range.
struct Range {
    least: f64,
    most: f64,
    /// Only whole numbers; infinity counts as one.
    whole: bool,
    rule: &'static str,
}

fn check_all(options: &[(f64, &Range, OptionName)]) -> Result<(), OptionError> {
    for &(number, range, option) in options {
        let within = range.least <= number && number <= range.most;
        if !within || (range.whole && number.trunc() != number) {
            return wrong(option, range.rule);
        }
    }
    Ok(())
}

/// Whole milliseconds, at least one: a positive duration never becomes zero.
pub(super) fn millis(ms: f64) -> u64 {
    (ms as u64).max(1)
}

fn wrong<T>(option: OptionName, rule: &'static str) -> Result<T, OptionError> {
    Err(OptionError { option, rule })
}

const ONE_CREDENTIAL: &str = "must be given: exactly one of them";

const ANY: Range = Range {
    least: f64::NEG_INFINITY,
    most: f64::INFINITY,
    whole: false,
    rule: "must be a number, not NaN",
};
const NOT_NEGATIVE: Range = Range {
    least: 0.0,
    most: f64::MAX,
    whole: false,
    rule: "must be a finite number of at least 0",
};
const POSITIVE: Range =
    Range { least: f64::from_bits(1), rule: "must be a finite number above 0", ..NOT_NEGATIVE };
const FACTOR: Range =
    Range { least: 1.0, rule: "must be a finite number of at least 1", ..NOT_NEGATIVE };
const SHARE: Range = Range { most: 1.0, rule: "must be a number from 0 to 1", ..NOT_NEGATIVE };
const COUNT: Range = Range {
    least: 0.0,
    most: f64::INFINITY,
    whole: true,
    rule: "must be a whole number of at least 0, or Infinity",
};
const COUNT_FROM_ONE: Range =
    Range { least: 1.0, rule: "must be a whole number of at least 1, or Infinity", ..COUNT };

//! Random options, extreme ones too, and what the checks need to know of them.

use metered_realtime_proto::machine::{RawOptions, RawReconnect};

use crate::dice::Dice;

/// A client's options, as the checks need them.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// Whether there is a token provider.
    pub(crate) provider: bool,
    /// How long the token provider may take.
    pub(crate) token_timeout: u64,
    /// After this much silence a connection counts as dead. `None`: never.
    pub(crate) inactivity: Option<u64>,
    /// Whether subscriptions are brought back.
    pub(crate) auto_resubscribe: bool,
    /// How long before its expiry a token is renewed.
    pub(crate) renew: Option<u64>,
    /// How to reconnect.
    pub(crate) reconnect: Option<ReconnectFacts>,
}

/// How to reconnect.
#[derive(Clone, Debug)]
pub(crate) struct ReconnectFacts {
    /// As given.
    pub(crate) raw: RawReconnect,
    /// `None`: no limit.
    pub(crate) max_attempts: Option<u32>,
    /// `None`: no limit.
    pub(crate) max_dials_per_minute: Option<u32>,
}

/// Draws options.
pub(crate) fn draw(dice: &mut Dice) -> (RawOptions, Facts) {
    let provider = dice.below(3) == 1;
    let inactivity = dice.pick(&INACTIVITY);
    let token_timeout = dice.pick(&TOKEN_TIMEOUT);
    let renew = dice.pick(&[0.0, 0.0, 60_000.0, 5_000.0, 0.5, 1e12]);
    let auto_resubscribe = dice.below(8) != 7;
    let reconnect = if dice.below(10) == 9 { None } else { Some(draw_reconnect(dice)) };
    let raw = RawOptions {
        key: (!provider).then(|| "pk_live_sim".to_owned()),
        has_provider: provider,
        url: None,
        token_provider_timeout_ms: token_timeout,
        inactivity_timeout_ms: inactivity,
        auto_resubscribe,
        reconnect: reconnect.clone(),
        renew_before_expiry_ms: renew,
    };
    let facts = Facts {
        provider,
        token_timeout: whole(token_timeout),
        inactivity: (inactivity > 0.0 && inactivity.is_finite()).then(|| whole(inactivity)),
        auto_resubscribe,
        renew: (renew > 0.0).then(|| whole(renew)),
        reconnect: reconnect.map(|raw| ReconnectFacts {
            max_attempts: count(raw.max_attempts),
            max_dials_per_minute: count(raw.max_dials_per_minute),
            raw,
        }),
    };
    (raw, facts)
}

fn draw_reconnect(dice: &mut Dice) -> RawReconnect {
    let initial_delay_ms = dice.pick(&INITIAL_DELAY);
    let factor = dice.pick(&[60.0, 1.0, 2.0, 1e6]);
    RawReconnect {
        initial_delay_ms,
        multiplier: dice.pick(&[2.0, 1.0, 1.5, 10.0, 1e300]),
        max_delay_ms: initial_delay_ms * factor,
        jitter_ratio: dice.pick(&[0.2, 0.0, 0.5, 1.0]),
        max_attempts: dice.pick(&[100.0, f64::INFINITY, 0.0, 1.0, 3.0, 1e12]),
        max_dials_per_minute: dice.pick(&[20.0, f64::INFINITY, 1.0, 3.0, 1e12]),
        fleet_spread_ms: dice.pick(&[0.0, 0.0, 0.3, 10_000.0, 1e9]),
        honour_going_away: dice.below(3) == 2,
    }
}

fn whole(ms: f64) -> u64 {
    (ms as u64).max(1)
}

fn count(number: f64) -> Option<u32> {
    number.is_finite().then_some(number as u32)
}

const INACTIVITY: [f64; 12] = [
    60_000.0,
    60_000.0,
    10_000.0,
    5_000.0,
    3_000.0,
    1_500.0,
    400.0,
    2.0,
    0.4,
    0.0,
    f64::INFINITY,
    1e13,
];
const TOKEN_TIMEOUT: [f64; 7] = [10_000.0, 10_000.0, 1_000.0, 60_000.0, 1.0, 0.25, 1e13];
const INITIAL_DELAY: [f64; 8] = [500.0, 500.0, 500.0, 0.1, 1.0, 50.0, 20_000.0, 1e7];

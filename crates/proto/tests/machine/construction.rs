//! Options and construction (rules 1 to 16).

use metered_realtime_proto::machine::{OptionName, Options, RawOptions, RawReconnect, State};

use crate::sim::{Dial, Sim, TokenAnswer, options, reconnect, token_options};

/// The option that is refused when the options are changed like this.
fn refused(change: impl FnOnce(&mut RawOptions)) -> OptionName {
    let mut raw = options();
    change(&mut raw);
    Options::check(raw).expect_err("the options break a rule").option
}

fn refused_reconnect(change: impl FnOnce(&mut RawReconnect)) -> OptionName {
    let mut knobs = reconnect();
    change(&mut knobs);
    refused(|raw| raw.reconnect = Some(knobs))
}

fn accepted(change: impl FnOnce(&mut RawReconnect)) -> RawOptions {
    let mut knobs = reconnect();
    change(&mut knobs);
    let raw = RawOptions { reconnect: Some(knobs), ..options() };
    Options::check(raw.clone()).expect("the options keep all rules");
    raw
}

/// The delays before this many retries, in milliseconds.
fn delays(raw: RawOptions, count: usize) -> Vec<u64> {
    let mut sim = Sim::connected_with(raw);
    sim.dial_default = Dial::Refuse(1006);
    sim.drop_connection(1006);
    (0..count).map(|_| sim.advance_to_alarm()).collect()
}

#[test]
fn e001_no_credential_is_refused() {
    assert_eq!(refused(|raw| raw.key = None), OptionName::Credential);
}

#[test]
fn e002_two_credentials_are_refused() {
    assert_eq!(refused(|raw| raw.has_provider = true), OptionName::Credential);
}

#[test]
fn e003_construction_opens_no_socket_and_asks_for_no_token() {
    let mut sim = Sim::new();
    sim.pump();
    assert_eq!(sim.state(), State::Idle);
    assert_eq!(sim.alarm_in(), None);
    assert!(sim.lines().is_empty());
}

#[test]
fn e004_construction_does_not_call_the_token_provider() {
    let mut sim = Sim::with(token_options());
    sim.tokens([TokenAnswer::token("tok")]);
    sim.pump();
    sim.advance(60_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn e005_an_initial_delay_of_zero_or_less_is_refused() {
    for ms in [0.0, -0.0, -500.0, f64::INFINITY] {
        assert_eq!(
            refused_reconnect(|knobs| knobs.initial_delay_ms = ms),
            OptionName::InitialDelay
        );
    }
}

#[test]
fn e006_a_multiplier_below_one_is_refused_and_one_accepted() {
    for factor in [0.5, 0.0, -2.0, f64::INFINITY] {
        assert_eq!(refused_reconnect(|knobs| knobs.multiplier = factor), OptionName::Multiplier);
    }
    assert_eq!(delays(accepted(|knobs| knobs.multiplier = 1.0), 3), [500, 500, 500]);
}

#[test]
fn e007_a_longest_delay_below_the_first_is_refused() {
    assert_eq!(refused_reconnect(|knobs| knobs.max_delay_ms = 499.0), OptionName::MaxDelay);
    assert_eq!(refused_reconnect(|knobs| knobs.max_delay_ms = f64::INFINITY), OptionName::MaxDelay);
    assert_eq!(delays(accepted(|knobs| knobs.max_delay_ms = 500.0), 3), [500, 500, 500]);
}

#[test]
fn e008_a_jitter_outside_of_zero_to_one_is_refused() {
    for ratio in [-0.1, 1.1, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused_reconnect(|knobs| knobs.jitter_ratio = ratio), OptionName::JitterRatio);
    }
    accepted(|knobs| knobs.jitter_ratio = 0.0);
    accepted(|knobs| knobs.jitter_ratio = 1.0);
}

#[test]
fn e009_negative_or_broken_numbers_of_attempts_are_refused_and_infinity_accepted() {
    for attempts in [-1.0, 1.5, f64::NEG_INFINITY] {
        assert_eq!(
            refused_reconnect(|knobs| knobs.max_attempts = attempts),
            OptionName::MaxAttempts
        );
    }
    accepted(|knobs| knobs.max_attempts = f64::INFINITY);
}

#[test]
fn e010_no_attempts_means_no_retry() {
    let mut sim = Sim::connected_with(accepted(|knobs| knobs.max_attempts = 0.0));
    sim.drop_connection(1006);
    assert_eq!(sim.lines(), ["disconnected 1006, final", "connected -> closed", "end streams"]);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn e011_nan_is_refused_in_every_numeric_option() {
    type Knob = fn(&mut RawReconnect) -> &mut f64;
    let knobs: [(Knob, OptionName); 6] = [
        (|knobs| &mut knobs.initial_delay_ms, OptionName::InitialDelay),
        (|knobs| &mut knobs.multiplier, OptionName::Multiplier),
        (|knobs| &mut knobs.max_delay_ms, OptionName::MaxDelay),
        (|knobs| &mut knobs.jitter_ratio, OptionName::JitterRatio),
        (|knobs| &mut knobs.max_attempts, OptionName::MaxAttempts),
        (|knobs| &mut knobs.max_dials_per_minute, OptionName::MaxDialsPerMinute),
    ];
    for (knob, name) in knobs {
        assert_eq!(refused_reconnect(|knobs| *knob(knobs) = f64::NAN), name);
    }
    assert_eq!(refused(|raw| raw.inactivity_timeout_ms = f64::NAN), OptionName::InactivityTimeout);
    assert_eq!(
        refused(|raw| raw.token_provider_timeout_ms = f64::NAN),
        OptionName::TokenProviderTimeout
    );
}

#[test]
fn e012_a_token_provider_timeout_that_is_not_finite_and_above_zero_is_refused() {
    for ms in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(
            refused(|raw| raw.token_provider_timeout_ms = ms),
            OptionName::TokenProviderTimeout
        );
    }
}

#[test]
fn e013_without_reconnect_a_drop_is_final() {
    let mut sim = Sim::connected_with(RawOptions { reconnect: None, ..options() });
    sim.drop_connection(1006);
    sim.advance(600_000);
    assert_eq!(sim.lines(), ["disconnected 1006, final", "connected -> closed", "end streams"]);
}

#[test]
fn e014_an_empty_key_counts_as_none() {
    assert_eq!(refused(|raw| raw.key = Some(String::new())), OptionName::Credential);
    let raw = RawOptions { key: Some(String::new()), has_provider: true, ..options() };
    assert!(Options::check(raw).is_ok());
    let mut sim = Sim::with(RawOptions { key: Some(String::new()), ..token_options() });
    sim.tokens([TokenAnswer::token("tok")]);
    sim.connect();
    assert_eq!(sim.addresses, ["wss://rms.metered.ca/v1?token=tok"]);
}

#[test]
fn e015_the_defaults_are_the_documented_ones() {
    let knobs = RawReconnect::default();
    assert_eq!(knobs.initial_delay_ms, 500.0);
    assert_eq!(knobs.multiplier, 2.0);
    assert_eq!(knobs.max_delay_ms, 30_000.0);
    assert_eq!(knobs.jitter_ratio, 0.2);
    assert_eq!(knobs.max_attempts, 100.0);
    assert_eq!(knobs.max_dials_per_minute, 20.0);
    let raw = RawOptions::default();
    assert_eq!(raw.token_provider_timeout_ms, 10_000.0);
    assert_eq!(raw.inactivity_timeout_ms, 60_000.0);
    assert!(raw.auto_resubscribe && raw.reconnect.is_some());
}

#[test]
fn e016_debug_output_has_no_key() {
    let mut sim = Sim::with(RawOptions { key: Some("SECRET".into()), ..options() });
    sim.dial_default = Dial::Open;
    assert!(!format!("{:?}", sim.machine).contains("SECRET"));
    sim.connect();
    assert!(!format!("{:?}", sim.machine).contains("SECRET"));
    sim.welcome();
    assert!(!format!("{:?}", sim.machine).contains("SECRET"));
    assert!(sim.addresses[0].contains("SECRET"), "the test looks for the right text");
}

#[test]
fn an_error_names_the_option_and_never_its_value() {
    let raw = RawOptions { key: Some("SECRET".into()), has_provider: true, ..options() };
    let error = Options::check(raw).unwrap_err();
    assert!(!format!("{error:?}").contains("SECRET"));
}

#[test]
fn durations_that_no_timer_can_hold_are_accepted() {
    let raw = RawOptions {
        inactivity_timeout_ms: 1e300,
        token_provider_timeout_ms: 1e300,
        ..accepted(|knobs| {
            knobs.initial_delay_ms = 1e300;
            knobs.max_delay_ms = 1e300;
        })
    };
    let mut sim = Sim::connected_with(raw);
    sim.drop_connection(1006);
    sim.advance(u64::MAX / 4);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn a_duration_below_a_millisecond_counts_as_one() {
    let raw = accepted(|knobs| {
        knobs.initial_delay_ms = 0.001;
        knobs.max_delay_ms = 0.001;
    });
    assert_eq!(delays(raw, 2), [1, 1]);
}

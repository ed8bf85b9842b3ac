//! The exact texts of rules, reasons and names. They are part of messages, logs and the JavaScript surface.

use metered_realtime_proto::machine::{
    OptionName, Options, Outcome, RawOptions, RawReconnect, State,
};
use metered_realtime_proto::wire::{EndpointError, Malformed, check_channel, check_peer_id};

use crate::sim::{options, reconnect};

#[test]
fn a_refused_name_comes_with_its_rule() {
    let rule = |name: &str| check_channel(name).expect_err("refused").rule();
    assert_eq!(rule(""), "must not be empty");
    assert_eq!(rule(&"x".repeat(257)), "must have at most 256 characters");
    assert_eq!(rule("\n"), "must not contain control characters");
    let peer = check_peer_id(&"x".repeat(129)).expect_err("refused");
    assert_eq!(peer.rule(), "must have at most 128 characters");
}

#[test]
fn a_refused_address_comes_with_its_rule() {
    for (error, rule) in [
        (EndpointError::NotAnAddress, "must be an address such as wss://host"),
        (EndpointError::Scheme, "must start with wss:// (or ws:// for localhost)"),
        (
            EndpointError::InsecureHost,
            "may use ws:// only for localhost, 127.0.0.1 and [::1]; use wss://",
        ),
        (EndpointError::UserInfo, "must not contain a user name or password"),
        (
            EndpointError::NotAnOrigin,
            "must be an origin, without path, query or fragment; /v1 and the credential are added",
        ),
    ] {
        assert_eq!((error.rule(), &*error.to_string()), (rule, rule));
    }
}

#[test]
fn a_refused_option_comes_with_its_rule() {
    let message_for = |raw: RawOptions| {
        let error = Options::check(raw).expect_err("refused");
        (error.option, error.rule)
    };
    let knob =
        |knobs: RawReconnect| message_for(RawOptions { reconnect: Some(knobs), ..options() });
    assert_eq!(
        message_for(RawOptions { key: None, ..options() }),
        (OptionName::Credential, "must be given: exactly one of them")
    );
    assert_eq!(
        message_for(RawOptions { inactivity_timeout_ms: f64::NAN, ..options() }),
        (OptionName::InactivityTimeout, "must be a number, not NaN")
    );
    for (knobs, expected) in [
        (
            RawReconnect { initial_delay_ms: 0.0, ..reconnect() },
            (OptionName::InitialDelay, "must be a finite number above 0"),
        ),
        (
            RawReconnect { fleet_spread_ms: -1.0, ..reconnect() },
            (OptionName::FleetSpread, "must be a finite number of at least 0"),
        ),
        (
            RawReconnect { max_attempts: 0.5, ..reconnect() },
            (OptionName::MaxAttempts, "must be a whole number of at least 0, or Infinity"),
        ),
        (
            RawReconnect { multiplier: 0.5, ..reconnect() },
            (OptionName::Multiplier, "must be a finite number of at least 1"),
        ),
        (
            RawReconnect { max_delay_ms: 1.0, ..reconnect() },
            (OptionName::MaxDelay, "must be finite and not below the initial delay"),
        ),
        (
            RawReconnect { jitter_ratio: 1.5, ..reconnect() },
            (OptionName::JitterRatio, "must be a number from 0 to 1"),
        ),
        (
            RawReconnect { max_dials_per_minute: 0.0, ..reconnect() },
            (OptionName::MaxDialsPerMinute, "must be a whole number of at least 1, or Infinity"),
        ),
    ] {
        assert_eq!(knob(knobs), expected);
    }
}

#[test]
fn a_dropped_frame_comes_with_its_reason() {
    let reasons = [
        (Malformed::NotJson, "not JSON"),
        (Malformed::NoType, "no type"),
        (Malformed::UnknownType, "unknown type"),
        (Malformed::BadField, "missing or wrong field"),
    ];
    for (why, reason) in reasons {
        assert_eq!(why.reason(), reason);
    }
}

#[test]
fn states_and_outcomes_have_the_names_of_the_javascript_surface() {
    let states =
        [State::Idle, State::Connecting, State::Connected, State::Reconnecting, State::Closed];
    let names = ["idle", "connecting", "connected", "reconnecting", "closed"];
    assert_eq!(states.map(State::name), names);
    let outcomes = [Outcome::NotSent, Outcome::Rejected, Outcome::Unknown];
    assert_eq!(outcomes.map(Outcome::name), ["notSent", "rejected", "unknown"]);
}

//! The builder: rules and defaults.

use std::time::Duration;

use metered_realtime::{Builder, ReconnectOptions, SignallingClient, State};

fn wrong(builder: Builder) -> String {
    builder.build().expect_err("a wrong option was taken").to_string()
}

fn key() -> Builder {
    SignallingClient::builder().api_key("pk_live_x")
}

#[test]
fn e001_no_credential_is_refused() {
    let text = wrong(SignallingClient::builder());
    assert_eq!(text, "api_key or token_provider must be given: exactly one of them");
}

#[test]
fn e002_two_credentials_are_refused() {
    let error = key().token_provider(|| async { "t" }).build().unwrap_err();
    assert_eq!(error.option(), "api_key or token_provider");
}

#[test]
fn e003_a_client_at_rest_is_idle() {
    assert_eq!(key().build().unwrap().state(), State::Idle);
}

#[test]
fn e004_construction_does_not_ask_for_a_token() {
    let builder = SignallingClient::builder().token_provider(|| {
        assert_eq!(1, 2, "the provider was called");
        async { "token" }
    });
    assert_eq!(builder.build().unwrap().state(), State::Idle);
}

#[test]
fn e005_a_first_delay_of_zero_is_refused() {
    let options = ReconnectOptions { initial_delay: Duration::ZERO, ..Default::default() };
    assert!(wrong(key().reconnect(options)).starts_with("reconnect.initial_delay "));
}

#[test]
fn e006_a_multiplier_below_one_is_refused() {
    let with = |multiplier| ReconnectOptions { multiplier, ..Default::default() };
    assert!(wrong(key().reconnect(with(0.5))).starts_with("reconnect.multiplier "));
    assert!(key().reconnect(with(1.0)).build().is_ok());
}

#[test]
fn e007_a_longest_delay_below_the_first_is_refused() {
    let options = ReconnectOptions { max_delay: Duration::from_millis(499), ..Default::default() };
    assert!(wrong(key().reconnect(options)).starts_with("reconnect.max_delay "));
}

#[test]
fn e008_jitter_is_a_share() {
    let with = |jitter_ratio| ReconnectOptions { jitter_ratio, ..Default::default() };
    for bad in [-0.1, 1.1] {
        assert!(wrong(key().reconnect(with(bad))).starts_with("reconnect.jitter_ratio "));
    }
    for good in [0.0, 1.0] {
        assert!(key().reconnect(with(good)).build().is_ok());
    }
}

#[test]
fn e009_e010_zero_attempts_and_unlimited_attempts_are_accepted() {
    for max_attempts in [None, Some(0)] {
        let options = ReconnectOptions { max_attempts, ..Default::default() };
        assert!(key().reconnect(options).build().is_ok());
    }
}

#[test]
fn e011_nan_is_refused_everywhere() {
    let multiplier = ReconnectOptions { multiplier: f64::NAN, ..Default::default() };
    let jitter = ReconnectOptions { jitter_ratio: f64::NAN, ..Default::default() };
    assert!(wrong(key().reconnect(multiplier)).starts_with("reconnect.multiplier "));
    assert!(wrong(key().reconnect(jitter)).starts_with("reconnect.jitter_ratio "));
}

#[test]
fn e012_a_token_timeout_of_zero_is_refused() {
    let text = wrong(key().token_provider_timeout(Duration::ZERO));
    assert!(text.starts_with("token_provider_timeout "));
}

#[test]
fn e014_an_empty_key_counts_as_absent() {
    assert!(wrong(SignallingClient::builder().api_key("")).starts_with("api_key "));
}

#[test]
fn e015_the_defaults_are_those_of_the_contract() {
    let options = ReconnectOptions::default();
    assert_eq!(options.initial_delay, Duration::from_millis(500));
    assert_eq!(options.max_delay, Duration::from_secs(30));
    assert_eq!(options.max_attempts, Some(100));
    assert_eq!((options.multiplier, options.jitter_ratio), (2.0, 0.2));
}

#[test]
fn e018_e019_e020_e021_e022_e023_an_address_that_is_not_an_origin_is_refused() {
    for bad in [
        "ws://example.com",
        "http://h",
        "ftp://h",
        "not a url",
        "",
        "wss://h/path",
        "wss://h?x=1",
        "wss://h#f",
        "wss://user:pw@h",
        "wss://",
    ] {
        assert!(wrong(key().url(bad)).starts_with("url "), "{bad:?} was taken");
    }
    for good in [
        "ws://localhost:9",
        "ws://127.0.0.1:9",
        "wss://h/",
        "WSS://LOCALHOST",
        "wss://münchen.example",
    ] {
        assert!(key().url(good).build().is_ok(), "{good:?} was refused");
    }
}

#[test]
fn e024_the_error_does_not_quote_the_address() {
    let error = key().url("wss://h?key=SECRET").build().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

#[test]
fn the_watchdog_takes_a_duration_or_none() {
    assert!(key().inactivity_timeout(Duration::from_secs(5)).build().is_ok());
    assert!(key().inactivity_timeout(None).build().is_ok());
    assert!(key().reconnect(false).build().is_ok());
}

#[test]
fn a_root_certificate_that_is_not_a_certificate_is_refused() {
    assert_eq!(
        wrong(key().root_certificate(*b"nonsense")),
        "root_certificate must be a certificate in DER"
    );
}

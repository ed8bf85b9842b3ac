//! Dials that fail: how the cause is reported, and how long the next dial waits (rules d21 and d25).

use metered_realtime_proto::machine::{
    CallError, Close, Level, LogValue, RawOptions, RawReconnect, State,
};

use crate::sim::{Dial, Sim, TokenAnswer, options, reconnect, token_options};

const MINUTE_MS: f64 = 60_000.0;

fn refused(http_status: u16, retry_after_ms: f64) -> Close {
    let (http_status, retry_after_ms) = (Some(http_status), Some(retry_after_ms));
    Close { http_status, retry_after_ms, ..Close::new(1006, "") }
}

fn honouring() -> RawOptions {
    let knobs = RawReconnect { honour_going_away: true, ..reconnect() };
    RawOptions { reconnect: Some(knobs), ..options() }
}

/// A client that lost its connection and whose first retry ended like this.
fn retried(options: RawOptions, close: Close) -> Sim {
    let mut sim = Sim::connected_with(options);
    sim.dials([Dial::Fail(close)]);
    sim.drop_connection(1006);
    assert_eq!(sim.advance_to_alarm(), 500);
    assert_eq!(sim.state(), State::Reconnecting);
    sim
}

fn wait_after(options: RawOptions, close: Close) -> u64 {
    retried(options, close).alarm_in().expect("it tries again")
}

fn warnings(sim: &Sim) -> Vec<(&'static str, Vec<(&'static str, LogValue)>)> {
    let warnings = sim.logs.iter().filter(|log| log.level == Level::Warn);
    warnings.map(|log| (log.message, log.details.clone())).collect()
}

#[test]
fn d21_the_next_dial_waits_as_long_as_the_server_asks_if_that_is_honoured() {
    for status in [429, 503] {
        assert_eq!(wait_after(honouring(), refused(status, MINUTE_MS)), 60_000, "{status}");
    }
}

#[test]
fn d21_a_delay_shorter_than_the_backoff_changes_nothing() {
    assert_eq!(wait_after(honouring(), refused(429, 10.0)), 1_000);
}

#[test]
fn d21_no_server_makes_a_client_wait_for_more_than_five_minutes() {
    for ms in [300_001.0, 86_400_000.0, f64::INFINITY] {
        assert_eq!(wait_after(honouring(), refused(503, ms)), 300_000, "{ms}");
    }
}

#[test]
fn d21_a_fraction_of_a_millisecond_is_rounded_up() {
    assert_eq!(wait_after(honouring(), refused(503, 60_000.5)), 60_001);
}

#[test]
fn d21_a_value_that_is_not_a_delay_changes_nothing() {
    for ms in [0.0, -60_000.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(wait_after(honouring(), refused(429, ms)), 1_000, "{ms}");
    }
}

#[test]
fn d21_other_statuses_cannot_ask_for_a_delay() {
    for status in [200, 301, 401, 403, 404, 500, 502] {
        assert_eq!(wait_after(honouring(), refused(status, MINUTE_MS)), 1_000, "{status}");
    }
    let close = Close { retry_after_ms: Some(MINUTE_MS), ..Close::new(1006, "") };
    assert_eq!(wait_after(honouring(), close), 1_000, "no status");
}

#[test]
fn d21_by_default_the_delay_is_only_logged() {
    let sim = retried(options(), refused(429, MINUTE_MS));
    assert_eq!(sim.alarm_in(), Some(1_000));
    let details = vec![
        ("code", LogValue::Number(1006.0)),
        ("httpStatus", LogValue::Number(429.0)),
        ("retryAfterMs", LogValue::Number(MINUTE_MS)),
    ];
    assert_eq!(warnings(&sim), [("the connection failed", details)]);
}

#[test]
fn d21_a_wake_does_not_cut_the_wait_short() {
    let mut sim = retried(honouring(), refused(429, MINUTE_MS));
    sim.advance(1_000);
    sim.wake();
    assert_eq!(sim.alarm_in(), Some(59_000));
}

#[test]
fn d21_the_wait_holds_for_one_dial() {
    let mut sim = retried(honouring(), refused(429, MINUTE_MS));
    sim.dials([Dial::Refuse(1006)]);
    assert_eq!(sim.advance_to_alarm(), 60_000);
    assert_eq!(sim.alarm_in(), Some(2_000), "the ordinary third delay");
}

#[test]
fn d21_a_failure_of_the_token_provider_does_not_end_the_wait() {
    let knobs = RawReconnect { honour_going_away: true, ..reconnect() };
    let mut sim = Sim::with(RawOptions { reconnect: Some(knobs), ..token_options() });
    sim.tokens([TokenAnswer::token("t1"), TokenAnswer::token("t2")]);
    sim.connect();
    sim.dials([Dial::Fail(refused(503, MINUTE_MS))]);
    sim.drop_connection(1006);
    sim.advance(500);
    sim.tokens([TokenAnswer::fail("no")]);
    assert_eq!(sim.advance_to_alarm(), 60_000);
    assert_eq!(sim.alarm_in(), Some(2_000), "the wait is over when the provider is asked");
}

#[test]
fn d21_connect_dials_at_once_whatever_the_server_has_asked_for() {
    let mut sim = Sim::with(honouring());
    sim.dials([Dial::Fail(refused(429, MINUTE_MS))]);
    let call = sim.connect();
    let CallError::Connect(close) = sim.error(call) else { panic!("{:?}", sim.error(call)) };
    assert_eq!((close.http_status, close.retry_after_ms), (Some(429), Some(MINUTE_MS)));
    sim.connect();
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500), "a new session has forgotten it");
}

#[test]
fn d21_a_welcome_ends_the_wait() {
    let mut sim = retried(honouring(), refused(429, MINUTE_MS));
    sim.advance(60_000);
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn d21_a_renewal_that_is_refused_waits_and_so_does_the_next_dial() {
    let knobs = RawReconnect { honour_going_away: true, ..reconnect() };
    let mut sim = Sim::with(RawOptions {
        reconnect: Some(knobs),
        renew_before_expiry_ms: 600_000.0,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    });
    sim.token_lifetime_s = Some(1_200.0);
    sim.tokens(["t1", "t2", "t3", "t4"].map(TokenAnswer::token));
    sim.connect();
    sim.dials([Dial::Fail(refused(503, MINUTE_MS))]);
    assert_eq!(sim.advance_to_alarm(), 600_000);
    assert_eq!(sim.alarm_in(), Some(60_000), "the next renewal");
    sim.advance(10_000);
    let first = sim.socket() - 2;
    sim.socket_closed(first, Close::new(1006, ""));
    assert_eq!(sim.state(), State::Reconnecting);
    assert_eq!(sim.alarm_in(), Some(50_000), "the next dial");
}

#[test]
fn d21_the_error_of_connect_carries_cause_code_and_status_without_credentials() {
    let mut sim = Sim::new();
    let cause = "connect ECONNREFUSED wss://h/v1?key=pk_live_test";
    let close = Close::failed("", cause).with_cause_code("ECONNREFUSED ?token=abc");
    sim.dials([Dial::Fail(Close { http_status: Some(407), ..close })]);
    let call = sim.connect();
    let CallError::Connect(close) = sim.error(call) else { panic!("{:?}", sim.error(call)) };
    assert_eq!(close.cause.as_deref(), Some("connect ECONNREFUSED wss://h/v1?key=***"));
    assert_eq!(close.cause_code.as_deref(), Some("ECONNREFUSED ?token=***"));
    assert_eq!(close.http_status, Some(407));
}

#[test]
fn d21_why_a_retry_failed_is_logged() {
    let close = Close::failed("", "getaddrinfo ENOTFOUND h").with_cause_code("ENOTFOUND");
    let sim = retried(options(), close);
    let details = vec![
        ("code", LogValue::Number(1006.0)),
        ("cause", LogValue::Text("getaddrinfo ENOTFOUND h".into())),
        ("causeCode", LogValue::Text("ENOTFOUND".into())),
    ];
    assert_eq!(warnings(&sim), [("the connection failed", details)]);
}

#[test]
fn d25_a_refusal_by_http_is_retried_like_any_other_whatever_its_status() {
    for status in [301, 401, 403, 404, 407, 500] {
        let mut sim =
            retried(options(), Close { http_status: Some(status), ..Close::new(1006, "") });
        assert_eq!(sim.advance_to_alarm(), 1_000, "{status}");
        assert_eq!(sim.state(), State::Connected);
    }
}

#[test]
fn d25_each_retry_after_a_401_asks_for_a_new_token() {
    let mut sim = Sim::with(token_options());
    sim.tokens(["t1", "t2", "t3"].map(TokenAnswer::token));
    sim.connect();
    sim.dials([Dial::Http(401)]);
    sim.drop_connection(1006);
    sim.advance(500 + 1_000);
    assert_eq!(sim.state(), State::Connected);
    assert!(sim.addresses[2].ends_with("?token=t3"), "{:?}", sim.addresses);
}

//! What the simulation found (`verify/FINDINGS.md`), each as a short scenario of its own.

use metered_realtime::machine::{
    CallError, CallId, Close, Input, LogValue, OptionName, Options, Outcome, RawOptions,
    RawReconnect, SocketId, State, TokenRequestId,
};
use metered_realtime::wire::{Secret, Urls, scrub};

use crate::sim::{Dial, Sim, TokenAnswer, options, reconnect, token_options};

fn with_budget(dials: f64) -> Sim {
    let knobs = RawReconnect { max_dials_per_minute: dials, ..reconnect() };
    Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() })
}

#[test]
fn a_dial_that_a_late_alarm_made_late_counts_from_when_it_was_made() {
    let mut sim = with_budget(1.0);
    sim.drop_connection(1006);
    sim.sleep(50_000);
    sim.ring();
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(60_000));
}

#[test]
fn a_dial_that_was_planned_and_never_made_does_not_count() {
    let mut sim = with_budget(1.0);
    sim.drop_connection(1006);
    sim.close();
    sim.connect();
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn a_tiny_window_for_fleets_does_not_make_dials_without_any_delay() {
    let knobs = RawReconnect { fleet_spread_ms: 0.3, ..reconnect() };
    let mut sim = Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() });
    sim.drop_connection(1001);
    assert_eq!(sim.alarm_in(), Some(1));
}

#[test]
fn a_subscribe_that_timed_out_before_it_was_sent_is_brought_back_as_its_answer_says() {
    let mut sim = Sim::connected();
    let now = sim.instant();
    let call = sim.machine.subscribe("a", false, 0, now).unwrap();
    sim.machine.handle_timeout(now);
    sim.pump();
    assert_eq!(sim.error(call).outcome(), Outcome::Unknown);
    sim.drop_connection(1006);
    sim.advance_to_alarm();
    assert_eq!(sim.lines_of(&["send"]), ["send subscribe a"]);
}

#[test]
fn no_alarm_is_left_of_a_request_that_was_answered_while_a_shorter_one_waited() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let long = sim.publish_within("a", "1", 3_600_000).unwrap();
    sim.publish_within("a", "2", 1).unwrap();
    sim.ack(long);
    sim.advance(1);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn a_token_provider_that_was_not_asked_yet_is_not_late() {
    let mut sim = Sim::with(RawOptions { token_provider_timeout_ms: 1.0, ..token_options() });
    sim.machine.connect(sim.instant()).unwrap();
    sim.sleep(10);
    let now = sim.instant();
    sim.machine.handle_timeout(now);
    sim.pump();
    assert_eq!(sim.lines(), ["idle -> connecting", "fetch 1"]);
    assert_eq!(sim.alarm_in(), Some(1));
}

#[test]
fn where_every_alarm_is_late_a_dial_that_hangs_is_given_up_all_the_same() {
    let mut sim = Sim::reconnecting();
    sim.dial_default = Dial::Hang;
    sim.advance_to_alarm();
    sim.forget_trace();
    for _ in 0..2 {
        // A hidden page: one alarm a minute.
        sim.sleep(60_000);
        sim.ring();
    }
    assert_eq!(sim.lines_of(&["abandon"]).len(), 1);
}

#[test]
fn where_every_alarm_is_late_a_request_without_an_answer_fails_all_the_same() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let call = sim.publish("a", "1").unwrap();
    for _ in 0..2 {
        sim.sleep(60_000);
        sim.ring();
    }
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 15_000 });
}

#[test]
fn a_request_whose_time_is_up_when_the_grace_ends_gets_no_other() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let first = sim.publish("a", "1").unwrap();
    sim.sleep(20_000);
    sim.ring();
    let call = sim.publish_within("a", "2", 5_000).unwrap();
    sim.ack(first);
    sim.sleep(10_000);
    sim.ring();
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 5_000 });
}

#[test]
fn a_token_provider_whose_time_is_up_when_the_grace_ends_gets_no_other() {
    let options = RawOptions { token_provider_timeout_ms: 5_000.0, ..token_options() };
    let mut sim = Sim::connected_with(options);
    sim.drop_connection(1006);
    sim.sleep(10_000);
    sim.ring();
    assert_eq!(sim.alarm_in(), Some(5_000));
    sim.sleep(10_000);
    sim.ring();
    assert_eq!(sim.lines_of(&["fetch", "forget"]), ["fetch 2", "forget 2"]);
}

const NOW: u64 = 1_767_222_000;

fn welcome(expires_in_s: Option<u64>) -> String {
    let expires = expires_in_s.map_or("null".into(), |seconds| (NOW + seconds).to_string());
    format!(
        r#"{{"type":"welcome","peerId":"me","expiresAt":{expires},"serverTime":{NOW},"maxMessageSize":65536}}"#
    )
}

/// A client whose token is renewed after half a minute; the channels are subscribed to on the first socket.
fn renewing(channels: &[&str]) -> Sim {
    renewing_with(["t1", "t2", "t3"], channels)
}

fn renewing_with(tokens: [&str; 3], channels: &[&str]) -> Sim {
    let options = RawOptions {
        renew_before_expiry_ms: 30_000.0,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens(tokens.map(TokenAnswer::token));
    sim.connect();
    sim.receive(&welcome(Some(60)));
    for channel in channels {
        let call = sim.subscribe(channel).unwrap();
        sim.ack(call);
    }
    sim.forget_trace();
    sim
}

/// The second socket is welcomed and asked for the subscriptions.
fn join(sim: &mut Sim) -> (u32, u32) {
    let old = sim.socket();
    sim.advance(30_000);
    sim.receive(&welcome(None));
    assert_ne!(sim.socket(), old);
    (old, sim.socket())
}

/// The channels of the subscribes that were sent on a socket.
fn subscribes_on(sim: &Sim, socket: u32) -> Vec<String> {
    let requests = sim.requests_on(socket).into_iter();
    requests.map(|(_, frame)| frame["channel"].as_str().unwrap().to_owned()).collect()
}

fn newest_on(sim: &Sim, socket: u32) -> CallId {
    sim.requests_on(socket).last().expect("a request was sent").0
}

#[test]
fn a_publishable_key_is_never_renewed() {
    let options = RawOptions { renew_before_expiry_ms: 30_000.0, ..options() };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.connect();
    sim.receive(&welcome(Some(60)));
    sim.forget_trace();
    sim.advance(40_000);
    assert_eq!(sim.lines_of(&["fetch"]), [""; 0]);
}

#[test]
fn without_tracking_there_is_nothing_to_bring_over_and_no_renewal() {
    let options = RawOptions {
        renew_before_expiry_ms: 30_000.0,
        auto_resubscribe: false,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(60)));
    sim.forget_trace();
    sim.advance(59_000);
    assert_eq!(sim.lines(), [""; 0]);
}

#[test]
fn a_subscribe_that_fails_on_the_new_connection_is_tried_again_there_and_not_on_the_old_one() {
    let mut sim = renewing(&["a", "b"]);
    let (old, new) = join(&mut sim);
    let b = sim.last_request_id();
    sim.reject(CallId(b.0 - 1), "backend_error");
    sim.advance(2_000);
    let again = newest_on(&sim, new);
    sim.receive_on(new, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, again.0));
    sim.receive_on(new, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, b.0));
    sim.receive_on(old, r#"{"type":"pong"}"#);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(subscribes_on(&sim, new), ["a", "b", "a"]);
}

#[test]
fn subscribes_without_an_answer_are_tried_again_once_the_new_connection_has_taken_over() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    sim.advance(15_000);
    assert!(sim.lines().contains(&"connected again".to_owned()));
    sim.advance(2_000);
    assert_eq!(subscribes_on(&sim, new), ["a", "a"]);
}

#[test]
fn what_failed_on_the_old_connection_does_not_use_up_the_tries_on_the_new_one() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    for _ in 0..3 {
        sim.advance(20_000);
    }
    assert_eq!(subscribes_on(&sim, new), ["a", "a", "a", "a"]);
}

#[test]
fn a_subscribe_during_a_renewal_has_an_id_on_both_connections() {
    let mut sim = renewing(&["a"]);
    let (old, new) = join(&mut sim);
    let call = sim.subscribe("b").unwrap();
    sim.receive_on(old, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, call.0));
    assert!(sim.succeeded(call));
    assert_eq!(subscribes_on(&sim, new), ["a", "b"]);
    let id = newest_on(&sim, new);
    assert!(id > call);
}

#[test]
fn a_subscribe_that_is_withdrawn_is_forgotten_though_the_new_connection_confirmed_it() {
    let mut sim = renewing(&[]);
    let old = sim.socket();
    sim.advance(29_000);
    let call = sim.subscribe("a").unwrap();
    sim.advance(1_000);
    sim.receive(&welcome(None));
    sim.ack_last();
    sim.abort(call);
    assert_eq!(sim.error(call), &CallError::Aborted { outcome: Outcome::Unknown });
    assert_eq!(sim.machine.tracked_channels(), 0);
    assert_ne!(sim.socket(), old);
}

#[test]
fn an_answer_of_the_token_provider_that_comes_twice_changes_nothing() {
    let mut sim = Sim::with(token_options());
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.forget_trace();
    let request = TokenRequestId(sim.token_request());
    sim.input(Input::Token { request, result: Ok(Secret::new("t2")) });
    assert_eq!(sim.lines(), [""; 0]);
}

// What cargo-mutants changed and no other test noticed; see docs/MUTANTS.md.

#[test]
fn a_frame_that_waits_for_a_socket_that_is_lost_meanwhile_is_not_sent() {
    let mut sim = Sim::connected();
    let call = sim.machine.reserve(1, 15_000, sim.instant()).unwrap();
    sim.machine.transmit(call, "1".into());
    let socket = SocketId(sim.socket());
    sim.input_undrained(Input::SocketClosed { socket, close: Close::new(1006, "") });
    sim.pump();
    assert_eq!(sim.lines_of(&["send"]), [""; 0]);
    assert_eq!(sim.error(call).outcome(), Outcome::NotSent);
}

#[test]
fn a_frame_that_the_driver_itself_writes_counts_as_sent_from_then_on() {
    let mut sim = Sim::connected();
    let now = sim.instant();
    let written = sim.machine.reserve(1, 15_000, now).unwrap();
    let kept = sim.machine.reserve(1, 15_000, now).unwrap();
    assert_eq!(sim.machine.transmitted(written), Some(SocketId(sim.socket())));
    sim.drop_connection(1006);
    assert_eq!(sim.error(written).outcome(), Outcome::Unknown);
    assert_eq!(sim.error(kept).outcome(), Outcome::NotSent);
    assert_eq!(sim.machine.transmitted(kept), None);
}

#[test]
fn a_keepalive_that_waits_for_a_socket_that_is_lost_meanwhile_is_not_sent() {
    let mut sim = Sim::connected();
    sim.input_undrained(Input::Wake);
    let socket = SocketId(sim.socket());
    sim.input_undrained(Input::SocketClosed { socket, close: Close::new(1006, "") });
    sim.pump();
    assert_eq!(sim.lines_of(&["send"]), [""; 0]);
}

#[test]
fn renewal_takes_a_finite_number_of_at_least_zero() {
    for ms in [f64::NAN, f64::INFINITY, -1.0] {
        let raw = RawOptions { renew_before_expiry_ms: ms, ..token_options() };
        let refused = Options::check(raw).expect_err("refused");
        assert_eq!(refused.option, OptionName::RenewBeforeExpiry);
    }
}

#[test]
fn renewal_is_off_at_zero() {
    let options = RawOptions { inactivity_timeout_ms: 0.0, ..token_options() };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(60)));
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn an_empty_token_fails_a_renewal_and_is_not_dialled_with() {
    let mut sim = renewing_with(["t1", "", "t3"], &[]);
    sim.advance(30_000);
    assert_eq!(sim.lines(), ["fetch 2"]);
    sim.advance(7_500);
    assert_eq!(sim.lines(), ["fetch 3", "open 2"]);
}

#[test]
fn a_client_that_has_given_up_has_no_alarm_for_a_replay_that_was_to_be_tried_again() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(1006);
    sim.advance_to_alarm();
    sim.reject_last("backend_error");
    sim.drop_connection(4001);
    assert_eq!(sim.state(), State::Closed);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn the_log_counts_the_attempts() {
    let mut sim = Sim::connected();
    sim.dial_default = Dial::Refuse(1006);
    sim.drop_connection(1006);
    sim.advance(2_000);
    let attempts = sim.logs.iter().flat_map(|log| log.details.iter().flatten());
    let attempts: Vec<_> = attempts.filter(|(name, _)| *name == "attempt").collect();
    let expected = [1.0, 1.0, 2.0, 2.0, 3.0].map(LogValue::Number);
    assert!(attempts.into_iter().map(|(_, value)| value).eq(&expected));
}

#[test]
fn a_renewal_that_gets_no_socket_is_tried_again() {
    let mut sim = renewing(&[]);
    sim.dials([Dial::Unavailable]);
    sim.advance(30_000);
    assert_eq!(sim.lines_of(&["fetch", "open"]), ["fetch 2", "open 2"]);
    sim.advance(7_500);
    assert_eq!(sim.lines(), ["fetch 3", "open 3"]);
}

#[test]
fn nothing_is_left_in_flight_of_a_renewal_that_failed() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    assert_eq!(sim.machine.requests_in_flight(), 1);
    sim.socket_closed(new, Close::new(1006, ""));
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn a_renewal_that_failed_is_tried_again_only_while_its_token_is_valid() {
    let mut sim = renewing_with(["t1", "", ""], &[]);
    sim.advance(59_000);
    let fetches = sim.lines_of(&["fetch"]).len();
    assert!(fetches >= 2, "{fetches}");
    sim.advance(120_000);
    assert_eq!(sim.lines_of(&["fetch"]).len(), 0);
}

#[test]
fn a_token_that_does_not_live_long_is_renewed_when_half_of_its_life_is_over() {
    let options = RawOptions {
        renew_before_expiry_ms: 30_000.0,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(40)));
    assert_eq!(sim.alarm_in(), Some(20_000));
}

#[test]
fn a_renewal_that_could_only_be_tried_again_when_its_token_has_expired_is_not() {
    for (left, again) in [(1_000, None), (1_001, Some(1_000))] {
        let options = RawOptions {
            renew_before_expiry_ms: 30_000.0,
            inactivity_timeout_ms: 0.0,
            token_provider_timeout_ms: 60_000.0,
            ..token_options()
        };
        let mut sim = Sim::with(options);
        sim.dial_default = Dial::Open;
        sim.tokens([TokenAnswer::token("t1"), TokenAnswer::Never]);
        sim.connect();
        sim.receive(&welcome(Some(60)));
        sim.advance(60_000 - left);
        sim.answer_token(sim.token_request(), Err("no"));
        assert_eq!(sim.alarm_in(), again);
    }
}

#[test]
fn addresses_of_ice_servers_are_a_list_in_either_form() {
    let one = Urls::One("stun:a".into());
    assert_eq!(one.as_slice(), ["stun:a"]);
    let many = Urls::Many(vec!["stun:a".into(), "turn:b".into()]);
    assert_eq!(many.as_slice(), ["stun:a", "turn:b"]);
}

#[test]
fn bearer_is_a_word_of_its_own_with_something_after_it() {
    assert_eq!(scrub("Bearer abc"), "Bearer ***");
    for harmless in ["Bearerabc", "Bearer ", "Bearer"] {
        assert_eq!(scrub(harmless), harmless);
    }
}

//! Faults that the simulation found (`verify/FINDINGS.md`), and changes to the code that no other test noticed.

use metered_realtime_proto::machine::{
    CallError, Close, Input, Instant, LogValue, Outcome, RawOptions, RawReconnect, SocketId, State,
    TokenRequestId,
};
use metered_realtime_proto::wire::Secret;

use crate::sim::{Dial, Sim, TokenAnswer, options, reconnect, token_options};

fn with_budget(dials: f64) -> Sim {
    let knobs = RawReconnect { max_dials_per_minute: dials, ..reconnect() };
    Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() })
}

#[test]
fn a_dial_after_a_late_alarm_counts_from_the_time_of_the_dial() {
    let mut sim = with_budget(1.0);
    sim.drop_connection(1006);
    sim.sleep(50_000);
    sim.fire_alarm();
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
fn a_tiny_spread_window_still_leaves_a_delay_between_dials() {
    let knobs = RawReconnect { fleet_spread_ms: 0.3, ..reconnect() };
    let mut sim = Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() });
    sim.drop_connection(1001);
    assert_eq!(sim.alarm_in(), Some(1));
}

#[test]
fn a_subscribe_that_timed_out_before_it_was_sent_comes_back() {
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
fn an_answered_request_leaves_no_alarm_behind_a_shorter_one() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let long = sim.publish_within("a", "1", 3_600_000).unwrap();
    sim.publish_within("a", "2", 1).unwrap();
    sim.ack(long);
    sim.advance(1);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn a_token_provider_that_was_not_called_yet_is_not_late() {
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
fn a_dial_that_hangs_is_given_up_even_if_every_alarm_is_late() {
    let mut sim = Sim::reconnecting();
    sim.dial_default = Dial::Hang;
    sim.advance_to_alarm();
    sim.forget_trace();
    for _ in 0..2 {
        // A hidden page: one alarm a minute.
        sim.sleep(60_000);
        sim.fire_alarm();
    }
    assert_eq!(sim.lines_of(&["abandon"]).len(), 1);
}

#[test]
fn a_request_without_an_answer_fails_even_if_every_alarm_is_late() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let call = sim.publish("a", "1").unwrap();
    for _ in 0..2 {
        sim.sleep(60_000);
        sim.fire_alarm();
    }
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 15_000 });
}

#[test]
fn a_request_gets_the_grace_of_a_late_alarm_only_once() {
    let mut sim = Sim::connected_with(RawOptions { inactivity_timeout_ms: 0.0, ..options() });
    let first = sim.publish("a", "1").unwrap();
    sim.sleep(20_000);
    sim.fire_alarm();
    let call = sim.publish_within("a", "2", 5_000).unwrap();
    sim.ack(first);
    sim.sleep(10_000);
    sim.fire_alarm();
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 5_000 });
}

#[test]
fn a_token_provider_gets_the_grace_of_a_late_alarm_only_once() {
    let options = RawOptions { token_provider_timeout_ms: 5_000.0, ..token_options() };
    let mut sim = Sim::connected_with(options);
    sim.drop_connection(1006);
    sim.sleep(10_000);
    sim.fire_alarm();
    assert_eq!(sim.alarm_in(), Some(5_000));
    sim.sleep(10_000);
    sim.fire_alarm();
    assert_eq!(sim.lines_of(&["fetch", "forget"]), ["fetch 2", "forget 2"]);
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

#[test]
fn a_queued_frame_is_not_sent_if_its_socket_is_lost() {
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
fn a_frame_that_the_driver_writes_itself_counts_as_sent() {
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
fn a_queued_keepalive_is_not_sent_if_its_socket_is_lost() {
    let mut sim = Sim::connected();
    sim.input_undrained(Input::Wake);
    let socket = SocketId(sim.socket());
    sim.input_undrained(Input::SocketClosed { socket, close: Close::new(1006, "") });
    sim.pump();
    assert_eq!(sim.lines_of(&["send"]), [""; 0]);
}

#[test]
fn a_client_that_has_given_up_has_no_alarm_for_a_replay() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(1006);
    sim.advance_to_alarm();
    sim.reject_last("backend_error");
    sim.drop_connection(4001);
    assert_eq!(sim.state(), State::Closed);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn the_longest_wait_ends_before_never() {
    assert!(Instant::from_millis(u64::MAX - 3).after(100) < Instant::from_millis(u64::MAX));
}

#[test]
fn the_log_has_the_close_code() {
    let mut sim = Sim::connected();
    sim.drop_connection(4011);
    let reported = ("code", LogValue::Number(4011.0));
    assert!(sim.logs.iter().any(|log| log.details[0] == reported), "{:?}", sim.logs);
}

#[test]
fn the_log_counts_the_attempts() {
    let mut sim = Sim::connected();
    sim.dial_default = Dial::Refuse(1006);
    sim.drop_connection(1006);
    sim.advance(2_000);
    let attempts = sim.logs.iter().flat_map(|log| log.details.iter());
    let attempts: Vec<_> = attempts.filter(|(name, _)| *name == "attempt").collect();
    let expected = [1.0, 1.0, 2.0, 2.0, 3.0].map(LogValue::Number);
    assert!(attempts.into_iter().map(|(_, value)| value).eq(&expected));
}

//! Watchdog, keepalive and probes (rules 157 to 169 and d07).

use metered_realtime_proto::machine::{CallError, Close, RawOptions, State};

use crate::sim::{Dial, Sim, options};

fn connected_with_timeout(ms: f64) -> Sim {
    Sim::connected_with(RawOptions { inactivity_timeout_ms: ms, ..options() })
}

/// Lets this many milliseconds pass. Returns when pings were sent, counted from the start.
fn pings(sim: &mut Sim, ms: u64) -> Vec<u64> {
    let start = sim.now();
    sim.advance(ms);
    sim.times_of("send ping").into_iter().map(|at| at - start).collect()
}

const PONG: &str = r#"{"type":"pong"}"#;

#[test]
fn e157_a_silent_server_gets_two_pings_and_is_then_given_up() {
    let mut sim = Sim::connected();
    let start = sim.now();
    sim.advance(60_500);
    let lines: Vec<_> =
        sim.timed_lines().into_iter().map(|line| (line.at - start, line.text)).collect();
    let expected = [
        (20_000, "send ping"),
        (40_000, "send ping"),
        (60_000, "abandon 1 4000 inactivity timeout"),
        (60_000, "disconnected 4000 inactivity timeout, will retry"),
        (60_000, "connected -> reconnecting"),
        (60_500, "open 2"),
        (60_500, "reconnecting -> connected"),
        (60_500, "connected again"),
    ];
    assert_eq!(lines, expected.map(|(at, text)| (at, text.to_owned())));
}

#[test]
fn e158_a_server_that_answers_stays_connected() {
    let mut sim = Sim::connected();
    for _ in 0..1_000 {
        assert_eq!(sim.advance_to_alarm(), 20_000);
        assert_eq!(sim.lines(), ["send ping"]);
        sim.receive(PONG);
    }
    assert_eq!(sim.state(), State::Connected);
    assert!(sim.lines().is_empty());
}

#[test]
fn e159_a_server_that_sends_frames_gets_no_ping() {
    let mut sim = Sim::connected();
    for _ in 0..100 {
        sim.advance(15_000);
        sim.receive(r#"{"type":"presence","channel":"a","joined":[],"left":[]}"#);
    }
    assert!(sim.lines_of(&["send"]).is_empty());
}

#[test]
fn e160_malformed_text_shows_that_the_server_lives() {
    let mut sim = Sim::connected();
    for _ in 0..100 {
        sim.advance(15_000);
        sim.receive("not json");
    }
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e161_binary_messages_show_nothing() {
    let mut sim = Sim::connected();
    for _ in 0..4 {
        sim.advance(15_000);
        sim.receive_binary();
    }
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn e162_with_a_timeout_of_two_seconds_the_ping_comes_after_one() {
    let mut sim = connected_with_timeout(2_000.0);
    assert_eq!(pings(&mut sim, 1_999), [1_000]);
    sim.advance(1);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn d07_the_keepalive_interval_is_a_third_of_the_timeout_at_least_a_second_and_at_most_half() {
    for (timeout, first) in [(60_000.0, 20_000), (3_000.0, 1_000), (2_400.0, 1_000), (1_000.0, 500)]
    {
        let mut sim = connected_with_timeout(timeout);
        assert_eq!(pings(&mut sim, timeout as u64 - 1)[0], first);
        assert_eq!(sim.state(), State::Connected);
    }
}

#[test]
fn a_timeout_of_a_millisecond_does_not_spin() {
    let mut sim = connected_with_timeout(1.0);
    sim.advance(1);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn e163_without_a_timeout_there_is_neither_keepalive_nor_watchdog() {
    for ms in [0.0, -5.0, f64::INFINITY, f64::NEG_INFINITY] {
        let mut sim = connected_with_timeout(ms);
        assert_eq!(sim.alarm_in(), None);
        sim.wake();
        sim.advance(10_000_000);
        assert!(sim.lines().is_empty(), "{ms}");
        assert_eq!(sim.state(), State::Connected);
    }
}

#[test]
fn e164_an_old_server_that_does_not_know_pings_counts_as_alive() {
    let mut sim = Sim::connected();
    for _ in 0..20 {
        sim.advance(20_000);
        sim.receive(r#"{"type":"error","code":"unknown_type"}"#);
    }
    assert_eq!(sim.lines().len(), 20);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e165_a_ping_that_cannot_be_sent_is_logged_and_the_watchdog_decides() {
    let mut sim = Sim::connected();
    sim.sends_fail = true;
    sim.advance(59_999);
    assert_eq!(sim.lines(), ["send failed: ping", "send failed: ping"]);
    assert_eq!(sim.logs.len(), 2);
    sim.advance(1);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn e166_d07_a_dead_peer_is_given_up_at_once() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    sim.advance(60_000);
    assert_eq!(sim.state(), State::Reconnecting);
    assert_eq!(sim.open_sockets(), 0);
    assert_eq!(sim.advance_to_alarm(), 500);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e167_no_ping_is_sent_before_the_welcome() {
    let mut sim = Sim::with(RawOptions { inactivity_timeout_ms: 9_000.0, ..options() });
    sim.dials([Dial::Open]);
    sim.connect();
    sim.advance(8_999);
    assert!(sim.lines_of(&["send"]).is_empty());

    let mut sim = Sim::reconnecting();
    sim.dial_default = Dial::Open;
    sim.advance(100_000);
    assert!(sim.lines_of(&["send"]).is_empty());
}

#[test]
fn e168_the_timers_of_an_old_socket_do_not_touch_the_new_one() {
    let mut sim = Sim::connected();
    sim.advance(59_000);
    sim.drop_connection(1006);
    sim.advance(500);
    sim.forget_trace();
    assert_eq!(pings(&mut sim, 59_999), [20_000, 40_000]);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e169_a_short_watchdog_comes_before_the_welcome_timeout() {
    let mut sim = Sim::with(RawOptions { inactivity_timeout_ms: 5_000.0, ..options() });
    sim.dials([Dial::Open]);
    let call = sim.connect();
    assert_eq!(sim.advance_to_alarm(), 5_000);
    assert_eq!(sim.error(call), &CallError::Connect(Close::new(4000, "inactivity timeout")));
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn the_watchdog_counts_from_the_opening_of_the_socket() {
    let mut sim = Sim::with(RawOptions { inactivity_timeout_ms: 5_000.0, ..options() });
    sim.dials([Dial::Hang]);
    sim.connect();
    sim.advance(4_000);
    sim.open_socket();
    assert_eq!(sim.advance_to_alarm(), 5_000);
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn d07_an_alarm_that_is_a_little_late_changes_nothing() {
    let mut sim = Sim::connected();
    sim.advance(40_000);
    sim.sleep(20_999);
    sim.fire_alarm();
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn d07_after_a_sleep_the_server_gets_a_ping_before_it_is_given_up() {
    let mut sim = Sim::connected();
    sim.sleep(8 * 3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.lines(), ["send ping"]);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.advance_to_alarm(), 5_000);
    assert_eq!(
        sim.lines(),
        [
            "abandon 1 4000 inactivity timeout",
            "disconnected 4000 inactivity timeout, will retry",
            "connected -> reconnecting"
        ]
    );
}

#[test]
fn d07_a_server_that_answers_the_ping_after_a_sleep_stays() {
    let mut sim = Sim::connected();
    sim.sleep(8 * 3_600_000);
    sim.fire_alarm();
    sim.advance(4_999);
    sim.receive(PONG);
    sim.forget_trace();
    sim.advance(19_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["send ping"]);
}

#[test]
fn d07_the_answer_may_take_a_third_of_a_short_timeout() {
    let mut sim = connected_with_timeout(6_000.0);
    sim.sleep(60_000);
    sim.fire_alarm();
    assert_eq!(sim.advance_to_alarm(), 2_000);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn a_frame_before_the_late_alarm_makes_the_ping_unnecessary() {
    let mut sim = Sim::connected();
    sim.sleep(8 * 3_600_000);
    sim.receive(PONG);
    sim.fire_alarm();
    assert!(sim.lines().is_empty());
    assert_eq!(sim.alarm_in(), Some(20_000));
}

#[test]
fn a_probe_whose_own_alarm_is_late_is_not_repeated() {
    // Otherwise a page whose timers are always late would never notice a dead link.
    let mut sim = Sim::connected();
    sim.sleep(60_000);
    sim.fire_alarm();
    sim.sleep(60_000);
    sim.fire_alarm();
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn requests_get_grace_after_a_sleep() {
    let mut sim = Sim::connected();
    let answered = sim.publish("a", "1").unwrap();
    let lost = sim.publish("b", "1").unwrap();
    sim.sleep(8 * 3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.answer(answered), None);
    sim.ack(answered);
    assert!(sim.succeeded(answered));
    sim.advance(4_999);
    assert_eq!(sim.answer(lost), None);
    sim.advance(1);
    assert!(matches!(sim.error(lost), CallError::AckTimeout { .. }));
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn without_a_watchdog_requests_get_grace_too() {
    let mut sim = connected_with_timeout(0.0);
    let call = sim.publish("a", "1").unwrap();
    sim.sleep(3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.answer(call), None);
    assert_eq!(sim.advance_to_alarm(), 5_000);
    assert!(matches!(sim.error(call), CallError::AckTimeout { .. }));
}

#[test]
fn a_handshake_gets_grace_after_a_sleep() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    let call = sim.connect();
    sim.sleep(3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.answer(call), None);
    sim.welcome();
    assert!(sim.succeeded(call));
}

#[test]
fn a_token_provider_gets_grace_after_a_sleep() {
    let mut sim = Sim::with(crate::sim::token_options());
    let call = sim.connect();
    sim.sleep(3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.answer(call), None);
    sim.answer_token(sim.token_request(), Ok("tok"));
    assert!(sim.succeeded(call));
}

#[test]
fn a_retry_that_was_due_during_a_sleep_is_made_at_once() {
    let mut sim = Sim::reconnecting();
    sim.sleep(3_600_000);
    sim.fire_alarm();
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn a_wake_sends_a_ping_to_a_connected_server() {
    let mut sim = Sim::connected();
    sim.wake();
    assert_eq!(sim.lines(), ["send ping"]);
    assert_eq!(sim.alarm_in(), Some(5_000));
    sim.receive(PONG);
    assert_eq!(sim.alarm_in(), Some(20_000));
}

#[test]
fn a_wake_gives_up_a_server_that_does_not_answer() {
    let mut sim = Sim::connected();
    sim.wake();
    sim.advance(2_000);
    sim.wake();
    sim.advance(3_000);
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn a_wake_ends_the_wait_for_a_retry_but_not_the_floor() {
    let mut sim = Sim::reconnecting();
    sim.wake();
    assert_eq!(sim.state(), State::Connected);

    sim.drop_connection(4010);
    sim.wake();
    assert_eq!(sim.alarm_in(), Some(30_000));
}

// Chromium (whatwg/html#12085): a page comes out of the back/forward cache, and its sockets are closed right after that.
#[test]
fn a_connection_that_is_lost_right_after_a_wake_is_replaced_at_once() {
    let mut sim = Sim::connected();
    sim.wake();
    sim.drop_connection(1006);
    assert_eq!(sim.state(), State::Connected);

    sim.wake();
    sim.receive(PONG);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn a_wake_does_not_shorten_the_delay_after_a_4010() {
    let mut sim = Sim::connected();
    sim.wake();
    sim.drop_connection(4010);
    assert_eq!(sim.alarm_in(), Some(30_000));
}

#[test]
fn a_wake_changes_nothing_while_idle_or_dialling() {
    let mut sim = Sim::new();
    sim.wake();
    assert_eq!(sim.alarm_in(), None);
    sim.dials([Dial::Open]);
    sim.connect();
    sim.forget_trace();
    sim.wake();
    assert!(sim.lines().is_empty());
    assert_eq!(sim.alarm_in(), Some(10_000));
}

#[test]
fn a_clock_that_steps_back_is_ignored() {
    let mut sim = Sim::connected();
    sim.advance(19_000);
    let early = metered_realtime_proto::machine::Instant::from_millis(3);
    sim.machine.handle_timeout(early);
    sim.pump();
    sim.receive(PONG);
    assert_eq!(sim.alarm_in(), Some(20_000));
}

#[test]
fn a_clock_that_a_test_moves_in_steps_does_not_count_as_sleep() {
    let mut sim = Sim::connected();
    sim.sleep(60_000);
    sim.machine.handle_stepped_timeout(sim.instant());
    sim.pump();
    assert_eq!(sim.state(), State::Reconnecting);

    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.sleep(20_000);
    sim.machine.handle_stepped_timeout(sim.instant());
    sim.pump();
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 15_000 });
    assert_eq!(sim.state(), State::Connected);
}

//! Losing the connection and getting it back (rules 107 to 132).

use metered_realtime_proto::machine::{Close, Event, RawOptions, RawReconnect, State};
use metered_realtime_proto::wire::{CloseCode, Reaction};

use crate::sim::{Dial, Sim, TokenAnswer, options, reconnect, token_options};

fn with_knobs(change: impl FnOnce(&mut RawReconnect)) -> RawOptions {
    let mut knobs = reconnect();
    change(&mut knobs);
    RawOptions { reconnect: Some(knobs), ..options() }
}

/// The waits before this many retries, all of which fail.
fn waits(sim: &mut Sim, count: usize) -> Vec<u64> {
    sim.dial_default = Dial::Refuse(1006);
    (0..count).map(|_| sim.advance_to_alarm()).collect()
}

#[test]
fn e107_disconnected_comes_before_the_state_change() {
    let mut sim = Sim::connected();
    sim.close_from_server(1001, "deploy");
    assert_eq!(sim.lines(), ["disconnected 1001 deploy, will retry", "connected -> reconnecting"]);
}

#[test]
fn e108_a_welcomed_retry_is_a_reconnect() {
    let mut sim = Sim::reconnecting();
    sim.advance(500);
    assert_eq!(sim.lines(), ["open 2", "reconnecting -> connected", "connected again"]);
}

#[test]
fn e109_an_abnormal_loss_is_retried() {
    let mut sim = Sim::connected();
    sim.drop_connection(1006);
    assert_eq!(sim.advance_to_alarm(), 500);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e110_most_codes_are_retried() {
    for code in [1000, 1001, 1005, 1006, 1008, 1009, 1011, 3000, 4000, 4002, 4011, 4013, 4999] {
        let mut sim = Sim::connected();
        sim.drop_connection(code);
        assert_eq!(sim.lines()[0], format!("disconnected {code}, will retry"));
        assert_eq!(sim.alarm_in(), Some(500), "{code}");
    }
}

#[test]
fn e111_four_codes_are_final() {
    for code in [4001, 4003, 4012, 4020] {
        let mut sim = Sim::connected();
        sim.drop_connection(code);
        assert_eq!(
            sim.lines(),
            [
                format!("disconnected {code}, final"),
                "connected -> closed".into(),
                "end streams".into()
            ]
        );
        assert_eq!(sim.alarm_in(), None, "{code}");
        assert_eq!(Reaction::to(code), Reaction::GiveUp);
    }
}

#[test]
fn e112_delays_double_up_to_the_longest() {
    let mut sim = Sim::reconnecting();
    assert_eq!(waits(&mut sim, 8), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
}

#[test]
fn e113_jitter_spreads_each_delay_by_a_fifth_at_most() {
    let plain = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    let mut firsts = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut sim = Sim::seeded(with_knobs(|knobs| knobs.jitter_ratio = 0.2), seed);
        sim.connect();
        sim.drop_connection(1006);
        let waits = waits(&mut sim, plain.len());
        for (wait, plain) in waits.iter().zip(plain) {
            assert!((plain * 8 / 10..=plain * 12 / 10).contains(wait), "{wait} for {plain}");
        }
        firsts.insert(waits[0]);
    }
    assert!(firsts.len() > 20, "clients are spread: {firsts:?}");
}

#[test]
fn e114_the_formula_follows_the_options() {
    let raw = with_knobs(|knobs| {
        knobs.initial_delay_ms = 1_000.0;
        knobs.multiplier = 3.0;
        knobs.max_delay_ms = 10_000.0;
    });
    let mut sim = Sim::connected_with(raw);
    sim.drop_connection(1006);
    assert_eq!(waits(&mut sim, 5), [1_000, 3_000, 9_000, 10_000, 10_000]);
}

#[test]
fn e115_a_welcome_starts_the_delays_over() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::Refuse(1006), Dial::Refuse(1006), Dial::Refuse(1006), Dial::Welcome]);
    sim.advance(500 + 1_000 + 2_000 + 4_000);
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn e116_d06_a_full_server_is_left_alone_for_thirty_seconds_whatever_the_jitter() {
    for seed in 0..50 {
        let mut sim = Sim::seeded(with_knobs(|knobs| knobs.jitter_ratio = 1.0), seed);
        sim.connect();
        sim.drop_connection(4010);
        let wait = sim.alarm_in().unwrap();
        assert!((30_000..=60_000).contains(&wait), "{wait}");
    }
}

#[test]
fn e117_d06_the_floor_holds_for_one_attempt() {
    let mut sim = Sim::connected();
    sim.drop_connection(4010);
    assert_eq!(sim.state(), State::Reconnecting);
    assert_eq!(waits(&mut sim, 2), [30_000, 1_000]);
}

#[test]
fn e118_d06_the_floor_of_a_failed_connect_does_not_outlast_it() {
    let mut sim = Sim::new();
    sim.dials([Dial::CloseEarly(4010), Dial::Welcome]);
    sim.connect();
    sim.connect();
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn d06_a_welcome_and_a_connect_end_the_floor() {
    let raw = with_knobs(|knobs| knobs.max_attempts = 0.0);
    let mut sim = Sim::connected_with(raw);
    sim.drop_connection(4010);
    assert_eq!(sim.state(), State::Closed);

    let mut sim = Sim::connected();
    sim.drop_connection(4010);
    sim.advance(30_000);
    assert_eq!(sim.state(), State::Connected);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn e119_e120_the_last_retry_ends_it_once() {
    for dial in [Dial::Refuse(1006), Dial::CloseEarly(1006), Dial::Unavailable, Dial::Throw("no")] {
        let mut sim = Sim::connected_with(with_knobs(|knobs| knobs.max_attempts = 2.0));
        sim.dial_default = dial;
        sim.drop_connection(1006);
        sim.advance(600_000);
        let lines: Vec<_> = sim
            .lines()
            .iter()
            .map(|line| line.split([',', '>']).next_back().unwrap().to_owned())
            .collect();
        assert_eq!(
            lines,
            [
                " will retry",
                " reconnecting",
                "open 2",
                " will retry",
                "open 3",
                " final",
                " closed",
                "end streams"
            ]
        );
    }
}

#[test]
fn e121_without_a_limit_a_client_retries_for_ever() {
    let mut sim = Sim::connected_with(with_knobs(|knobs| knobs.max_attempts = f64::INFINITY));
    sim.drop_connection(1006);
    let waits = waits(&mut sim, 2_000);
    assert_eq!(sim.state(), State::Reconnecting);
    assert!(waits[6..].iter().all(|wait| *wait == 30_000));
}

#[test]
fn e121_a_steep_formula_overflows_to_the_longest_delay() {
    let raw = with_knobs(|knobs| {
        knobs.max_attempts = f64::INFINITY;
        knobs.multiplier = 1e4;
    });
    let mut sim = Sim::connected_with(raw);
    sim.drop_connection(1006);
    assert!(waits(&mut sim, 200)[2..].iter().all(|wait| *wait == 30_000));
}

#[test]
fn e122_d02_each_failed_retry_is_a_disconnected_and_the_state_stays() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::Refuse(1006), Dial::CloseEarly(1011)]);
    sim.advance(1_500);
    assert_eq!(
        sim.lines(),
        ["open 2", "disconnected 1006, will retry", "open 3", "disconnected 1011 no, will retry"]
    );
}

#[test]
fn e123_a_final_code_on_a_retry_is_final() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::CloseEarly(4001)]);
    sim.advance(500);
    assert_eq!(
        sim.lines(),
        ["open 2", "disconnected 4001 no, final", "reconnecting -> closed", "end streams"]
    );
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn e124_a_retry_without_a_welcome_is_a_failed_one() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::Open]);
    sim.advance(10_500);
    assert_eq!(
        sim.lines(),
        [
            "open 2",
            "abandon 2 4000 welcome timeout",
            "disconnected 4000 welcome timeout, will retry"
        ]
    );
    assert_eq!(sim.alarm_in(), Some(1_000));
}

#[test]
fn e125_close_while_waiting_cancels_the_retry() {
    let mut sim = Sim::reconnecting();
    sim.close();
    sim.advance(600_000);
    assert_eq!(
        sim.lines(),
        [
            "disconnected 1000 client requested close, final",
            "reconnecting -> closed",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
}

#[test]
fn e126_close_inside_of_the_disconnected_handler_prevents_the_retry() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Disconnected { will_reconnect: true, .. } = event {
            sim.close();
        }
    });
    sim.drop_connection(1006);
    sim.advance(600_000);
    assert_eq!(
        sim.lines(),
        [
            "disconnected 1006, will retry",
            "connected -> reconnecting",
            "disconnected 1000 client requested close, final",
            "reconnecting -> closed",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
}

#[test]
fn e127_d13_going_away_is_an_event_and_changes_no_delay() {
    let mut sim = Sim::connected();
    sim.receive(r#"{"type":"going_away","retryAfterMs":7000}"#);
    sim.drop_connection(1001);
    assert_eq!(sim.lines()[0], "going away 7000");
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn e128_without_a_usable_number_going_away_says_a_second() {
    for hint in [
        "",
        ",\"retryAfterMs\":0",
        ",\"retryAfterMs\":-5",
        ",\"retryAfterMs\":\"7\"",
        ",\"retryAfterMs\":null",
        ",\"retryAfterMs\":true",
    ] {
        let mut sim = Sim::connected();
        sim.receive(&format!(r#"{{"type":"going_away"{hint}}}"#));
        assert_eq!(sim.lines(), ["going away 1000"], "{hint}");
    }
}

#[test]
fn e129_an_expired_token_is_replaced_for_each_attempt() {
    let mut sim = Sim::with(token_options());
    sim.tokens(["t1", "t2", "t3", "t4"].map(TokenAnswer::token));
    sim.connect();
    sim.dials([Dial::CloseEarly(4002), Dial::CloseEarly(4002)]);
    sim.drop_connection(4002);
    sim.advance(500 + 1_000 + 2_000);
    assert_eq!(sim.state(), State::Connected);
    let tokens: Vec<_> =
        sim.addresses.iter().map(|address| address.rsplit('=').next().unwrap()).collect();
    assert_eq!(tokens, ["t1", "t2", "t3", "t4"]);
}

#[test]
fn e130_events_of_an_old_socket_are_ignored() {
    let mut sim = Sim::connected();
    let old = sim.socket();
    sim.drop_connection(1006);
    sim.advance(500);
    sim.forget_trace();
    sim.socket_closed(old, Close::new(4001, "late"));
    let welcome = sim.welcome_text();
    sim.receive_on(old, &welcome);
    sim.receive_on(old, r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e131_there_is_never_more_than_one_socket() {
    let mut sim = Sim::connected();
    for _ in 0..3 {
        sim.drop_connection(1006);
        sim.drop_connection(1006);
        sim.advance(500);
    }
    sim.dials([Dial::Open, Dial::Hang]);
    sim.drop_connection(1006);
    sim.advance(60_000);
    assert_eq!(sim.most_open_sockets, 1);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e132_a_handler_that_closes_when_connected_stops_the_rest() {
    let mut sim = Sim::new();
    sim.on(|sim, event| {
        if let Event::StateChange { to: State::Connected, .. } = event {
            sim.close();
        }
    });
    let call = sim.connect();
    assert_eq!(
        sim.lines(),
        [
            "idle -> connecting",
            "open 1",
            "connecting -> connected",
            "disconnected 1000 client requested close, final",
            "connected -> closed",
            "connect: connect error 1000",
            "close 1 1000 client requested close",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
    assert!(!sim.succeeded(call));
}

#[test]
fn every_known_close_code_has_its_reaction() {
    for code in CloseCode::ALL {
        assert_eq!(CloseCode::from_u16(code.as_u16()), Some(code));
    }
    assert_eq!(CloseCode::from_u16(4013), None);
    assert_eq!(Reaction::to(4010), Reaction::RetrySlowly);
    assert_eq!(Reaction::to(4013), Reaction::Retry);
}

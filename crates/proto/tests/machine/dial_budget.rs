//! A server that drops connections soon after their welcome is not dialled too often (rule d15).

use metered_realtime_proto::machine::{OptionName, Options, RawOptions, RawReconnect, State};

use crate::sim::{Dial, Sim, options, reconnect};

fn with_budget(dials: f64) -> Sim {
    let knobs = RawReconnect { max_dials_per_minute: dials, ..reconnect() };
    Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() })
}

/// How long the client waits to dial after each of this many sessions of this length.
fn flap(sim: &mut Sim, times: usize, session_ms: u64) -> Vec<u64> {
    let waits = (0..times).map(|_| {
        sim.advance(session_ms);
        sim.drop_connection(1006);
        let wait = sim.advance_to_alarm();
        assert_eq!(sim.state(), State::Connected);
        wait
    });
    waits.collect()
}

#[test]
fn d15_the_budget_delays_dials_after_short_sessions() {
    let mut sim = with_budget(3.0);
    assert_eq!(flap(&mut sim, 3, 0), [500, 500, 500]);
    // The first of the last three was dialled half a second after the start.
    assert_eq!(flap(&mut sim, 1, 0), [60_000 - 1_000]);
    assert_eq!(flap(&mut sim, 3, 0), [500, 500, 59_000]);
}

#[test]
fn d15_by_default_twenty_dials_a_minute_are_allowed() {
    let mut sim = Sim::connected();
    assert!(flap(&mut sim, 20, 0).iter().all(|wait| *wait == 500));
    assert_eq!(flap(&mut sim, 1, 0), [60_000 - 9_500]);
}

#[test]
fn d15_sessions_of_ten_seconds_do_not_count() {
    let mut sim = with_budget(1.0);
    assert!(flap(&mut sim, 10, 10_000).iter().all(|wait| *wait == 500));
    assert_eq!(flap(&mut sim, 1, 9_999), [500]);
    assert_eq!(flap(&mut sim, 1, 0), [60_000]);
}

#[test]
fn d15_dials_that_follow_a_failed_attempt_do_not_count_and_keep_the_formula() {
    let mut sim = with_budget(1.0);
    assert_eq!(flap(&mut sim, 1, 0), [500]);
    sim.drop_connection(1006);
    assert_eq!(sim.alarm_in(), Some(60_000));
    sim.dials([Dial::Refuse(1006), Dial::Refuse(1006)]);
    sim.advance(60_000);
    assert_eq!(sim.advance_to_alarm(), 1_000);
    assert_eq!(sim.advance_to_alarm(), 2_000);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn d15_infinity_switches_the_budget_off() {
    let mut sim = with_budget(f64::INFINITY);
    assert!(flap(&mut sim, 200, 0).iter().all(|wait| *wait == 500));
}

#[test]
fn d15_a_wake_does_not_exceed_the_budget() {
    let mut sim = with_budget(1.0);
    flap(&mut sim, 1, 0);
    sim.drop_connection(1006);
    sim.wake();
    assert_eq!(sim.alarm_in(), Some(60_000));
}

#[test]
fn d15_the_budget_does_not_change_the_count_of_attempts() {
    let knobs = RawReconnect { max_dials_per_minute: 1.0, max_attempts: 2.0, ..reconnect() };
    let mut sim = Sim::connected_with(RawOptions { reconnect: Some(knobs), ..options() });
    // Each welcome resets the count, so flapping never exhausts it.
    flap(&mut sim, 5, 0);
    sim.dial_default = Dial::Refuse(1006);
    sim.drop_connection(1006);
    sim.advance(600_000);
    assert_eq!(sim.state(), State::Closed);
    assert_eq!(sim.times_of("disconnected").len(), 5 + 3);
}

#[test]
fn d15_a_budget_of_zero_or_of_half_a_dial_is_refused() {
    for dials in [0.0, -1.0, 1.5, f64::NAN, f64::NEG_INFINITY] {
        let knobs = RawReconnect { max_dials_per_minute: dials, ..reconnect() };
        let raw = RawOptions { reconnect: Some(knobs), ..options() };
        assert_eq!(Options::check(raw).unwrap_err().option, OptionName::MaxDialsPerMinute);
    }
}

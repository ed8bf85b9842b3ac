//! How clients come back to a server that has disconnected all of them: they may spread, and honour the delay that it asks for.

use metered_realtime_proto::machine::{RawOptions, RawReconnect};

use crate::sim::{Dial, Sim, options, reconnect};

fn lost(knobs: RawReconnect, seed: u64, going_away: Option<u32>, code: u16) -> u64 {
    let mut sim = Sim::seeded(RawOptions { reconnect: Some(knobs), ..options() }, seed);
    sim.connect();
    // Long enough for the session not to count as short.
    sim.receive(r#"{"type":"pong"}"#);
    sim.advance(15_000);
    if let Some(ms) = going_away {
        sim.receive(&format!(r#"{{"type":"going_away","retryAfterMs":{ms}}}"#));
    }
    sim.drop_connection(code);
    sim.alarm_in().expect("it tries again")
}

fn spread(ms: f64) -> RawReconnect {
    RawReconnect { fleet_spread_ms: ms, ..reconnect() }
}

#[test]
fn by_default_going_away_changes_nothing() {
    assert_eq!(lost(reconnect(), 1, Some(9_000), 1001), 500);
}

#[test]
fn a_fleet_spreads_over_the_whole_window() {
    for code in [1001, 1012, 1013] {
        let delays: Vec<u64> =
            (0..200).map(|seed| lost(spread(10_000.0), seed, None, code)).collect();
        assert!(delays.iter().all(|delay| *delay <= 10_000));
        for tenth in 0..10 {
            let share = delays.iter().filter(|delay| **delay / 1_000 == tenth).count();
            assert!((5..45).contains(&share), "{share} of 200 in second {tenth} after {code}");
        }
    }
}

#[test]
fn a_lone_drop_does_not_spread() {
    assert_eq!(lost(spread(10_000.0), 1, None, 1006), 500);
}

#[test]
fn a_drop_after_going_away_spreads_whatever_its_code() {
    let delays: Vec<u64> =
        (0..50).map(|seed| lost(spread(10_000.0), seed, Some(1), 1006)).collect();
    assert!(delays.iter().any(|delay| *delay > 5_000));
}

#[test]
fn the_delay_that_the_server_asks_for_is_a_lower_bound_if_it_is_honoured() {
    let knobs = RawReconnect { honour_going_away: true, ..reconnect() };
    assert_eq!(lost(knobs.clone(), 1, Some(9_000), 1001), 9_000);
    assert_eq!(lost(knobs.clone(), 1, Some(100), 1001), 500);
    assert_eq!(lost(knobs, 1, Some(u32::MAX), 1001), 300_000);
}

#[test]
fn with_both_options_the_spread_begins_after_that_delay() {
    let knobs = RawReconnect { honour_going_away: true, ..spread(4_000.0) };
    let delays: Vec<u64> =
        (0..50).map(|seed| lost(knobs.clone(), seed, Some(9_000), 1001)).collect();
    assert!(delays.iter().all(|delay| (9_000..=13_000).contains(delay)));
}

#[test]
fn a_wake_does_not_undo_the_spreading() {
    let mut sim = Sim::seeded(RawOptions { reconnect: Some(spread(60_000.0)), ..options() }, 3);
    sim.connect();
    sim.advance(15_000);
    sim.drop_connection(1001);
    let before = sim.alarm_in();
    sim.wake();
    assert_eq!(sim.alarm_in(), before);
}

#[test]
fn dials_that_a_restarting_server_refuses_spread_too() {
    let delays = (0..50).map(|seed| {
        let knobs = RawOptions { reconnect: Some(spread(10_000.0)), ..options() };
        let mut sim = Sim::seeded(knobs, seed);
        sim.connect();
        sim.dial_default = Dial::CloseEarly(1012);
        sim.drop_connection(1006);
        sim.advance_to_alarm();
        sim.alarm_in().expect("it tries again")
    });
    assert!(delays.max() > Some(5_000));
}

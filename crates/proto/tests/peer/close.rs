//! The end of a room.

use metered_realtime_proto::machine::ProviderFailure;
use metered_realtime_proto::peer::{Input, State};

use crate::sim::Sim;

#[test]
fn p149_close_lets_go_of_everything_in_order_and_nothing_follows() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    sim.forget();
    let call = sim.close("bye");
    let lines = [
        "state joined -> leaving",
        "a#1 drop",
        "a: idle -> closed",
        "forget a",
        "peer-left a",
        "b#1 drop",
        "b: idle -> closed",
        "forget b",
        "peer-left b",
        "client close bye",
        "state leaving -> closed",
        "left room: bye",
    ];
    let reported = sim.lines();
    assert_eq!(reported[..lines.len()], lines);
    assert_eq!(reported.len(), lines.len() + 1);
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!(sim.room.channel(), None);
    sim.presence(&["c"], &[]);
    sim.drop_link(1000, false);
    sim.advance(600_000);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.room.poll_timeout(), None);
}

#[test]
fn p150_all_calls_of_close_are_answered_together_at_the_end() {
    let mut sim = Sim::joined(&[]);
    sim.auto = false;
    let calls = [sim.close("bye"), sim.close("again")];
    assert_eq!(calls.map(|call| sim.result(call)), [None, None]);
    sim.answer("close", Ok(()));
    assert_eq!(calls.map(|call| sim.result(call)), [Some(Ok(())), Some(Ok(()))]);
    assert_eq!(sim.lines_with("left"), ["left room: bye"]);
    let later = sim.close("once more");
    assert_eq!(sim.result(later), Some(Ok(())));
}

#[test]
fn p151_an_idle_room_closes_without_a_connection_and_without_left() {
    let mut sim = Sim::new();
    sim.close("bye");
    assert_eq!(sim.lines(), ["state idle -> closed", "call 1 ok"]);
}

#[test]
fn p153_a_fatal_close_is_reported_by_its_name_before_everything_ends() {
    let names = [
        (4001, "invalid_token"),
        (4002, "token_expired"),
        (4003, "channel_not_authorized"),
        (4012, "account_suspended"),
        (4020, "admin_disconnect"),
    ];
    for (code, name) in names {
        let mut sim = Sim::joined(&["a"]);
        sim.drop_link(code, false);
        let lines = [
            format!("error {name}"),
            "a: idle -> closed".into(),
            "forget a".into(),
            "peer-left a".into(),
            "state joined -> closed".into(),
            format!("left room: disconnected (code {code})"),
        ];
        assert_eq!(sim.lines(), lines);
        assert_eq!(sim.room.poll_timeout(), None);
    }
}

#[test]
fn p154_another_final_close_is_left_without_an_error() {
    let mut sim = Sim::joined(&[]);
    sim.drop_link(1006, true);
    sim.forget();
    sim.drop_link(1006, false);
    let lines = ["state reconnecting -> closed", "left room: disconnected (code 1006)"];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p155_an_error_of_the_server_is_reported_and_changes_nothing() {
    let mut sim = Sim::joined(&["a"]);
    for code in ["action_not_permitted", "brand_new"] {
        sim.input(Input::ServerError { code: code.into(), message: None });
    }
    assert_eq!(sim.lines(), ["error action_not_permitted"]);
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p156_a_token_provider_that_keeps_failing_is_reported() {
    let mut sim = Sim::joined(&["a"]);
    sim.drop_link(1006, true);
    sim.forget();
    let error = ProviderFailure::new("Error", "no");
    sim.input(Input::TokenProviderError { error });
    assert_eq!(sim.lines(), ["error TokenProviderError"]);
    assert_eq!(sim.room.state(), State::Reconnecting);
}

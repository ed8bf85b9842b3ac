//! From `new` to the room.

use metered_realtime_proto::machine;
use metered_realtime_proto::peer::{CallError, Event, State};

use crate::sim::Sim;

fn rejected(code: &str) -> machine::CallError {
    machine::CallError::Rejected { code: code.into(), message: None }
}

#[test]
fn p001_a_new_room_is_idle_and_does_nothing() {
    let mut sim = Sim::new();
    sim.advance(60_000);
    assert_eq!(sim.room.state(), State::Idle);
    assert_eq!((sim.room.peer_id(), sim.room.channel()), (None, None));
    assert_eq!(sim.members(), [""; 0]);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.room.poll_timeout(), None);
}

#[test]
fn p010_join_goes_through_joining_to_joined_with_one_subscribe() {
    let mut sim = Sim::new();
    let call = sim.join("room").unwrap();
    let lines = [
        "state idle -> joining",
        "client connect",
        "client subscribe room",
        "state joining -> joined",
        "joined room as m",
        "call 1 ok",
    ];
    assert_eq!(sim.lines(), lines);
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!((sim.room.peer_id(), sim.room.channel()), (Some("m"), Some("room")));
}

#[test]
fn p011_the_wish_for_sender_metadata_is_in_the_subscribe_and_in_later_ones() {
    let mut sim = Sim::new();
    sim.room.join("room", true, sim.now).unwrap();
    sim.pump();
    assert_eq!(sim.lines_with("subscribe"), ["client subscribe room with metadata"]);
    sim.presence(&["a"], &[]);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.forget();
    sim.advance(10_000);
    assert_eq!(sim.lines(), ["client subscribe room with metadata"]);
}

#[test]
fn p012_channels_of_the_service_are_refused_in_any_case() {
    let mut sim = Sim::new();
    for channel in ["_metered/x", "_Metered/x", "_INTERNAL/x", "_system/"] {
        assert_eq!(sim.join(channel), Err(CallError::ReservedChannel));
    }
    assert_eq!(sim.room.state(), State::Idle);
    assert!(sim.lines().is_empty());
}

#[test]
fn p013_join_is_refused_in_every_other_state() {
    let refused = |sim: &mut Sim, state: State| {
        let error = CallError::InvalidState { method: "join", state };
        assert_eq!(sim.join("room"), Err(error));
    };
    let mut sim = Sim::new();
    sim.auto = false;
    sim.join("room").unwrap();
    refused(&mut sim, State::Joining);
    let mut sim = Sim::joined(&[]);
    refused(&mut sim, State::Joined);
    sim.drop_link(1006, true);
    refused(&mut sim, State::Reconnecting);
    sim.auto = false;
    sim.close("bye");
    refused(&mut sim, State::Leaving);
    sim.answer("close", Ok(()));
    refused(&mut sim, State::Closed);
}

#[test]
fn p014_a_refused_subscribe_fails_the_join_and_a_second_one_works_on_the_same_connection() {
    let mut sim = Sim::new();
    sim.auto = false;
    let call = sim.join("room").unwrap();
    sim.welcome();
    sim.answer("connect", Ok(()));
    sim.forget();
    sim.answer("subscribe", Err(rejected("channel_limit_exceeded")));
    let error = CallError::Client(rejected("channel_limit_exceeded"));
    assert_eq!(sim.result(call), Some(Err(error)));
    let lines = sim.lines();
    assert_eq!(lines[..2], ["client unsubscribe room", "state joining -> idle"]);
    sim.join("room").unwrap();
    assert_eq!(sim.lines(), ["state idle -> joining", "client subscribe room"]);
    sim.answer("subscribe", Ok(()));
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p015_p021_a_failed_connect_fails_the_join_and_a_second_one_connects_again() {
    let refused = machine::CallError::Connect(machine::Close::new(4001, "invalid token"));
    let token = machine::CallError::Token(machine::ProviderFailure::new("Error", "token=abc"));
    for error in [refused, token] {
        let mut sim = Sim::new();
        sim.auto = false;
        let call = sim.join("room").unwrap();
        sim.forget();
        sim.answer("connect", Err(error.clone()));
        assert_eq!(sim.result(call), Some(Err(CallError::Client(error))));
        assert_eq!(sim.lines()[0], "state joining -> idle");
        sim.auto = true;
        sim.join("room").unwrap();
        assert_eq!(sim.lines_with("client"), ["client connect", "client subscribe room"]);
        assert_eq!(sim.room.state(), State::Joined);
    }
}

#[test]
fn p016_a_drop_before_the_ack_fails_the_join_and_leaves_no_connection() {
    let mut sim = Sim::new();
    sim.auto = false;
    let call = sim.join("room").unwrap();
    sim.welcome();
    sim.answer("connect", Ok(()));
    sim.forget();
    let outcome = machine::Outcome::Unknown;
    let error = machine::CallError::Disconnected { close_code: 1006, outcome };
    sim.answer("subscribe", Err(error.clone()));
    assert_eq!(sim.result(call), None);
    sim.drop_link(1006, true);
    assert_eq!(sim.result(call), Some(Err(CallError::Client(error))));
    assert_eq!(sim.lines()[..2], ["client close without reason", "state joining -> idle"]);
    sim.auto = true;
    sim.join("room").unwrap();
    sim.drop_link(1000, false);
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p017_p018_a_snapshot_before_the_ack_is_kept_until_after_joined() {
    let mut sim = Sim::new();
    sim.auto = false;
    sim.join("room").unwrap();
    sim.welcome();
    sim.answer("connect", Ok(()));
    sim.presence(&["a", "m"], &[]);
    sim.forget();
    sim.answer("subscribe", Ok(()));
    let lines = ["state joining -> joined", "joined room as m", "call 1 ok", "peer-joined a"];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p019_close_while_joining_fails_the_join_and_leaves() {
    let mut sim = Sim::new();
    sim.auto = false;
    let call = sim.join("room").unwrap();
    sim.forget();
    sim.close("enough");
    let error = machine::CallError::Connect(machine::Close::new(1000, "enough"));
    sim.answer("connect", Err(error.clone()));
    sim.answer("close", Ok(()));
    assert_eq!(sim.result(call), Some(Err(CallError::Client(error))));
    let states_and_end = sim.lines();
    assert_eq!(states_and_end[0], "state joining -> leaving");
    assert_eq!(states_and_end[1], "client close enough");
    assert_eq!(states_and_end[3], "state leaving -> closed");
    assert_eq!(states_and_end[4], "left room: enough");
}

#[test]
fn p020_a_closed_room_cannot_be_joined_again() {
    let mut sim = Sim::joined(&[]);
    sim.close("bye");
    let error = CallError::InvalidState { method: "join", state: State::Closed };
    assert_eq!(sim.join("room"), Err(error));
}

#[test]
fn p022_a_handler_of_joined_may_close_the_room() {
    let mut sim = Sim::new();
    sim.on(|sim, event| {
        if matches!(event, Event::Joined { .. }) {
            sim.room.close(None, sim.now);
        }
    });
    sim.join("room").unwrap();
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines_with("left").len(), 1);
    assert_eq!(sim.lines().last().unwrap(), "call 4 ok");
    assert_eq!(sim.room.state(), State::Closed);
}

#[test]
fn p004_alone_in_the_room_no_connection_is_wanted_of_the_platform() {
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    sim.advance(600_000);
    assert!(sim.orders.is_empty());
}

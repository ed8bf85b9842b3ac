//! Who is in the room.

use metered_realtime_proto::peer::{Event, Input, State};
use metered_realtime_proto::wire::PresencePeer;

use crate::sim::Sim;

fn ids(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("r{number:03}")).collect()
}

fn announce(sim: &mut Sim, joined: &[String], left: &[String]) {
    let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    sim.presence(&joined, &left);
}

#[test]
fn p023_members_are_met_once_each_in_a_snapshot_and_later() {
    let mut sim = Sim::new();
    sim.join("room").unwrap();
    sim.forget();
    sim.presence(&["a", "b"], &[]);
    sim.presence(&["c"], &[]);
    assert_eq!(sim.lines(), ["peer-joined a", "peer-joined b", "peer-joined c"]);
}

#[test]
fn p024_presence_of_another_channel_is_ignored() {
    let mut sim = Sim::joined(&["a"]);
    sim.presence_of("other", &["b"], &["a"]);
    assert_eq!(sim.members(), ["a"]);
}

#[test]
fn p025_p030_ones_own_id_neither_joins_nor_leaves() {
    let mut sim = Sim::joined(&["a"]);
    sim.presence(&["m"], &[]);
    sim.presence(&[], &["m"]);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p026_a_member_that_joins_twice_is_one_member() {
    let mut sim = Sim::joined(&["a"]);
    sim.presence(&["a", "a"], &[]);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.members(), ["a"]);
}

#[test]
fn p027_one_that_leaves_without_having_been_there_is_no_event() {
    let mut sim = Sim::joined(&["a"]);
    sim.presence(&[], &["b"]);
    assert!(sim.lines().is_empty());
}

#[test]
fn p028_a_member_that_leaves_does_so_once() {
    let mut sim = Sim::joined(&["a"]);
    sim.presence(&[], &["a"]);
    sim.presence(&[], &["a"]);
    assert_eq!(sim.lines(), ["a: idle -> closed", "forget a", "peer-left a"]);
    assert_eq!(sim.members(), [""; 0]);
}

#[test]
fn p029_left_and_joined_in_one_frame_is_a_new_session_of_that_member() {
    let mut sim = Sim::joined(&["a"]);
    let before = sim.remote("a");
    sim.presence(&["a"], &["a"]);
    let lines = ["a: idle -> closed", "forget a", "peer-left a", "peer-joined a"];
    assert_eq!(sim.lines(), lines);
    assert_ne!(sim.remote("a"), before);
}

#[test]
fn p031_p032_of_300_members_256_are_met_and_the_others_when_there_is_room() {
    let mut sim = Sim::joined(&[]);
    announce(&mut sim, &ids(0..300), &[]);
    assert_eq!(sim.members().len(), 256);
    announce(&mut sim, &[], &ids(290..300));
    announce(&mut sim, &[], &ids(0..100));
    let members = sim.members();
    assert_eq!(members.len(), 190);
    assert!(members.contains(&"r289".into()) && !members.contains(&"r290".into()));
}

#[test]
fn p033_metadata_of_a_member_is_replaced_without_an_event() {
    let mut sim = Sim::joined(&["a"]);
    let peer = PresencePeer { peer_id: "a".into(), metadata: Some("new".into()) };
    sim.input(Input::Presence { channel: "room".into(), joined: vec![peer], left: vec![] });
    assert!(sim.lines().is_empty());
    let view = sim.room.remote(sim.remote("a")).unwrap();
    assert_eq!(view.metadata.unwrap(), "new");
}

#[test]
fn p035_a_handler_of_peer_joined_that_closes_stops_the_rest() {
    let mut sim = Sim::joined(&[]);
    sim.on(|sim, event| {
        if matches!(event, Event::PeerJoined(_)) {
            sim.room.close(None, sim.now);
        }
    });
    sim.presence(&["a", "b", "c"], &[]);
    assert_eq!(sim.lines_with("peer-joined"), ["peer-joined a"]);
    assert_eq!(sim.room.state(), State::Closed);
}

#[test]
fn p053_a_late_member_gets_all_tracks_before_it_is_announced() {
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    sim.add_track(2);
    assert!(sim.lines().is_empty());
    sim.presence(&["a"], &[]);
    let lines = [
        "a#1 create",
        "a#1 add track 1 of 9",
        "a#1 add track 2 of 9",
        "peer-joined a",
        "to a: metadata track-1 t1",
        "to a: metadata track-2 t2",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p069_the_side_with_the_smaller_id_is_polite() {
    let sim = Sim::joined(&["a", "z", "mm"]);
    let polite = |peer: &str| sim.room.remote(sim.remote(peer)).unwrap().polite;
    assert_eq!([polite("a"), polite("z"), polite("mm")], [false, true, true]);
}

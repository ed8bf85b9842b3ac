//! Own tracks.

use metered_realtime_proto::peer::{
    CallError, ConnectionEvent, Failure, LocalTrack, State, StreamId, TrackId,
};

use crate::sim::{Sim, local};

#[test]
fn p099_p100_a_track_is_added_once_and_belongs_to_one_stream() {
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    let now = sim.now;
    assert_eq!(sim.room.add_track(local(1, Some(9), Some("other")), now), Ok(()));
    assert_eq!(sim.room.track_metadata(TrackId(1)).unwrap(), "t1");
    for stream in [Some(8), None] {
        let error = sim.room.add_track(local(1, stream, None), now);
        assert_eq!(error, Err(CallError::TrackAlreadyAttached));
    }
}

#[test]
fn metadata_of_tracks_and_streams_can_be_read_back() {
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    sim.add_track(2);
    assert_eq!(sim.room.stream_metadata(StreamId(9)).unwrap(), "t1");
    assert_eq!(sim.room.stream_metadata(StreamId(8)), None);
    assert_eq!(sim.room.track_metadata(TrackId(3)), None);
}

#[test]
fn p107_a_track_that_is_removed_is_forgotten_and_taken_from_every_connection() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    sim.forget();
    sim.remove_track(1);
    sim.remove_track(1);
    let lines = [
        "a#1 remove track 1",
        "b#1 remove track 1",
        "to a: metadata track-1 forget",
        "to b: metadata track-1 forget",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p110_another_track_in_the_place_of_one_needs_no_description_and_is_what_later_members_get() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.pump();
    assert_eq!(sim.lines(), ["a#1 replace track 1 by 2"]);
    assert_eq!(sim.result(call), None);
    sim.pc("a", ConnectionEvent::TrackReplaced { call: Some(call), result: Ok(()) });
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!(
        sim.lines_with("to a"),
        ["to a: metadata track-1 forget", "to a: metadata track-2 t1"]
    );
    sim.forget();
    sim.presence(&["b"], &[]);
    assert_eq!(sim.lines_with("add track"), ["b#1 add track 2 of 9"]);
    sim.remove_track(2);
    assert_eq!(sim.lines_with("remove track").len(), 2);
}

#[test]
fn p110_a_new_track_that_is_removed_while_it_takes_its_place_is_not_sent_in_the_end() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.pump();
    sim.remove_track(2);
    sim.forget();
    sim.pc("a", ConnectionEvent::TrackReplaced { call: Some(call), result: Ok(()) });
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!(sim.lines_with("a#1"), ["a#1 remove track 2"]);
    sim.forget();
    sim.presence(&["b"], &[]);
    assert!(sim.lines_with("add track").is_empty());
}

#[test]
fn p111_a_track_that_is_replaced_by_nothing_is_forgotten() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), None, sim.now).unwrap();
    sim.pump();
    sim.pc("a", ConnectionEvent::TrackReplaced { call: Some(call), result: Ok(()) });
    sim.forget();
    sim.presence(&["b"], &[]);
    assert_eq!(sim.lines(), ["peer-joined b"]);
}

#[test]
fn p113_replace_track_is_refused_while_reconnecting() {
    let mut sim = Sim::joined(&["a"]);
    sim.drop_link(1006, true);
    let error = CallError::InvalidState { method: "replaceTrack", state: State::Reconnecting };
    assert_eq!(sim.room.replace_track(TrackId(1), None, sim.now), Err(error));
}

#[test]
fn p114_a_member_that_refuses_is_named_and_the_track_follows_the_others() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.pump();
    let failure = Failure::new("InvalidModificationError", "no");
    let failed = ConnectionEvent::TrackReplaced { call: Some(call), result: Err(failure.clone()) };
    sim.pc("a", failed);
    sim.pc("b", ConnectionEvent::TrackReplaced { call: Some(call), result: Ok(()) });
    let error = CallError::ReplaceTrack {
        succeeded: vec!["b".into()],
        failed: vec![("a".into(), failure)],
    };
    assert_eq!(sim.result(call), Some(Err(error)));
    assert_eq!(sim.room.track_metadata(TrackId(2)).unwrap(), "t1");
}

#[test]
fn p114_if_everybody_refuses_nothing_changes() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.pump();
    let failure = Failure::new("InvalidModificationError", "no");
    sim.pc("a", ConnectionEvent::TrackReplaced { call: Some(call), result: Err(failure) });
    assert!(sim.result(call).unwrap().is_err());
    assert_eq!(sim.room.track_metadata(TrackId(1)).unwrap(), "t1");
}

#[test]
fn p114_a_member_that_leaves_meanwhile_is_not_waited_for() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.presence(&[], &["a"]);
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!(sim.room.track_metadata(TrackId(2)).unwrap(), "t1");
}

#[test]
fn p115_another_track_in_the_place_of_one_that_is_not_sent_changes_nothing() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(5), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.pump();
    assert_eq!(sim.result(call), Some(Ok(())));
    assert!(sim.orders.is_empty());
}

#[test]
fn p116_a_connection_that_refuses_a_track_is_an_event_at_that_member_alone() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    sim.forget();
    sim.add_track(2);
    let failure = Failure::new("InvalidStateError", "closed");
    sim.pc("a", ConnectionEvent::TrackFailed { track: TrackId(2), failure });
    assert_eq!(sim.lines_with("add track").len(), 2);
    assert_eq!(sim.lines_with("error"), ["a: negotiation-error InvalidStateError"]);
}

#[test]
fn p119_metadata_above_the_cap_is_refused_and_nothing_is_recorded() {
    let mut sim = Sim::joined(&["a"]);
    let large =
        |size: usize| LocalTrack { metadata: Some(("m".into(), size)), ..local(1, None, None) };
    let error = sim.room.add_track(large(65_536), sim.now).unwrap_err();
    assert!(matches!(error, CallError::Oversized { size: 65_537.., .. }));
    assert_eq!(sim.room.track_metadata(TrackId(1)), None);
    let rest =
        r#"{"__meteredTrackMeta":{"trackId":"track-1","metadata":,"kind":"video","exact":true}}"#
            .len();
    assert_eq!(sim.room.add_track(large(65_536 - rest), sim.now), Ok(()));
}

#[test]
fn tracks_are_refused_after_close() {
    let mut sim = Sim::joined(&[]);
    sim.close("bye");
    let state = State::Closed;
    let error = |method| Err(CallError::InvalidState { method, state });
    assert_eq!(sim.room.add_track(local(1, None, None), sim.now), error("addTrack"));
    assert_eq!(sim.room.remove_track(TrackId(1), sim.now), error("removeTrack"));
}

#[test]
fn p117_a_track_that_its_device_ended_stays_until_it_is_removed() {
    // The room is not told of the end; what the user added is what members get.
    let mut sim = Sim::joined(&[]);
    sim.add_track(1);
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines_with("add track").len(), 1);
    sim.remove_track(1);
    assert_eq!(sim.lines_with("remove track"), ["a#1 remove track 1"]);
}

#[test]
fn p110_a_member_that_comes_while_a_track_is_replaced_gets_the_new_one_too() {
    let mut sim = Sim::calling("M", "A");
    let call = sim.room.replace_track(TrackId(1), Some((TrackId(2), "track-2")), sim.now).unwrap();
    sim.presence(&["b"], &[]);
    sim.forget();
    sim.pc("a", ConnectionEvent::TrackReplaced { call: Some(call), result: Ok(()) });
    assert_eq!(sim.lines_with("replace"), ["b#1 replace track 1 by 2"]);
    assert_eq!(
        sim.lines_with("to b"),
        ["to b: metadata track-1 forget", "to b: metadata track-2 t1"]
    );
}

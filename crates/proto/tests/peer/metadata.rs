//! What members say of their tracks.

use metered_realtime_proto::peer::{
    ConnectionEvent, Description, Kind, Sdp, SdpType, Section, Signal, TrackId, TrackMetadata,
};

use crate::sim::{Sim, sdp};

fn announced(track: &str, metadata: Option<&str>, stream: Option<&str>) -> Signal<String> {
    Signal::Metadata(TrackMetadata {
        track: track.into(),
        metadata: metadata.map(Into::into),
        kind: stream.map(|_| Kind::Video),
        stream: stream.map(Into::into),
        exact: false,
        size: 100,
    })
}

/// A description whose only section has this track.
fn with_msid(session: &str, version: u32, track: &str) -> Sdp<String> {
    let mut sdp = sdp(session, version);
    sdp.facts.sections = vec![section("0", "stream-70", track)];
    sdp
}

fn section(mid: &str, stream: &str, track: &str) -> Section {
    let kind = Some(Kind::Video);
    Section { mid: mid.into(), kind, stream: Some(stream.into()), track: Some(track.into()) }
}

#[test]
fn p101_p102_the_msid_of_the_section_names_the_senders_track() {
    let mut sim = Sim::joined(&["a"]);
    sim.signal("a", announced("theirs", Some("camera"), None));
    sim.offers("a", with_msid("A", 1, "theirs"));
    sim.forget();
    sim.track("a", 7, 70);
    assert_eq!(sim.lines(), ["a: track 7 camera", "a: stream-added 70 camera"]);
}

#[test]
fn p101_the_receivers_id_is_the_senders_where_it_can_be() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("theirs", Some("camera"), None));
    sim.track_as("a", 7, "theirs", 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 camera"]);
}

#[test]
fn p103_p104_stream_and_kind_name_it_where_the_ids_differ() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("one", Some("camera"), Some("stream-70")));
    sim.signal("a", announced("two", Some("screen"), Some("stream-71")));
    sim.track("a", 7, 71);
    sim.track("a", 8, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 screen", "a: track 8 camera"]);
}

#[test]
fn p102_metadata_that_is_the_same_for_all_tracks_needs_no_names() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("one", Some("camera"), None));
    sim.signal("a", announced("two", Some("camera"), None));
    sim.track("a", 7, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 camera"]);
}

#[test]
fn p105_different_metadata_without_names_is_none_rather_than_the_wrong_one() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("one", Some("camera"), None));
    sim.signal("a", announced("two", Some("screen"), None));
    sim.track("a", 7, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 -"]);
}

#[test]
fn p105_a_track_without_metadata_does_not_get_that_of_another() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("one", Some("camera"), None));
    let mut offer = with_msid("A", 2, "x");
    offer.facts.sections.push(section("1", "stream-71", "y"));
    sim.offers("a", offer);
    sim.track("a", 7, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 -"]);
}

#[test]
fn p105_of_two_tracks_of_one_stream_and_kind_stream_and_kind_name_none() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("one", Some("camera"), Some("stream-70")));
    let mut offer = with_msid("A", 2, "x");
    offer.facts.sections.push(section("1", "stream-70", "y"));
    sim.offers("a", offer);
    sim.track("a", 7, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 -"]);
}

#[test]
fn p105_a_sender_that_tells_the_ids_of_its_descriptions_is_not_guessed_at() {
    let mut sim = Sim::calling("M", "A");
    let Signal::Metadata(announcement) = announced("z", Some("screen"), Some("stream-70")) else {
        panic!()
    };
    sim.signal("a", Signal::Metadata(TrackMetadata { exact: true, ..announcement }));
    sim.offers("a", with_msid("A", 2, "x"));
    sim.track("a", 7, 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 -"]);
}

#[test]
fn p108_metadata_that_is_to_be_forgotten_is() {
    let mut sim = Sim::calling("M", "A");
    sim.signal("a", announced("theirs", Some("camera"), None));
    sim.signal("a", announced("theirs", None, None));
    sim.track_as("a", 7, "theirs", 70);
    assert_eq!(sim.lines_with("track"), ["a: track 7 -"]);
}

#[test]
fn p118_of_513_entries_the_oldest_is_forgotten() {
    let mut sim = Sim::calling("M", "A");
    for number in 0..513 {
        sim.signal("a", announced(&format!("t{number}"), Some(&format!("m{number}")), None));
    }
    for (track, id) in [(7, "t0"), (8, "t1"), (9, "t512")] {
        sim.track_as("a", track, id, 70);
    }
    let lines = ["a: track 7 -", "a: track 8 m1", "a: track 9 m512"];
    assert_eq!(sim.lines_with("track"), lines);
}

#[test]
fn p118_entries_of_more_than_a_mebibyte_are_not_kept() {
    let mut sim = Sim::calling("M", "A");
    for number in 0..40 {
        let metadata = Some("m".repeat(60_000));
        let track = format!("t{number}");
        let announcement =
            TrackMetadata { track, metadata, kind: None, stream: None, exact: false, size: 60_000 };
        sim.signal("a", Signal::Metadata(announcement));
    }
    assert!(format!("{:?}", sim.room).len() < 1_200_000);
}

#[test]
fn p104_a_track_that_the_own_description_names_otherwise_is_told_under_that_name_too() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.forget();
    let senders = vec![(TrackId(1), "0".to_owned())];
    let sdp = with_msid("M", 1, "{other}");
    sim.pc("a", ConnectionEvent::LocalDescription { sdp: sdp.clone(), senders: senders.clone() });
    sim.answers("a", crate::sim::sdp("A", 1));
    sim.applied("a");
    let signals: Vec<_> = sim.signals.iter().map(|(_, _, signal)| signal.clone()).collect();
    let description = Description { kind: SdpType::Offer, sdp, answers: None };
    let Signal::Metadata(metadata) = &signals[0] else { panic!("{signals:?}") };
    assert_eq!((&*metadata.track, metadata.metadata.as_deref()), ("{other}", Some("t1")));
    assert_eq!((metadata.stream.as_deref(), metadata.kind), (Some("stream-9"), Some(Kind::Video)));
    assert_eq!(signals[1], Signal::Description(description));
    sim.forget();
    sim.needs_negotiation("a");
    let sdp = with_msid("M", 2, "{other}");
    sim.pc("a", ConnectionEvent::LocalDescription { sdp, senders });
    assert_eq!(sim.lines_with("metadata"), [""; 0]);
}

#[test]
fn p107_p108_a_stream_is_removed_once_when_its_last_track_is_gone() {
    let mut sim = Sim::calling("M", "A");
    sim.track("a", 7, 70);
    sim.track("a", 8, 70);
    sim.forget();
    let gone = |track, stream: Option<u32>| ConnectionEvent::TrackGone {
        track: TrackId(track),
        stream: stream.map(metered_realtime_proto::peer::StreamId),
    };
    sim.pc("a", gone(7, Some(70)));
    sim.pc("a", gone(7, None));
    assert!(sim.lines().is_empty());
    sim.pc("a", gone(8, None));
    sim.pc("a", gone(8, Some(70)));
    assert_eq!(sim.lines(), ["a: stream-removed 70"]);
    sim.track("a", 9, 70);
    assert_eq!(sim.lines(), ["a: track 9 -", "a: stream-added 70 -"]);
}

#[test]
fn p109_a_track_without_a_stream_is_a_track_alone() {
    let mut sim = Sim::calling("M", "A");
    sim.pc(
        "a",
        ConnectionEvent::Track {
            track: TrackId(7),
            id: "x".into(),
            kind: Kind::Audio,
            mid: None,
            streams: Vec::new(),
        },
    );
    assert_eq!(sim.lines(), ["a: track 7 -"]);
}

#[test]
fn p121_a_data_channel_of_the_member_is_an_event() {
    let mut sim = Sim::calling("M", "A");
    sim.pc("a", ConnectionEvent::DataChannel(metered_realtime_proto::peer::ChannelId(5)));
    assert_eq!(sim.lines(), ["a: data-channel 5"]);
}

//! Candidates, in both directions.

use metered_realtime_proto::peer::{ConnectionEvent, Failure};

use crate::sim::{Sim, candidate, sdp, sdp_with};

#[test]
fn p078_own_candidates_go_out_at_once_and_an_end_marker_at_last() {
    let mut sim = Sim::calling("M", "A");
    sim.pc("a", ConnectionEvent::Candidate(Some(candidate("c1", Some("uM")))));
    sim.pc("a", ConnectionEvent::Candidate(None));
    assert_eq!(sim.lines(), ["to a: candidate c1", "to a: candidate end"]);
}

#[test]
fn p078_own_candidates_never_overtake_their_description() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.forget();
    sim.pc("a", ConnectionEvent::Candidate(Some(candidate("c1", Some("uM")))));
    assert!(sim.lines().is_empty());
    sim.local("a", sdp("M", 1));
    assert_eq!(sim.lines(), ["to a: offer M.1", "to a: candidate c1"]);
}

#[test]
fn p070_candidates_of_an_own_offer_that_was_rolled_back_are_not_sent() {
    let mut sim = Sim::joined(&["z"]);
    sim.add_track(1);
    sim.needs_negotiation("z");
    sim.local("z", sdp_with("M", 1, "first"));
    sim.offers("z", sdp("Z", 1));
    sim.applied("z");
    sim.local("z", sdp_with("M", 2, "second"));
    sim.forget();
    sim.pc("z", ConnectionEvent::Candidate(Some(candidate("c1", Some("first")))));
    sim.pc("z", ConnectionEvent::Candidate(Some(candidate("c2", Some("second")))));
    assert_eq!(sim.lines(), ["to z: candidate c2"]);
}

#[test]
fn p079_candidates_before_their_description_wait_for_it() {
    let mut sim = Sim::joined(&["a"]);
    sim.candidate("a", "c1", Some("uA"));
    sim.candidate("a", "c2", Some("uA"));
    sim.offers("a", sdp("A", 1));
    sim.forget();
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    let lines = [
        "a#1 set local answer",
        "a#1 add candidate c1",
        "a#1 add candidate c2",
        "to a: answer M.1 to A 1",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p079_candidates_of_the_next_restart_wait_for_its_description() {
    let mut sim = Sim::calling("M", "A");
    sim.candidate("a", "c1", Some("new"));
    sim.candidate("a", "c2", Some("uA"));
    sim.candidate("a", "c3", None);
    assert_eq!(sim.lines(), ["a#1 add candidate c2", "a#1 add candidate c3"]);
    sim.offers("a", sdp_with("A", 2, "new"));
    sim.applied("a");
    sim.local("a", sdp("M", 2));
    assert_eq!(sim.lines_with("candidate"), ["a#1 add candidate c1"]);
}

#[test]
fn p080_candidates_of_an_older_description_are_dropped() {
    let mut sim = Sim::calling("M", "A");
    sim.offers("a", sdp_with("A", 2, "new"));
    sim.applied("a");
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.candidate("a", "c1", Some("uA"));
    assert!(sim.lines().is_empty());
}

#[test]
fn p081_200_candidates_of_one_description_are_used() {
    let mut sim = Sim::calling("M", "A");
    for number in 0..300 {
        sim.candidate("a", &format!("c{number}"), Some("uA"));
    }
    assert_eq!(sim.lines().len(), 200);
    sim.offers("a", sdp("A", 2));
    sim.applied("a");
    sim.local("a", sdp("M", 2));
    sim.candidate("a", "next", Some("uA"));
    assert_eq!(sim.lines_with("add candidate"), ["a#1 add candidate next"]);
}

#[test]
fn p082_a_candidate_of_more_than_1000_characters_is_dropped() {
    let mut sim = Sim::calling("M", "A");
    sim.candidate("a", &"c".repeat(1_001), Some("uA"));
    assert!(sim.lines().is_empty());
    sim.candidate("a", &"c".repeat(1_000), Some("uA"));
    assert_eq!(sim.lines().len(), 1);
}

#[test]
fn p083_p085_a_candidate_that_is_refused_is_one_event_and_the_connection_goes_on() {
    let mut sim = Sim::calling("M", "A");
    sim.candidate("a", "bad", Some("uA"));
    let failure = Failure::new("OperationError", "bad");
    sim.pc("a", ConnectionEvent::CandidateFailed(failure));
    sim.candidate("a", "good", Some("uA"));
    let lines = [
        "a#1 add candidate bad",
        "a: ice-candidate-error OperationError",
        "a#1 add candidate good",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p070_a_candidate_that_fails_after_an_ignored_offer_is_no_event() {
    let mut sim = Sim::calling("M", "A");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.offers("a", sdp("A", 2));
    sim.forget();
    sim.pc("a", ConnectionEvent::CandidateFailed(Failure::new("OperationError", "bad")));
    assert!(sim.lines().is_empty());
}

#[test]
fn p086_a_description_with_all_candidates_needs_no_others() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.signal(
        "a",
        metered_realtime_proto::peer::Signal::Candidate(metered_realtime_proto::peer::Candidate {
            init: None,
            size: 0,
            ufrag: None,
        }),
    );
    assert_eq!(sim.lines(), ["a#1 add candidate end"]);
}

//! A member may replace its connection without a word: its descriptions are of another session then.

use metered_realtime_proto::peer::{ConnectionState, Signalling};

use crate::sim::{Sim, sdp, sdp_with};

#[test]
fn p144_an_offer_of_another_session_gets_a_new_connection_inside_of_the_same_member() {
    let mut sim = Sim::calling("M", "A");
    let before = sim.remote("a");
    sim.offers("a", sdp("B", 1));
    let lines = [
        "a#1 drop",
        "a: connected -> reconnecting",
        "a#2 create",
        "a: connection-reset",
        "a#2 add track 1 of 9",
        "a#2 set remote offer B.1",
        "to a: metadata track-1 t1",
    ];
    assert_eq!(sim.lines(), lines);
    assert_eq!(sim.remote("a"), before);
}

#[test]
fn p144_an_own_offer_to_the_old_session_does_not_stand_in_the_way() {
    // The polite side takes the offer, the impolite one makes another: each may be in the same position.
    for (member, next) in [("z", "z#2 set remote offer B.1"), ("a", "a#2 set local offer")] {
        let mut sim = Sim::joined(&[member]);
        sim.add_track(1);
        sim.offers(member, sdp("A", 1));
        sim.applied(member);
        sim.local(member, sdp("M", 1));
        sim.needs_negotiation(member);
        sim.local(member, sdp("M", 2));
        sim.forget();
        sim.offers(member, sdp("B", 1));
        assert_eq!(sim.lines_with("reset").len(), 1);
        if member == "a" {
            sim.needs_negotiation(member);
        }
        assert_eq!(sim.lines_with(" set "), [next]);
    }
}

#[test]
fn an_impolite_side_with_nothing_to_send_insists_on_its_offer_if_the_connection_never_worked() {
    for worked in [true, false] {
        let mut sim = Sim::joined(&["a"]);
        sim.offers("a", sdp("A", 1));
        sim.applied("a");
        sim.local("a", sdp("M", 1));
        if worked {
            sim.state("a", ConnectionState::Connected);
        }
        sim.needs_negotiation("a");
        sim.local("a", sdp("M", 2));
        sim.forget();
        sim.offers("a", sdp("B", 1));
        assert_eq!(sim.lines_with("set remote").len(), usize::from(worked));
    }
}

#[test]
fn an_offer_that_does_not_fit_a_connection_that_does_not_work_is_applied_to_a_new_one() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.offers("a", sdp("A", 2));
    sim.forget();
    sim.fails("a", Signalling::Stable);
    let lines = ["a#1 drop", "a#2 create", "a: connection-reset", "a#2 set remote offer A.2"];
    assert_eq!(sim.lines(), lines);
    sim.fails("a", Signalling::Stable);
    assert_eq!(sim.lines(), ["a: negotiation-error OperationError"]);
}

#[test]
fn a_session_id_that_changes_while_the_ice_credentials_stay_is_the_same_connection() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp_with("A", 1, "same"));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.offers("a", sdp_with("B", 1, "same"));
    assert_eq!(sim.lines(), ["a#1 set remote offer B.1"]);
}

#[test]
fn p161_a_member_begins_a_new_session_every_two_seconds_at_most() {
    let mut sim = Sim::calling("M", "A");
    for number in 0..40 {
        sim.offers("a", sdp(&format!("S{number}"), 1));
        if sim.lines_with("create").len() == 1 {
            sim.applied("a");
            sim.local("a", sdp("N", 1));
        }
        sim.advance(49);
    }
    assert_eq!(sim.lines_with("create"), ["a#2 create"]);
    sim.advance(40);
    assert_eq!(sim.lines_with("create").len(), 2);
    assert_eq!(sim.lines_with("set remote offer").last().unwrap(), "a#3 set remote offer S39.1");
}

#[test]
fn p036_of_two_tabs_with_one_id_the_one_that_offers_last_gets_the_connection() {
    let mut sim = Sim::joined(&["a"]);
    for (tab, version) in [("A", 1), ("B", 1), ("A", 2)] {
        sim.offers("a", sdp(tab, version));
        sim.applied("a");
        sim.local("a", sdp(&format!("M{tab}{version}"), 1));
        sim.state("a", ConnectionState::Connected);
        sim.advance(2_000);
    }
    let offers =
        ["a#1 set remote offer A.1", "a#2 set remote offer B.1", "a#3 set remote offer A.2"];
    assert_eq!(sim.lines_with("set remote"), offers);
    assert_eq!(sim.lines_with("error"), [""; 0]);
    assert_eq!(sim.members(), ["a"]);
}

#[test]
fn an_old_offer_of_a_session_that_was_left_changes_nothing() {
    let mut sim = Sim::joined(&["a"]);
    for tab in ["A", "B"] {
        sim.offers("a", sdp(tab, 2));
        sim.applied("a");
        sim.local("a", sdp(&format!("M{tab}"), 1));
        sim.advance(2_000);
    }
    sim.forget();
    sim.offers("a", sdp("A", 1));
    sim.offers("a", sdp("A", 2));
    sim.advance(5_000);
    assert_eq!(sim.lines_with("a#3"), [""; 0]);
}

#[test]
fn an_answer_of_another_session_replaces_the_connection_after_a_second() {
    let mut sim = Sim::calling("M", "A");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.answers_to("a", sdp("B", 1), "M 2");
    sim.advance(999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
}

#[test]
fn p036_the_right_answer_within_a_second_keeps_the_connection() {
    let mut sim = Sim::calling("M", "A");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.answers_to("a", sdp("B", 1), "M 2");
    sim.answers_to("a", sdp("A", 2), "M 2");
    sim.applied("a");
    sim.forget();
    sim.advance(5_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn an_answer_of_another_session_that_names_no_offer_is_ignored() {
    let mut sim = Sim::calling("M", "A");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.answers("a", sdp("B", 1));
    sim.advance(3_999);
    assert!(sim.lines().is_empty());
}

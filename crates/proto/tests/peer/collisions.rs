//! Both sides offer at once. Towards `a` this side is impolite, towards `z` it is polite.

use metered_realtime_proto::peer::{ConnectionState, Signalling};

use crate::sim::{Sim, sdp, sdp_with};

/// This side has an offer out to this member.
fn offering(member: &str) -> Sim {
    let mut sim = Sim::joined(&[member]);
    sim.add_track(1);
    sim.needs_negotiation(member);
    sim.local(member, sdp("M", 1));
    sim.forget();
    sim
}

#[test]
fn p068_p070_the_impolite_side_ignores_the_offer_and_its_candidates() {
    let mut sim = offering("a");
    sim.offers("a", sdp("A", 1));
    sim.candidate("a", "c", Some("uA"));
    assert!(sim.lines().is_empty());
    sim.answers_to("a", sdp_with("A", 2, "other"), "M 1");
    sim.applied("a");
    assert_eq!(sim.lines(), ["a#1 set remote answer A.2"]);
}

#[test]
fn p068_p071_the_polite_side_rolls_back_answers_and_offers_again() {
    let mut sim = offering("z");
    sim.offers("z", sdp("Z", 1));
    sim.applied("z");
    sim.local("z", sdp("M", 2));
    sim.needs_negotiation("z");
    sim.local("z", sdp("M", 3));
    let lines = [
        "z#1 set remote offer Z.1 with rollback",
        "z#1 set local answer",
        "to z: answer M.2 to Z 1",
        "z#1 set local offer",
        "to z: offer M.3",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p072_an_offer_that_comes_while_the_polite_side_makes_one_is_applied_instead_without_an_error() {
    let mut sim = Sim::joined(&["z"]);
    sim.add_track(1);
    sim.needs_negotiation("z");
    sim.forget();
    sim.offers("z", sdp("Z", 1));
    assert!(sim.lines().is_empty());
    sim.local("z", sdp("M", 1));
    // The local offer is not even sent.
    assert_eq!(sim.lines(), ["z#1 set remote offer Z.1 with rollback"]);
}

#[test]
fn p072_an_offer_that_comes_while_the_impolite_side_makes_one_is_ignored() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.forget();
    sim.offers("a", sdp("A", 1));
    sim.local("a", sdp("M", 1));
    assert_eq!(sim.lines(), ["to a: offer M.1"]);
}

#[test]
fn p073_an_offer_behind_an_answer_that_is_being_applied_is_accepted_by_both_roles() {
    for member in ["a", "z"] {
        let mut sim = offering(member);
        sim.answers(member, sdp("A", 1));
        sim.offers(member, sdp("A", 2));
        sim.applied(member);
        let lines =
            ["set remote answer A.1", "set remote offer A.2"].map(|it| format!("{member}#1 {it}"));
        assert_eq!(sim.lines(), lines);
    }
}

#[test]
fn p075_a_restart_that_is_rolled_back_is_made_again_unless_the_peer_restarts() {
    for (ufrag, again) in [("uZ", true), ("fresh", false)] {
        let mut sim = Sim::joined(&["z"]);
        sim.add_track(1);
        sim.offers("z", sdp("Z", 1));
        sim.applied("z");
        sim.local("z", sdp("M", 1));
        sim.state("z", ConnectionState::Failed);
        sim.local("z", sdp("M", 2));
        sim.offers("z", sdp_with("Z", 2, ufrag));
        sim.applied("z");
        sim.forget();
        sim.local("z", sdp("M", 3));
        assert_eq!(sim.lines_with("with restart").len(), usize::from(again));
    }
}

#[test]
fn an_offer_that_is_rolled_back_for_an_offer_that_fails_is_made_again() {
    let mut sim = offering("z");
    sim.offers("z", sdp("Z", 1));
    sim.forget();
    sim.fails("z", Signalling::Stable);
    assert_eq!(sim.lines(), ["z: negotiation-error OperationError", "z#1 set local offer"]);
}

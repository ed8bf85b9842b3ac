//! Connections that do not work.

use metered_realtime_proto::peer::{ConnectionEvent, ConnectionState, IceState, Input};

use crate::sim::{Sim, sdp};

/// Fails, and gives the seconds until the restart, which is offered, answered and checked.
fn fail_once(sim: &mut Sim, version: u32) -> Option<u64> {
    sim.forget();
    sim.ice("a", IceState::Failed);
    if sim.lines_with("reset").is_empty() {
        sim.state("a", ConnectionState::Failed);
    }
    let began = sim.now;
    while sim.lines_with("set local offer with restart").is_empty() {
        if sim.now.since(began) > 60_000 || !sim.lines_with("reset").is_empty() {
            return None;
        }
        sim.advance(1_000);
    }
    sim.local("a", sdp("M", version));
    sim.answers("a", sdp("A", version));
    sim.applied("a");
    sim.ice("a", IceState::Checking);
    Some(sim.now.since(began) / 1_000)
}

#[test]
fn p088_a_failed_connection_is_restarted_at_once() {
    let mut sim = Sim::calling("M", "A");
    sim.ice("a", IceState::Failed);
    sim.state("a", ConnectionState::Failed);
    assert_eq!(sim.lines(), ["a#1 set local offer with restart", "a: connected -> reconnecting"]);
    sim.local("a", sdp("M", 2));
    sim.answers("a", sdp("A", 2));
    sim.applied("a");
    sim.forget();
    sim.state("a", ConnectionState::Connected);
    assert_eq!(sim.lines(), ["a: reconnecting -> connected"]);
    assert_eq!(sim.room.poll_timeout(), None);
}

#[test]
fn p089_p097_nine_restarts_then_a_new_connection_then_one_terminal_error() {
    let mut sim = Sim::calling("M", "A");
    let waits: Vec<_> = (2..11).map(|version| fail_once(&mut sim, version)).collect();
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30, 30].map(Some));
    assert_eq!(fail_once(&mut sim, 11), None);
    assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
    sim.exchange("N", 1, "A", 12);
    sim.forget();
    sim.ice("a", IceState::Failed);
    sim.state("a", ConnectionState::Failed);
    sim.advance(600_000);
    assert_eq!(sim.lines(), ["a: negotiation-error IceRestartExhaustedError"]);
}

#[test]
fn p090_a_connection_that_works_again_starts_the_ladder_over() {
    let mut sim = Sim::calling("M", "A");
    assert_eq!([2, 3, 4].map(|version| fail_once(&mut sim, version)), [0, 1, 2].map(Some));
    sim.state("a", ConnectionState::Connected);
    assert_eq!([5, 6].map(|version| fail_once(&mut sim, version)), [0, 1].map(Some));
}

#[test]
fn p091_a_restart_without_an_answer_is_followed_by_the_next_after_15_seconds() {
    let mut sim = Sim::calling("M", "A");
    sim.ice("a", IceState::Failed);
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.advance(15_999);
    assert_eq!(sim.lines(), ["to a: offer M.2", "to a: offer M.2"]);
    sim.advance(1);
    assert_eq!(sim.lines(), ["a#1 set local offer with restart"]);
}

#[test]
fn p091_a_restart_that_is_answered_while_the_connection_works_does_not_stand_in_the_way_of_the_next()
 {
    let mut sim = Sim::calling("M", "A");
    sim.ice("a", IceState::Failed);
    sim.local("a", sdp("M", 2));
    sim.state("a", ConnectionState::Connected);
    sim.advance(15_000);
    sim.local("a", sdp("M", 3));
    sim.answers("a", sdp("A", 3));
    sim.applied("a");
    sim.forget();
    sim.state("a", ConnectionState::Failed);
    sim.advance(1_000);
    assert_eq!(sim.lines_with("set local"), ["a#1 set local offer with restart"]);
}

#[test]
fn p092_an_offer_of_the_peer_skips_the_attempt_that_waits() {
    let mut sim = Sim::calling("M", "A");
    fail_once(&mut sim, 2);
    sim.ice("a", IceState::Failed);
    sim.forget();
    sim.offers("a", sdp("A", 3));
    sim.applied("a");
    sim.local("a", sdp("M", 3));
    sim.forget();
    sim.advance(5_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn p093_close_ends_a_restart_that_waits() {
    let mut sim = Sim::calling("M", "A");
    fail_once(&mut sim, 2);
    sim.ice("a", IceState::Failed);
    sim.close("bye");
    sim.forget();
    sim.advance(60_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn p094_while_the_server_is_away_nothing_is_restarted() {
    let mut sim = Sim::calling("M", "A");
    sim.drop_link(1006, true);
    sim.forget();
    sim.ice("a", IceState::Failed);
    sim.state("a", ConnectionState::Failed);
    sim.advance(120_000);
    assert!(sim.lines().is_empty());
    sim.welcome();
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
}

#[test]
fn p095_an_interruption_of_five_seconds_is_a_failure() {
    let mut sim = Sim::calling("M", "A");
    sim.state("a", ConnectionState::Disconnected);
    sim.forget();
    sim.advance(4_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["a#1 set local offer with restart"]);
}

#[test]
fn p095_a_shorter_interruption_is_none() {
    let mut sim = Sim::calling("M", "A");
    sim.state("a", ConnectionState::Disconnected);
    sim.advance(4_999);
    sim.state("a", ConnectionState::Connected);
    sim.forget();
    sim.advance(60_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn p096_a_change_of_the_network_restarts_what_does_not_work_within_a_second() {
    let mut sim = Sim::joined(&["a", "b", "c", "d"]);
    sim.add_track(1);
    for peer in ["a", "b", "c", "d"] {
        sim.offers(peer, sdp(peer, 1));
        sim.applied(peer);
        sim.local(peer, sdp("M", 1));
        sim.state(peer, ConnectionState::Connected);
    }
    for peer in ["b", "d"] {
        sim.state(peer, ConnectionState::Disconnected);
    }
    sim.forget();
    sim.input(Input::Online);
    sim.advance(250);
    assert_eq!(sim.lines(), ["b#1 set local offer with restart"]);
    sim.advance(500);
    assert_eq!(sim.lines(), ["d#1 set local offer with restart"]);
}

#[test]
fn p098_when_both_sides_fail_the_restart_of_the_impolite_side_wins() {
    let mut sim = Sim::calling("M", "A");
    sim.ice("a", IceState::Failed);
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.offers("a", sdp("A", 2));
    assert!(sim.lines().is_empty());
}

#[test]
fn a_connection_that_never_works_after_a_negotiation_is_restarted_after_20_seconds() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.exchange("M", 1, "A", 1);
    sim.forget();
    sim.advance(19_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["a#1 set local offer with restart"]);
}

#[test]
fn a_transport_that_the_other_side_closed_is_replaced_after_five_seconds() {
    let mut sim = Sim::calling("M", "A");
    sim.pc("a", ConnectionEvent::TransportClosed);
    sim.advance(4_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
}

#[test]
fn who_has_nothing_to_say_leaves_the_restart_to_the_other_side() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.ice("a", IceState::Failed);
    sim.state("a", ConnectionState::Failed);
    sim.advance(120_000);
    assert_eq!(sim.lines(), ["a: idle -> reconnecting"]);
}

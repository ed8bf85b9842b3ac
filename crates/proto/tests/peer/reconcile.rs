//! After a reconnect.

use metered_realtime_proto::peer::{
    ConnectionEvent, ConnectionState, Event, Options, Reconcile, State,
};

use crate::sim::{Sim, sdp};

fn blip(sim: &mut Sim) {
    sim.drop_link(1006, true);
    sim.welcome();
    sim.presence(&["a"], &[]);
}

#[test]
fn p145_a_connection_that_works_survives_a_blip() {
    let mut sim = Sim::calling("M", "A");
    blip(&mut sim);
    let lines = [
        "a: connected -> reconnecting",
        "state joined -> reconnecting",
        "a: reconnecting -> connected",
        "state reconnecting -> joined",
        "to a: metadata track-1 t1",
    ];
    assert_eq!(sim.lines(), lines);
    assert!(sim.orders.is_empty());
}

#[test]
fn p133_p134_p135_a_connection_that_does_not_work_is_replaced_within_the_same_member() {
    let mut sim = Sim::calling("M", "A");
    let before = sim.remote("a");
    sim.drop_link(1001, true);
    sim.state("a", ConnectionState::Disconnected);
    sim.welcome();
    sim.presence(&["a"], &[]);
    assert_eq!(sim.remote("a"), before);
    let lines = [
        "a: connected -> reconnecting",
        "state joined -> reconnecting",
        "a#1 drop",
        "a#2 create",
        "a: connection-reset",
        "a#2 add track 1 of 9",
        "state reconnecting -> joined",
        "to a: metadata track-1 t1",
    ];
    assert_eq!(sim.lines(), lines);
    sim.exchange("N", 1, "B", 1);
    assert_eq!(sim.lines_with("error"), [""; 0]);
}

#[test]
fn p135_with_rebuild_and_with_another_own_id_every_connection_is_replaced() {
    let options = Options { reconcile: Reconcile::Rebuild };
    let mut rebuilding = Sim::joined_with(options, &["a"]);
    rebuilding.call("M", "A");
    let mut renamed = Sim::calling("M", "A");
    renamed.own_id = "n".into();
    for sim in [&mut rebuilding, &mut renamed] {
        blip(sim);
        assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
    }
}

#[test]
fn p136_who_went_and_who_came_meanwhile_is_told_once() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.forget();
    sim.presence(&["b", "c"], &[]);
    let lines = [
        "a: idle -> closed",
        "forget a",
        "peer-left a",
        "peer-joined c",
        "state reconnecting -> joined",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p137_alone_in_the_room_the_welcome_is_enough() {
    let mut sim = Sim::joined(&[]);
    sim.drop_link(1006, true);
    sim.welcome();
    let lines = ["state joined -> reconnecting", "state reconnecting -> joined"];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p138_a_channel_made_after_connection_reset_negotiates_on_the_new_connection() {
    let mut sim = Sim::calling("M", "A");
    sim.state("a", ConnectionState::Disconnected);
    blip(&mut sim);
    sim.forget();
    sim.needs_negotiation("a");
    assert_eq!(sim.lines(), ["a#2 set local offer"]);
}

#[test]
fn p138_a_connection_that_the_user_takes_in_hand_is_mended_though_this_side_never_offered() {
    let answered = |uses: bool| {
        let mut sim = Sim::joined(&["a"]);
        sim.offers("a", sdp("A", 1));
        if uses {
            sim.use_connection("a");
        }
        sim.applied("a");
        sim.local("a", sdp("M", 1));
        sim.forget();
        sim.advance(20_000);
        sim.lines()
    };
    assert_eq!(answered(true), ["a#1 set local offer with restart"]);
    assert_eq!(answered(false), [""; 0]);
}

#[test]
fn p140_a_drop_during_the_reconcile_starts_it_over() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.drop_link(1006, true);
    sim.presence(&["a"], &[]);
    assert_eq!(sim.room.state(), State::Reconnecting);
    assert_eq!(sim.members(), ["a", "b"]);
    sim.welcome();
    sim.presence(&["b"], &[]);
    assert_eq!(sim.members(), ["b"]);
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p141_without_a_snapshot_the_room_subscribes_twice_more_and_then_tells() {
    let mut sim = Sim::joined(&["a"]);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.forget();
    sim.advance(9_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["client subscribe room"]);
    sim.advance(10_000);
    assert_eq!(sim.lines(), ["client subscribe room"]);
    sim.advance(9_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["error ReconcileTimeoutError"]);
    sim.advance(600_000);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.room.state(), State::Reconnecting);
    sim.presence(&["a"], &[]);
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p142_ones_own_former_id_is_no_member() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.own_id = "n".into();
    sim.drop_link(1006, true);
    sim.welcome();
    sim.presence(&["m", "n", "a"], &[]);
    assert_eq!(sim.members(), ["a"]);
    sim.presence(&["m"], &["m"]);
    assert_eq!(sim.members(), ["a"]);
}

#[test]
fn p143_a_kept_connection_is_replaced_at_the_first_sign_of_death_within_15_seconds() {
    for event in [
        ConnectionEvent::State(ConnectionState::Disconnected),
        ConnectionEvent::TransportClosed,
        ConnectionEvent::ChannelClosed,
    ] {
        let mut sim = Sim::calling("M", "A");
        blip(&mut sim);
        sim.advance(14_999);
        sim.forget();
        sim.pc("a", event);
        assert_eq!(sim.lines_with("reset"), ["a: connection-reset"]);
    }
}

#[test]
fn p143_after_that_an_interruption_is_an_ordinary_one() {
    let mut sim = Sim::calling("M", "A");
    blip(&mut sim);
    sim.advance(15_000);
    sim.forget();
    sim.pc("a", ConnectionEvent::ChannelClosed);
    sim.state("a", ConnectionState::Disconnected);
    assert_eq!(sim.lines(), ["a: connected -> reconnecting"]);
}

#[test]
fn p143_a_new_session_of_the_member_replaces_a_kept_connection_at_once() {
    let mut sim = Sim::calling("M", "A");
    blip(&mut sim);
    sim.forget();
    sim.offers("a", sdp("B", 1));
    assert_eq!(sim.lines_with("set remote"), ["a#2 set remote offer B.1"]);
}

#[test]
fn p145_an_offer_that_waits_for_its_answer_is_sent_again_after_a_blip() {
    let mut sim = Sim::calling("M", "A");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    blip(&mut sim);
    assert_eq!(sim.lines_with("offer M.2").len(), 2);
}

#[test]
fn p146_tracks_added_and_removed_while_reconnecting_are_right_afterwards() {
    let mut sim = Sim::calling("M", "A");
    sim.drop_link(1006, true);
    sim.add_track(2);
    sim.remove_track(1);
    assert!(sim.orders.is_empty());
    sim.welcome();
    sim.forget();
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines_with("#1"), ["a#1 remove track 1", "a#1 add track 2 of 9"]);
    assert_eq!(
        sim.lines_with("to a"),
        ["to a: metadata track-1 forget", "to a: metadata track-2 t2"]
    );
}

#[test]
fn p147_a_member_whose_connection_cannot_be_made_does_not_hold_up_the_others() {
    use metered_realtime_proto::peer::Failure;
    let mut sim = Sim::joined(&["a", "b"]);
    sim.add_track(1);
    for peer in ["a", "b"] {
        sim.offers(peer, sdp(peer, 1));
    }
    sim.drop_link(1006, true);
    sim.welcome();
    sim.forget();
    sim.presence(&["a", "b"], &[]);
    let failure = Failure::new("UnknownError", "too many");
    sim.pc("a", ConnectionEvent::CreateFailed(failure));
    assert_eq!(sim.room.state(), State::Joined);
    assert_eq!(sim.lines_with("a: neg"), ["a: negotiation-error UnknownError"]);
    assert_eq!(sim.lines_with("b#2"), ["b#2 create", "b#2 add track 1 of 9"]);
}

#[test]
fn signals_during_the_reconcile_wait_for_its_end() {
    let mut sim = Sim::calling("M", "A");
    sim.drop_link(1006, true);
    sim.state("a", ConnectionState::Disconnected);
    sim.welcome();
    sim.forget();
    sim.offers("a", sdp("B", 1));
    assert!(sim.lines().is_empty());
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines_with("create"), ["a#2 create"]);
    assert_eq!(sim.lines_with("set remote"), ["a#2 set remote offer B.1"]);
}

#[test]
fn a_handler_that_closes_during_the_reconcile_stops_it() {
    let mut sim = Sim::joined(&["a", "b"]);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.on(|sim, event| {
        if matches!(event, Event::PeerLeft(_)) {
            sim.room.close(None, sim.now);
        }
    });
    sim.forget();
    sim.presence(&["c", "d"], &[]);
    assert_eq!(sim.lines_with("peer-joined"), [""; 0]);
    assert_eq!(sim.room.state(), State::Closed);
}

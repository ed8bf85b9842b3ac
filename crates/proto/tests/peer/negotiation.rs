//! Offers and answers where nothing collides.

use metered_realtime_proto::peer::{
    ConnectionEvent, ConnectionId, ConnectionState, Failure, Gen, Input, Order, Signalling,
};

use crate::sim::{Sim, sdp, sdp_with};

#[test]
fn p051_metadata_offer_and_answer_in_this_order() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 1));
    sim.answers("a", sdp("A", 1));
    sim.applied("a");
    let lines = [
        "a#1 create",
        "a#1 add track 1 of 9",
        "to a: metadata track-1 t1",
        "a#1 set local offer",
        "to a: offer M.1",
        "a#1 set remote answer A.1",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p051_an_offer_of_the_peer_is_answered_and_the_answer_names_it() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 3));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    let lines = [
        "a#1 create",
        "a#1 set remote offer A.3",
        "a#1 set local answer",
        "to a: answer M.1 to A 3",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p052_a_track_added_before_join_reaches_everybody() {
    let mut sim = Sim::new();
    sim.add_track(1);
    sim.join("room").unwrap();
    sim.presence(&["a", "b"], &[]);
    assert_eq!(sim.lines_with("add track").len(), 2);
}

#[test]
fn p054_p139_with_nothing_to_send_there_is_no_connection_and_no_signal_even_after_a_drop() {
    let mut sim = Sim::joined(&["a"]);
    sim.advance(600_000);
    sim.drop_link(1006, true);
    sim.welcome();
    sim.presence(&["a"], &[]);
    sim.advance(600_000);
    assert!(sim.signals.is_empty() && sim.orders.is_empty());
    assert_eq!(sim.lines_with("a:"), [""; 0]);
}

#[test]
fn p055_a_channel_made_by_the_user_negotiates_without_media() {
    let mut sim = Sim::joined(&["a"]);
    let remote = sim.remote("a");
    let connection = ConnectionId { remote, generation: Gen(1) };
    assert_eq!(sim.room.use_connection(remote, sim.now), Some(connection));
    assert_eq!(sim.room.use_connection(remote, sim.now), Some(connection));
    sim.needs_negotiation("a");
    assert_eq!(sim.lines(), ["a#1 create", "a#1 set local offer"]);
}

#[test]
fn p055_a_connection_that_a_handler_asks_for_is_made_before_what_else_waits() {
    let mut sim = Sim::joined(&["a", "b"]);
    let [a, b] = [sim.remote("a"), sim.remote("b")];
    sim.room.use_connection(a, sim.now);
    let connection = sim.room.use_connection(b, sim.now).unwrap();
    assert!(matches!(sim.room.poll_order(connection), Some(Order::Create { .. })));
    assert!(sim.room.poll_order(connection).is_none());
    sim.advance(0);
    assert_eq!(sim.lines(), ["a#1 create"]);
}

#[test]
fn p056_what_comes_up_while_an_offer_is_made_waits_for_the_next_one() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.add_track(2);
    sim.needs_negotiation("a");
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 1));
    assert_eq!(sim.lines_with("set local"), ["a#1 set local offer"]);
    sim.answers("a", sdp("A", 1));
    sim.applied("a");
    assert_eq!(sim.lines_with("set local").len(), 2);
}

#[test]
fn p057_a_second_stream_is_one_renegotiation_on_the_same_connection() {
    let mut sim = Sim::calling("M", "A");
    sim.add_track(2);
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.answers("a", sdp("A", 2));
    sim.applied("a");
    assert_eq!(sim.lines_with("to a: offer"), ["to a: offer M.2"]);
    assert_eq!(sim.lines_with("reset"), [""; 0]);
}

#[test]
fn p058_p059_an_offer_without_an_answer_is_sent_again_after_4_and_12_s_and_replaced_after_15() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.advance(3_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["to a: offer M.1"]);
    sim.advance(7_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    assert_eq!(sim.lines(), ["to a: offer M.1"]);
    sim.advance(2_999);
    assert!(sim.lines().is_empty());
    sim.advance(1);
    let lines = [
        "a#1 drop",
        "a#2 create",
        "a: connection-reset",
        "a#2 add track 1 of 9",
        "to a: metadata track-1 t1",
    ];
    assert_eq!(sim.lines(), lines);
}

#[test]
fn p059_an_offer_that_comes_again_gets_the_same_answer_and_is_not_applied_twice() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.offers("a", sdp("A", 1));
    assert_eq!(sim.lines(), ["to a: answer M.1 to A 1"]);
}

#[test]
fn p059_p060_it_gets_that_answer_while_an_own_offer_waits_too_and_rolls_nothing_back() {
    for member in ["a", "z"] {
        let mut sim = Sim::joined(&[member]);
        sim.offers(member, sdp("A", 1));
        sim.applied(member);
        sim.local(member, sdp("M", 1));
        sim.needs_negotiation(member);
        sim.local(member, sdp("M", 2));
        sim.forget();
        sim.offers(member, sdp("A", 1));
        assert_eq!(sim.lines(), [format!("to {member}: answer M.1 to A 1")]);
    }
}

#[test]
fn p058_a_member_that_never_answers_gets_new_connections_less_and_less_often() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    let mut waits = Vec::new();
    for version in 1..6 {
        sim.needs_negotiation("a");
        sim.local("a", sdp("M", version));
        let began = sim.now;
        sim.forget();
        while sim.lines_with("create").is_empty() {
            sim.advance(1_000);
        }
        waits.push(sim.now.since(began) / 1_000);
    }
    assert_eq!(waits, [15, 30, 60, 60, 60]);
}

#[test]
fn p060_a_late_answer_changes_nothing() {
    let mut sim = Sim::calling("M", "A");
    sim.answers("a", sdp("A", 2));
    sim.answers_to("a", sdp("A", 3), "M 1");
    assert!(sim.lines().is_empty());
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 2));
    sim.forget();
    sim.answers_to("a", sdp("A", 4), "M 1");
    assert!(sim.lines().is_empty());
    sim.answers_to("a", sdp("A", 5), "M 2");
    assert_eq!(sim.lines(), ["a#1 set remote answer A.5"]);
}

#[test]
fn p060_an_older_offer_changes_nothing() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 5));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.offers("a", sdp("A", 4));
    assert!(sim.lines().is_empty());
}

#[test]
fn p061_p074_an_offer_right_behind_the_own_answer_is_taken_without_waiting_for_an_ack() {
    for member in ["a", "z"] {
        let mut sim = Sim::joined(&[member]);
        sim.offers(member, sdp("A", 1));
        sim.applied(member);
        sim.local(member, sdp("M", 1));
        sim.forget();
        sim.offers(member, sdp("A", 2));
        assert_eq!(sim.lines(), [format!("{member}#1 set remote offer A.2")]);
    }
}

#[test]
fn p062_a_signal_that_the_server_refuses_is_no_event_and_is_sent_again() {
    // Nobody waits for the answer to a signal, so a refusal does not even reach the room.
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.local("a", sdp("M", 1));
    sim.forget();
    sim.advance(4_000);
    assert_eq!(sim.lines(), ["to a: offer M.1"]);
}

#[test]
fn p063_p163_a_description_that_fails_is_one_event_without_secrets_and_later_offers_work() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    let failure = Failure::new("OperationError", "bad line a=ice-pwd:hunter2");
    assert_eq!(failure.message, "bad line a=ice-pwd:***");
    let signalling = Signalling::Stable;
    sim.pc("a", ConnectionEvent::OperationFailed { signalling, failure });
    assert_eq!(sim.lines_with("a:"), ["a: negotiation-error OperationError"]);
    sim.forget();
    sim.offers("a", sdp("A", 2));
    assert_eq!(sim.lines(), ["a#1 set remote offer A.2"]);
}

#[test]
fn p063_an_answer_that_cannot_be_made_is_one_event_and_the_next_offer_works() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.forget();
    sim.fails("a", Signalling::HaveRemoteOffer);
    assert_eq!(sim.lines(), ["a: negotiation-error OperationError"]);
    sim.offers("a", sdp("A", 2));
    assert_eq!(sim.lines(), ["a#1 set remote offer A.2"]);
}

#[test]
fn p063_an_offer_that_cannot_be_made_is_tried_again_less_and_less_often() {
    let mut sim = Sim::joined(&["a"]);
    sim.use_connection("a");
    sim.needs_negotiation("a");
    sim.forget();
    for pause in [4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
        sim.fails("a", Signalling::Stable);
        assert_eq!(sim.lines(), ["a: negotiation-error OperationError"]);
        sim.advance(pause - 1);
        assert_eq!(sim.lines(), [""; 0]);
        sim.advance(1);
        assert_eq!(sim.lines(), ["a#1 set local offer"]);
    }
    sim.local("a", sdp("M", 1));
    assert_eq!(sim.lines(), ["to a: offer M.1"]);
}

#[test]
fn p063_an_answer_that_cannot_be_made_is_tried_again_after_4_seconds() {
    let mut sim = Sim::joined(&["a"]);
    sim.offers("a", sdp("A", 1));
    sim.applied("a");
    sim.fails("a", Signalling::HaveRemoteOffer);
    sim.forget();
    sim.advance(3_999);
    assert_eq!(sim.lines(), [""; 0]);
    sim.advance(1);
    assert_eq!(sim.lines(), ["a#1 set local answer"]);
}

#[test]
fn p007_p067_ice_servers_reach_new_connections_and_living_ones() {
    use metered_realtime_proto::wire::{IceServer, Urls};
    let servers = |count: usize| {
        let urls = Urls::One("stun:stun.example".into());
        vec![IceServer { urls, username: None, credential: None }; count]
    };
    let mut sim = Sim::calling("M", "A");
    let mut welcome = |ice_servers| {
        let peer_id = "m".to_owned();
        sim.input(Input::Connected { peer_id, max_message_size: 65_536.0, ice_servers });
        sim.lines()
    };
    assert_eq!(welcome(Some(servers(2))), ["a#1 use 2 servers"]);
    assert_eq!(welcome(None), [""; 0]);
    assert_eq!(welcome(Some(servers(0))), ["a#1 use 0 servers"]);
    welcome(Some(servers(3)));
    sim.presence(&["b"], &[]);
    assert_eq!(sim.lines()[0], "b#1 create with 3 servers");
}

#[test]
fn p009_one_operation_at_a_time_whatever_the_platform_is_made_of() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.needs_negotiation("a");
    sim.forget();
    sim.offers("a", sdp("A", 1));
    sim.candidate("a", "c", Some("uA"));
    assert!(sim.lines().is_empty(), "the offer is still being made");
}

#[test]
fn states_of_a_connection_become_states_of_the_member() {
    use ConnectionState::{Closed, Connected, Connecting, Disconnected, Failed};
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    sim.forget();
    for state in [Connecting, Connected, Disconnected, Connecting, Connected, Failed, Closed] {
        sim.state("a", state);
    }
    let lines = [
        "a: idle -> connecting",
        "a: connecting -> connected",
        "a: connected -> reconnecting",
        "a: reconnecting -> connected",
        "a: connected -> reconnecting",
        "a: reconnecting -> closed",
    ];
    assert_eq!(sim.lines_with("a:"), lines);
}

#[test]
fn what_happens_to_an_old_connection_changes_nothing() {
    let mut sim = Sim::joined(&["a"]);
    sim.add_track(1);
    let old = ConnectionId { remote: sim.remote("a"), generation: Gen(1) };
    sim.offers("a", sdp_with("A", 1, "u1"));
    sim.applied("a");
    sim.local("a", sdp("M", 1));
    sim.advance(3_000);
    sim.offers("a", sdp_with("B", 1, "u2"));
    sim.forget();
    let event = ConnectionEvent::State(ConnectionState::Connected);
    sim.input(Input::Connection { connection: old, event });
    assert!(sim.lines().is_empty());
}

//! What several nodes mean for a client, one sentence each.

use std::sync::Arc;

use metered_realtime_server::hub::{Answer, Hub, Limits};
use serde_json::json;

use crate::client::{Outcome, Request};
use crate::cluster::{Cluster, grant, millis};

/// Two nodes with `a` on the first and `b` on the second.
fn two() -> Cluster {
    let mut cluster = Cluster::new(2, 1);
    cluster.join(0, "a");
    cluster.join(1, "b");
    cluster.pass(millis(100));
    cluster
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

#[test]
fn a_snapshot_shows_who_is_there_on_any_node() {
    let mut cluster = two();
    cluster.subscribe(0, "r");
    cluster.pass(millis(100));
    cluster.subscribe(1, "r");
    cluster.pass(millis(100));
    assert_eq!(cluster.present("b", "r"), ["a"]);
    assert_eq!(cluster.present("a", "r"), ["b"]);
}

#[test]
fn a_peer_on_two_nodes_leaves_when_its_last_socket_does() {
    let mut cluster = two();
    cluster.join(1, "a");
    (0..3).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(100));
    assert_eq!(cluster.present("b", "r"), ["a"]);
    cluster.part(0);
    cluster.pass(millis(100));
    assert_eq!(cluster.present("b", "r"), ["a"]);
    cluster.part(1);
    cluster.pass(millis(100));
    assert!(cluster.present("b", "r").is_empty());
}

#[test]
fn a_message_to_a_peer_reaches_its_sockets_on_every_node() {
    let mut cluster = two();
    cluster.join(0, "b");
    cluster.pass(millis(100));
    let number = cluster.send(0, "b");
    let to_nobody = cluster.send(0, "nobody");
    cluster.pass(millis(100));
    assert_eq!(cluster.outcomes[&number], Outcome::Acked);
    assert_eq!(cluster.outcomes[&to_nobody], refused("peer_not_found"));
    let got = |client: usize| cluster.clients[client].got.contains(&number);
    assert!(got(1) && got(2) && !got(0));
}

#[test]
fn the_bus_brings_a_message_to_interested_nodes_only() {
    let mut cluster = Cluster::new(5, 3);
    for node in 0..5 {
        cluster.join(node, &format!("p{node}"));
    }
    for interested in 0..4 {
        if interested > 0 {
            cluster.subscribe(interested, "r");
        }
        cluster.pass(millis(1000));
        cluster.bus.delivered.clear();
        cluster.publish(0, "r");
        cluster.pass(millis(100));
        assert_eq!(cluster.bus.delivered.get("channel").copied().unwrap_or(0), interested);
    }
}

#[test]
fn a_pattern_on_another_node_gets_what_matches_from_its_ack_on() {
    let mut cluster = two();
    cluster.subscribe(1, "rooms/*");
    while !cluster.clients[1].channels.contains_key("rooms/*") {
        cluster.pass(millis(1));
    }
    let (inside, outside) = (cluster.publish(0, "rooms/a"), cluster.publish(0, "hall"));
    cluster.pass(millis(100));
    assert!(cluster.clients[1].got.contains(&inside));
    assert!(!cluster.clients[1].got.contains(&outside));
    cluster.unsubscribe(1, "rooms/*");
    cluster.pass(millis(100));
    cluster.bus.delivered.clear();
    cluster.publish(0, "rooms/a");
    cluster.pass(millis(100));
    assert!(cluster.bus.delivered.is_empty(), "nothing is forwarded any more");
}

#[test]
fn a_subscribe_takes_half_a_second_if_a_node_does_not_answer_and_who_answers_later_joins() {
    let mut cluster = two();
    cluster.subscribe(1, "r");
    cluster.pass(millis(100));
    cluster.bus.slow = Some((0, 700));
    let asked = cluster.now;
    cluster.subscribe(0, "r");
    cluster.pass(millis(499));
    assert!(!cluster.clients[0].channels.contains_key("r"));
    cluster.pass(millis(1));
    assert!(cluster.clients[0].channels.contains_key("r"), "{:?}", cluster.now.since(asked));
    assert!(cluster.present("a", "r").is_empty());
    cluster.pass(millis(300));
    assert_eq!(cluster.present("a", "r"), ["b"]);
}

#[test]
fn a_request_while_the_bus_is_away_is_refused_and_given_to_nobody_then_or_later() {
    let mut cluster = two();
    cluster.join(0, "c");
    (0..3).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(1000));
    cluster.disconnect(0);
    let numbers = [cluster.publish(0, "r"), cluster.send(0, "c"), cluster.send(0, "b")];
    for number in numbers {
        assert_eq!(cluster.outcomes[&number], refused("backend_error"));
    }
    cluster.subscribe(0, "s");
    assert_eq!(cluster.clients[0].errors["backend_error"], 4);
    cluster.connect(0);
    cluster.pass(millis(10_000));
    let got = |number| cluster.clients.iter().any(|client| client.got.contains(number));
    assert!(!numbers.iter().any(got));
    cluster.check_truth();
}

#[test]
fn what_was_on_its_way_when_the_bus_went_is_refused_and_given_to_nobody_here() {
    let mut cluster = two();
    cluster.join(0, "c");
    (0..3).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(1000));
    let number = cluster.publish(0, "r");
    assert!(!cluster.outcomes.contains_key(&number), "the ack waits for the bus");
    cluster.disconnect(0);
    assert_eq!(cluster.outcomes[&number], refused("backend_error"));
    cluster.connect(0);
    cluster.pass(millis(2000));
    assert!(!cluster.clients[cluster.client("c")].got.contains(&number));
}

#[test]
fn unsubscribing_needs_no_bus_and_the_others_learn_of_it_when_it_is_back() {
    let mut cluster = two();
    (0..2).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(1000));
    cluster.disconnect(0);
    cluster.unsubscribe(0, "r");
    assert!(cluster.clients[0].channels.is_empty());
    cluster.pass(millis(1000));
    assert_eq!(cluster.present("b", "r"), ["a"]);
    cluster.connect(0);
    cluster.pass(millis(2000));
    assert!(cluster.present("b", "r").is_empty());
}

#[test]
fn the_peers_of_a_killed_node_leave_after_five_seconds_and_the_rest_is_not_disturbed() {
    let mut cluster = Cluster::new(3, 5);
    for (node, peer) in ["a", "b", "c"].into_iter().enumerate() {
        cluster.join(node, peer);
        cluster.subscribe(node, "r");
    }
    cluster.pass(millis(2000));
    cluster.kill(2);
    cluster.pass(millis(3900));
    assert_eq!(cluster.present("a", "r"), ["b", "c"]);
    let number = cluster.publish(0, "r");
    cluster.pass(millis(2200));
    assert_eq!(cluster.present("a", "r"), ["b"]);
    assert_eq!(cluster.present("b", "r"), ["a"]);
    assert!(cluster.clients[1].got.contains(&number));
    assert!(cluster.closed.is_empty());
}

#[test]
fn a_node_that_is_cut_off_keeps_its_view_and_the_others_see_its_peers_leave_and_come_back() {
    let mut cluster = two();
    (0..2).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(1000));
    cluster.disconnect(0);
    cluster.pass(millis(60_000));
    assert_eq!(cluster.present("a", "r"), ["b"]);
    assert!(cluster.present("b", "r").is_empty());
    cluster.connect(0);
    cluster.pass(millis(2000));
    cluster.check_truth();
}

#[test]
fn a_node_that_stops_says_so_and_is_gone_at_once() {
    let mut cluster = two();
    cluster.drive(0, Hub::leave);
    cluster.pass(millis(100));
    assert_eq!(cluster.nodes[&1].other_nodes(), 0);
}

#[test]
fn presence_that_was_lost_without_a_trace_is_found_within_a_round_of_audits() {
    let mut cluster = two();
    cluster.subscribe(1, "r");
    cluster.pass(millis(1000));
    cluster.bus.loses_one_in = 1;
    cluster.subscribe(0, "r");
    cluster.pass(millis(600));
    assert!(cluster.present("b", "r").is_empty() && cluster.present("a", "r").is_empty());
    cluster.bus.loses_one_in = 0;
    cluster.pass(millis(6000));
    assert_eq!(cluster.present("b", "r"), ["a"]);
    assert_eq!(cluster.present("a", "r"), ["b"]);
}

#[test]
fn a_large_room_arrives_in_parts_and_complete() {
    let mut cluster = two();
    let metadata: Arc<str> = Arc::from(format!(r#"{{"about":"{}"}}"#, "x".repeat(4000)));
    for number in 0..200 {
        let mut grant = grant(&format!("p{number}"));
        grant.peer_metadata = Some(Arc::clone(&metadata));
        cluster.join_with(0, grant);
        cluster.subscribe(2 + number, "r");
    }
    cluster.pass(millis(1000));
    cluster.subscribe(1, "r");
    cluster.pass(millis(400));
    assert_eq!(cluster.present("b", "r").len(), 200);
    let answer = cluster.call(1, |hub, now| hub.peers_everywhere(&Arc::from("app"), "r", now));
    let Answer::Peers(peers) = answer else { panic!("{answer:?}") };
    let peers: Vec<serde_json::Value> = serde_json::from_str(&peers).unwrap();
    assert_eq!(peers.len(), 201);
}

#[test]
fn rest_works_at_every_node() {
    let mut cluster = two();
    cluster.join(0, "b");
    (0..2).for_each(|client| cluster.subscribe(client, "r"));
    cluster.pass(millis(2000));
    let app: Arc<str> = Arc::from("app");
    let backend = grant("backend");
    for node in 0..2 {
        let peers = cluster.call(node, |hub, now| hub.peers_everywhere(&app, "r", now));
        assert_eq!(peers, Answer::Peers(r#"[{"peerId":"a"},{"peerId":"b"}]"#.to_owned()));
        let data = json!([900 + node, "backend"]).to_string();
        let published = cluster.call(node, |hub, now| hub.publish_as(&backend, "r", &data, now));
        assert_eq!(published, Answer::Published);
        assert!(cluster.clients[..2].iter().all(|c| c.got.contains(&(900 + node as u64))));
        cluster.pass(millis(1100));
        assert_eq!(cluster.nodes[&(1 - node)].usage("app").messages_used, 1 + node as u64);
        assert_eq!(cluster.nodes[&node].usage("app").concurrent_now, 3);
        assert_eq!(cluster.nodes[&node].usage("app").peak_concurrent, 3);
    }
    let kicked = cluster.call(0, |hub, now| hub.kick_everywhere(&app, "b", now));
    assert_eq!(kicked, Answer::Kicked(2));
    assert_eq!(cluster.closed, [("b".to_owned(), 4020), ("b".to_owned(), 4020)]);
    cluster.disconnect(1);
    let away = cluster.call(1, |hub, now| hub.kick_everywhere(&app, "a", now));
    assert_eq!(away, Answer::Unavailable);
    assert_eq!(cluster.call(1, |hub, now| hub.publish_as(&backend, "r", "1", now)), away);
    assert_eq!(cluster.call(1, |hub, now| hub.peers_everywhere(&app, "r", now)), away);
}

#[test]
fn a_cap_of_an_app_counts_all_nodes_and_is_exceeded_by_at_most_what_joins_within_a_heartbeat() {
    let limits = Limits { connections_per_app: Some(10), ..Limits::default() };
    let mut cluster = Cluster::with(2, 7, limits);
    for number in 0..8 {
        cluster.join(number % 2, &format!("p{number}"));
    }
    cluster.pass(millis(1100));
    // Four at each node within one heartbeat: each node has room for two as far as it knows.
    for number in 0..8 {
        cluster.join(number % 2, &format!("late{number}"));
    }
    assert_eq!(cluster.clients.len(), 12);
    cluster.pass(millis(1100));
    cluster.join(0, "too-late");
    assert_eq!(cluster.closed.iter().filter(|(_, code)| *code == 4010).count(), 5);
    assert_eq!(cluster.clients.len(), 12);
}

#[test]
fn withdrawing_a_subscribe_that_waits_for_other_nodes_answers_both_requests() {
    let mut cluster = two();
    cluster.bus.slow = Some((0, 700));
    cluster.subscribe(0, "r");
    cluster.unsubscribe(0, "r");
    assert!(cluster.clients[0].pending.is_empty());
    cluster.pass(millis(2000));
    cluster.bus.slow = None;
    cluster.pass(millis(2000));
    cluster.check_truth();
}

#[test]
fn apps_do_not_see_each_other_on_other_nodes() {
    let mut cluster = two();
    let mut foreign = grant("foreign");
    foreign.app = Arc::from("other");
    cluster.join_with(1, foreign);
    cluster.subscribe(0, "r");
    cluster.subscribe(2, "r");
    cluster.pass(millis(100));
    let published = cluster.publish(0, "r");
    let sent = cluster.send(0, "foreign");
    cluster.pass(millis(100));
    assert_eq!(cluster.outcomes[&sent], refused("peer_not_found"));
    assert!(!cluster.clients[2].got.contains(&published));
    assert!(cluster.present("a", "r").is_empty());
}

#[test]
fn a_pong_needs_no_bus() {
    let mut cluster = two();
    cluster.disconnect(0);
    cluster.ask(0, json!({"type": "ping"}), Request::Unsubscribe("none".to_owned()));
    assert!(cluster.clients[0].errors.is_empty());
}

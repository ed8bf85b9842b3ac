//! Welcomes, expiry, and refusals.

use std::sync::Arc;
use std::time::Duration;

use metered_realtime_server::hub::{Answer, Limits, Reply, TurnedAway};
use serde_json::json;

use crate::world::{End, World, grant, kinds};

#[test]
fn a_welcome_says_who_when_and_how_much() {
    let mut world = World::new();
    let mut token = grant("u_alice");
    token.expires_at = Some(1_003_600);
    token.metadata = Some(Arc::from(r#"{"iceServers":[]}"#));
    let a = world.open(token);
    assert_eq!(
        world.take(a),
        [json!({
            "type": "welcome", "peerId": "u_alice", "expiresAt": 1_003_600, "serverTime": 1_000_000,
            "maxMessageSize": 65_536, "metadata": {"iceServers": []},
        })]
    );
    let b = world.open(grant("key"));
    let welcome = &world.take(b)[0];
    assert_eq!(welcome["expiresAt"], json!(null));
    assert!(welcome.get("metadata").is_none());
}

#[test]
fn a_token_ends_a_quarter_second_before_its_exp() {
    let mut world = World::new();
    let mut token = grant("a");
    token.expires_at = Some(1_000_060);
    let a = world.join_with(token);
    assert_eq!(world.sleep_to_next(), Some(Duration::from_millis(59_750)));
    assert_eq!(world.closed_with(a), Some(4002));
    assert_eq!(world.sleep_to_next(), None);
}

#[test]
fn a_connection_that_is_gone_leaves_no_deadline_behind() {
    let mut world = World::new();
    let mut token = grant("a");
    token.expires_at = Some(1_000_060);
    let a = world.join_with(token);
    world.leave(a);
    assert_eq!(world.hub.poll_timeout(), None);
    assert_eq!(world.hub.connection_count(), 0);
    assert_eq!(world.hub.channel_count(), 0);
}

#[test]
fn beyond_the_cap_connections_are_closed_with_4010_and_never_welcomed() {
    let mut world = World::with(Limits { connections_per_app: Some(1), ..Limits::default() });
    let a = world.join("a");
    let b = world.open(grant("b"));
    assert_eq!(world.closed_with(b), Some(4010));
    assert!(world.take(b).is_empty());
    world.leave(a);
    world.join("c");
    assert_eq!(world.hub.usage("app").peak_concurrent, 1);
}

#[test]
fn a_suspended_account_is_closed_with_4012() {
    let mut world = World::new();
    let mut suspended = grant("a");
    suspended.suspended = true;
    let a = world.open(suspended);
    assert_eq!(world.closed_with(a), Some(4012));
    assert!(world.take(a).is_empty());
}

#[test]
fn the_61st_connect_in_a_minute_is_told_when_to_come_back() {
    let mut world = World::new();
    for _ in 0..60 {
        world.join("a");
    }
    world.sleep(Duration::from_secs(20));
    let turned_away = world.hub.knock([127, 0, 0, 1].into(), world.now).unwrap_err();
    let retry_after = Some(Duration::from_secs(40));
    assert_eq!(turned_away, TurnedAway { status: 429, retry_after });
    assert!(world.hub.knock([127, 0, 0, 2].into(), world.now).is_ok());
    world.sleep(Duration::from_secs(40));
    world.join("a");
}

#[test]
fn a_kick_closes_every_socket_of_a_peer_in_its_app_only() {
    let mut world = World::new();
    let twins = [world.join("a"), world.join("a")];
    let mut foreign = grant("a");
    foreign.app = Arc::from("other");
    let foreign = world.join_with(foreign);
    assert_eq!(world.hub.kick("app", "a", world.now), 2);
    assert_eq!(world.hub.kick("app", "nobody", world.now), 0);
    world.collect();
    assert_eq!(twins.map(|id| world.closed_with(id)), [Some(4020), Some(4020)]);
    assert_eq!(world.closed_with(foreign), None);
}

#[test]
fn a_restart_is_announced_before_it_closes() {
    let mut world = World::new();
    let a = world.join("a");
    world.hub.announce_going_away(&[a], 1500, world.now);
    world.hub.close(&[a], 1001, "bye", world.now);
    world.collect();
    assert_eq!(world.take(a), [json!({"type": "going_away", "retryAfterMs": 1500})]);
    assert_eq!(world.end_of(a), Some(&End::Close(1001, "bye".to_owned())));
}

#[test]
fn what_is_published_by_rest_looks_like_any_message() {
    let mut world = World::new();
    let a = world.join("a");
    world.subscribe(a, "r");
    assert_eq!(
        world.hub.publish_as(&grant("backend"), "r", "[1]", world.now),
        Reply::Now(Answer::Published)
    );
    world.collect();
    let frames = world.take(a);
    assert_eq!(kinds(&frames), ["message"]);
    assert_eq!(frames[0]["from"], "backend");
    assert_eq!(world.hub.peers_in("app", "r"), r#"[{"peerId":"a"}]"#);
    assert_eq!(world.hub.peers_in("app", "empty"), "[]");
}

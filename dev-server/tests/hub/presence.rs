//! Snapshots and deltas.

use std::sync::Arc;

use metered_realtime_server::hub::{Action, Actions};
use serde_json::json;

use crate::world::{World, grant, kinds};

#[test]
fn a_subscribe_is_acked_first_and_then_shows_who_is_already_there() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));

    world.say(a, json!({"type": "subscribe", "channel": "r", "requestId": "1"}));
    assert_eq!(
        world.take(a),
        [
            json!({"type": "ack", "requestId": "1"}),
            json!({"type": "presence", "channel": "r", "joined": [], "left": []}),
        ]
    );

    world.say(b, json!({"type": "subscribe", "channel": "r", "requestId": "2"}));
    assert_eq!(
        world.take(b)[1],
        json!({"type": "presence", "channel": "r", "joined": [{"peerId": "a"}], "left": []})
    );
    assert_eq!(
        world.take(a),
        [json!({"type": "presence", "channel": "r", "joined": [{"peerId": "b"}], "left": []})]
    );
}

#[test]
fn a_subscribe_without_request_id_is_not_acked_but_still_shows_who_is_there() {
    let mut world = World::new();
    let a = world.join("a");
    world.say(a, json!({"type": "subscribe", "channel": "r"}));
    assert_eq!(kinds(&world.take(a)), ["presence"]);
}

#[test]
fn a_repeated_subscribe_brings_a_fresh_snapshot_and_no_news_for_the_others() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(a, "r");
    world.subscribe(b, "r");
    world.take(a);

    world.say(b, json!({"type": "subscribe", "channel": "r", "requestId": "1"}));

    assert_eq!(world.take(b)[1]["joined"], json!([{"peerId": "a"}]));
    assert!(world.take(a).is_empty());
}

#[test]
fn unsubscribing_and_disconnecting_are_told_to_those_who_stay() {
    let mut world = World::new();
    let (a, b, c) = (world.join("a"), world.join("b"), world.join("c"));
    world.subscribe_all(&[a, b, c], "r");
    world.take(a);

    world.say(b, json!({"type": "unsubscribe", "channel": "r", "requestId": "1"}));
    world.leave(c);

    let frames = world.take(a);
    assert_eq!(frames[0]["left"], json!([{"peerId": "b"}]));
    assert_eq!(frames[1]["left"], json!([{"peerId": "c"}]));
    assert_eq!(frames.len(), 2);
}

#[test]
fn unsubscribing_from_what_was_never_subscribed_is_acked() {
    let mut world = World::new();
    let a = world.join("a");
    for id in ["1", "2"] {
        world.say(a, json!({"type": "unsubscribe", "channel": "r", "requestId": id}));
        assert_eq!(world.take(a), [json!({"type": "ack", "requestId": id})]);
    }
}

#[test]
fn a_peer_with_several_sockets_has_one_entry_until_the_last_one_leaves() {
    let mut world = World::new();
    let watcher = world.join("watcher");
    world.subscribe(watcher, "r");
    let (first, second) = (world.join("twin"), world.join("twin"));

    world.subscribe(first, "r");
    assert_eq!(kinds(&world.take(watcher)), ["presence"]);
    world.subscribe(second, "r");
    world.leave(first);
    assert!(world.take(watcher).is_empty());
    world.leave(second);
    assert_eq!(world.take(watcher)[0]["left"], json!([{"peerId": "twin"}]));
}

#[test]
fn presence_always_carries_peer_metadata() {
    let mut world = World::new();
    let a = world.join("a");
    world.subscribe(a, "r");
    let named = |peer: &str| {
        let mut grant = grant(peer);
        grant.peer_metadata = Some(Arc::from(r#"{"name":"Bob"}"#));
        grant
    };
    let b = world.join_with(named("b"));
    world.subscribe(b, "r");
    let entry = json!([{"peerId": "b", "metadata": {"name": "Bob"}}]);
    assert_eq!(world.take(a)[0]["joined"], entry);

    world.say(a, json!({"type": "subscribe", "channel": "r"}));
    assert_eq!(world.take(a)[0]["joined"], entry);
    world.leave(b);
    assert_eq!(world.take(a)[0]["left"], entry);
}

#[test]
fn who_may_not_see_presence_gets_no_presence_frames() {
    let mut world = World::new();
    let mut blind = grant("blind");
    blind.actions = Actions::NONE.with(Action::Subscribe);
    let (a, blind) = (world.join("a"), world.join_with(blind));
    world.say(blind, json!({"type": "subscribe", "channel": "r", "requestId": "1"}));
    world.subscribe(a, "r");
    assert_eq!(kinds(&world.take(blind)), ["ack"]);
    world.leave(a);
    assert!(world.take(blind).is_empty());
}

#[test]
fn apps_do_not_see_each_other() {
    let mut world = World::new();
    let mut foreign = grant("b");
    foreign.app = Arc::from("other");
    let (a, b) = (world.join("a"), world.join_with(foreign));
    world.subscribe(a, "r");
    world.subscribe(b, "r");
    world.say(a, json!({"type": "publish", "channel": "r", "data": 1}));
    world.say(a, json!({"type": "send", "to": "b", "data": 1, "requestId": "1"}));
    assert!(world.take(b).is_empty());
    assert_eq!(world.take(a)[0]["code"], "peer_not_found");
}

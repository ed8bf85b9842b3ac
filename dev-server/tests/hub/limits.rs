//! Limits of channels, metadata, rates and quotas.

use std::time::Duration;

use metered_realtime_server::hub::Limits;
use serde_json::json;

use crate::world::{World, grant, kinds, scope};

#[test]
fn the_101st_channel_is_refused_until_another_one_is_given_up() {
    let mut world = World::new();
    let a = world.join("a");
    for number in 0..100 {
        world.subscribe(a, &format!("r/{number}"));
    }
    world.sleep(Duration::from_secs(10));
    world.say(a, json!({"type": "subscribe", "channel": "more", "requestId": "1"}));
    assert_eq!(world.take(a)[0]["code"], "channel_limit_exceeded");
    world.subscribe(a, "r/7"); // It is held already.
    world.say(a, json!({"type": "unsubscribe", "channel": "r/0"}));
    world.subscribe(a, "more");
}

#[test]
fn beyond_the_burst_a_connection_is_closed_with_4011() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe_all(&[a, b], "r");
    for _ in 0..199 {
        world.say(a, json!({"type": "ping"}));
    }
    assert_eq!(world.closed_with(a), None);
    world.say(a, json!({"type": "ping"}));
    assert_eq!(world.closed_with(a), Some(4011));
    assert_eq!(kinds(&world.take(b)), ["presence"], "the others learn that it left");
    world.say(a, json!({"type": "ping"}));
}

#[test]
fn a_steady_100_a_second_is_fine() {
    let mut world = World::new();
    let a = world.join("a");
    for _ in 0..1000 {
        world.say(a, json!({"type": "ping"}));
        world.sleep(Duration::from_millis(10));
    }
    assert_eq!(world.closed_with(a), None);
}

#[test]
fn beyond_the_quota_messages_are_refused_and_the_connection_stays() {
    let mut world = World::with(Limits { messages_per_period: Some(2), ..Limits::default() });
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    let publish = json!({"type": "publish", "channel": "r", "data": 1, "requestId": "1"});
    world.say(a, publish.clone());
    world.say(a, json!({"type": "send", "to": "b", "data": 1, "requestId": "2"}));
    assert_eq!(kinds(&world.take(a)), ["ack", "ack"]);
    world.say(a, publish);
    world.say(a, json!({"type": "send", "to": "b", "data": 1, "requestId": "2"}));
    let frames = world.take(a);
    assert!(frames.iter().all(|frame| frame["code"] == "over_message_quota"));
    assert_eq!(kinds(&world.take(b)), ["message", "direct"]);
    assert_eq!(world.closed_with(a), None);
    assert_eq!(world.hub.usage("app").messages_used, 2);
}

#[test]
fn relaxed_limits_rate_nothing() {
    let mut world = World::with(Limits::default().relaxed());
    let a = world.join("a");
    for number in 0..500 {
        world.subscribe(a, &format!("r/{number}"));
    }
    assert_eq!(world.closed_with(a), None);
}

#[test]
fn an_unauthorized_channel_can_cost_the_connection() {
    let mut world = World::with(Limits { close_unauthorized: true, ..Limits::default() });
    let mut limited = grant("a");
    limited.scope = scope(&["rooms/*"]);
    let a = world.join_with(limited);
    world.say(a, json!({"type": "subscribe", "channel": "lobby", "requestId": "1"}));
    assert_eq!(world.closed_with(a), Some(4003));
    assert!(world.take(a).is_empty());
}

//! Subscribing to many channels at once. The documentation of the service leaves some of this open.

use serde_json::json;

use crate::world::{World, grant, kinds, scope};

#[test]
fn a_wildcard_delivers_under_the_name_of_the_channel_that_was_published_to() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(a, "fleet/sensor-*/telemetry");
    for channel in ["fleet/sensor-1/telemetry", "fleet/sensor-1/x", "fleet/sensor-1/2/telemetry"] {
        world.say(b, json!({"type": "publish", "channel": channel, "data": 1}));
    }
    let frames = world.take(a);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0]["channel"], "fleet/sensor-1/telemetry");
}

#[test]
fn who_matches_several_times_gets_a_message_once() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    for channel in ["r/1", "r/*", "**"] {
        world.subscribe(a, channel);
    }
    world.say(b, json!({"type": "publish", "channel": "r/1", "data": 1}));
    assert_eq!(kinds(&world.take(a)), ["message"]);
    world.say(a, json!({"type": "unsubscribe", "channel": "r/1"}));
    world.say(a, json!({"type": "unsubscribe", "channel": "**"}));
    world.say(b, json!({"type": "publish", "channel": "r/1", "data": 1}));
    assert_eq!(kinds(&world.take(a)), ["message"]);
    world.say(a, json!({"type": "unsubscribe", "channel": "r/*"}));
    world.say(b, json!({"type": "publish", "channel": "r/1", "data": 1}));
    assert!(world.take(a).is_empty());
}

#[test]
fn a_wildcard_never_delivers_from_beyond_the_credential() {
    let mut world = World::new();
    let mut limited = grant("a");
    limited.scope = scope(&["rooms/*"]);
    let (a, b) = (world.join_with(limited), world.join("b"));
    // As a name it is covered by `rooms/*`; as a pattern it matches more.
    world.subscribe(a, "rooms/**");
    world.say(b, json!({"type": "publish", "channel": "rooms/x/y", "data": 1}));
    assert!(world.take(a).is_empty());
    world.say(b, json!({"type": "publish", "channel": "rooms/x", "data": 1}));
    assert_eq!(kinds(&world.take(a)), ["message"]);
    world.say(a, json!({"type": "subscribe", "channel": "**", "requestId": "1"}));
    assert_eq!(world.take(a)[0]["code"], "channel_not_authorized");
}

#[test]
fn presence_of_a_wildcard_is_that_of_its_own_name() {
    let mut world = World::new();
    let (a, b, c) = (world.join("a"), world.join("b"), world.join("c"));
    world.subscribe(a, "r/*");
    world.subscribe(b, "r/1");
    assert!(world.take(a).is_empty());
    world.subscribe(c, "r/*");
    assert_eq!(world.take(a)[0]["joined"], json!([{"peerId": "c"}]));
}

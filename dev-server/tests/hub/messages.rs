//! Publish, send, ping, and the error codes of their refusals.

use std::sync::Arc;

use metered_realtime_server::hub::{Action, Actions};
use serde_json::json;

use crate::world::{World, grant, kinds, scope};

#[test]
fn a_publish_reaches_everyone_but_the_publisher_who_need_not_subscribe() {
    let mut world = World::new();
    let (a, b, c) = (world.join("a"), world.join("b"), world.join("c"));
    world.subscribe_all(&[a, b], "r");
    world.take(a);

    world.say(a, json!({"type": "publish", "channel": "r", "data": {"x": 1}, "requestId": "1"}));
    assert_eq!(world.take(a), [json!({"type": "ack", "requestId": "1"})]);
    let message = json!({"type": "message", "channel": "r", "from": "a", "data": {"x": 1}});
    assert_eq!(world.take(b), [message]);

    world.say(c, json!({"type": "publish", "channel": "r", "data": null}));
    assert_eq!(world.take(a)[0]["data"], json!(null));
    assert!(world.take(c).is_empty());
}

#[test]
fn sender_metadata_is_stamped_for_those_who_asked_last() {
    let mut world = World::new();
    let mut sender = grant("s");
    sender.peer_metadata = Some(Arc::from(r#"{"name":"Sue"}"#));
    let (s, a) = (world.join_with(sender), world.join("a"));
    let publish = json!({"type": "publish", "channel": "r", "data": 1});
    for include in [true, false] {
        world
            .say(a, json!({"type": "subscribe", "channel": "r", "includeSenderMetadata": include}));
        world.take(a);
        world.say(s, publish.clone());
        let frame = &world.take(a)[0];
        assert_eq!(frame.get("fromMetadata").is_some(), include);
    }
    world.say(s, json!({"type": "send", "to": "a", "data": 1}));
    assert_eq!(world.take(a)[0]["fromMetadata"], json!({"name": "Sue"}));
}

#[test]
fn data_passes_through_as_it_was_written() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    for data in [r#""\ud800""#, "1e400", "0.10000000000000000001", r#"{"a":1,"a":2}"#, &deep] {
        world.say_text(a, &format!(r#"{{"type":"publish","channel":"r","data":{data}}}"#));
        let texts = world.take_texts(b);
        assert_eq!(
            texts,
            [format!(r#"{{"type":"message","channel":"r","from":"a","data":{data}}}"#)]
        );
    }
}

#[test]
fn a_direct_message_reaches_every_socket_of_a_peer_and_needs_no_channel() {
    let mut world = World::new();
    let mut limited = grant("a");
    limited.scope = scope(&["only/here"]);
    let a = world.join_with(limited);
    let twins = [world.join("b"), world.join("b")];
    world.say(a, json!({"type": "send", "to": "b", "data": [1], "requestId": "1"}));
    assert_eq!(kinds(&world.take(a)), ["ack"]);
    for twin in twins {
        assert_eq!(world.take(twin), [json!({"type": "direct", "from": "a", "data": [1]})]);
    }
}

#[test]
fn a_ping_is_answered_by_a_pong() {
    let mut world = World::new();
    let a = world.join("a");
    world.say(a, json!({"type": "ping"}));
    assert_eq!(world.take(a), [json!({"type": "pong"})]);
}

#[test]
fn names_and_order_of_fields_are_as_free_as_json() {
    let mut world = World::new();
    let a = world.join("a");
    world.say_text(
        a,
        "\n{ \"request\\u0049d\":\"1\", \"extra\":{\"type\":1}, \"channel\":\"x\",\"ch\\u0061nnel\": \"\\u0072\",\r\n\"type\":\"subscribe\"} ",
    );
    let frames = world.take(a);
    assert_eq!(kinds(&frames), ["ack", "presence"]);
    assert_eq!(frames[1]["channel"], "r", "the last of equal names counts");
}

#[test]
fn what_cannot_be_read_is_malformed_and_belongs_to_no_request() {
    let mut world = World::new();
    let a = world.join("a");
    let long = format!(r#"{{"type":"ping","requestId":"{}"}}"#, "x".repeat(129));
    let texts = [
        "",
        "{",
        "null",
        "[]",
        "42",
        "\"ping\"",
        r#"{"type":1}"#,
        r#"{"type":null}"#,
        "{}",
        r#"{"requestId":"1"}"#,
        r#"{"type":"ping"} x"#,
        r#"{"type":"ping","requestId":7}"#,
        r#"{"type":"ping","requestId":""}"#,
        r#"{"type":"ping","requestId":"\ud800"}"#,
        &long,
    ];
    for text in texts {
        world.say_text(a, text);
        let frames = world.take(a);
        assert_eq!(frames[0]["code"], "malformed_message", "{text}");
        assert!(frames[0].get("requestId").is_none());
    }
    world.hub.binary(a, world.now);
    world.collect();
    assert_eq!(world.take(a)[0]["code"], "malformed_message");
}

#[test]
fn each_rule_that_is_broken_has_its_code() {
    let mut world = World::new();
    let mut limited = grant("a");
    limited.actions = Actions::NONE.with(Action::Subscribe).with(Action::Publish);
    limited.scope = scope(&["rooms/*"]);
    let a = world.join_with(limited);
    let long = "x".repeat(257);
    let cases = [
        (json!({"type": "shout"}), "unknown_type"),
        (json!({"type": "subscribe"}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": 7}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": ""}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": long}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": "a\u{7f}"}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": "é".repeat(129)}), "invalid_channel"),
        (json!({"type": "unsubscribe", "channel": "a\u{85}"}), "invalid_channel"),
        (json!({"type": "publish", "channel": null, "data": 1}), "invalid_channel"),
        (json!({"type": "subscribe", "channel": "_MeterEd/x"}), "channel_reserved"),
        (json!({"type": "publish", "channel": "_system/", "data": 1}), "channel_reserved"),
        (json!({"type": "publish", "channel": "_internal/a", "data": 1}), "channel_reserved"),
        (json!({"type": "subscribe", "channel": "lobby"}), "channel_not_authorized"),
        (json!({"type": "publish", "channel": "rooms/a/b", "data": 1}), "channel_not_authorized"),
        (json!({"type": "publish", "channel": "rooms/a"}), "missing_data"),
        (json!({"type": "send", "data": 1}), "invalid_peer_id"),
        (json!({"type": "send", "to": "", "data": 1}), "invalid_peer_id"),
        (json!({"type": "send", "to": "é", "data": 1}), "invalid_peer_id"),
        (json!({"type": "send", "to": "x".repeat(129), "data": 1}), "invalid_peer_id"),
        (json!({"type": "send", "to": "b", "data": 1}), "action_not_permitted"),
    ];
    for (mut frame, code) in cases {
        frame["requestId"] = json!("r");
        world.say(a, frame.clone());
        let answer = world.take(a);
        assert_eq!(answer.len(), 1, "{frame}");
        assert_eq!(
            (&answer[0]["code"], &answer[0]["requestId"]),
            (&json!(code), &json!("r")),
            "{frame}"
        );
    }
}

#[test]
fn a_direct_message_without_data_or_receiver_is_refused() {
    let mut world = World::new();
    let a = world.join("a");
    world.say(a, json!({"type": "send", "to": "nobody"}));
    world.say(a, json!({"type": "send", "to": "nobody", "data": 1}));
    let frames = world.take(a);
    assert_eq!(frames[0]["code"], "missing_data");
    assert_eq!(frames[1]["code"], "peer_not_found");
}

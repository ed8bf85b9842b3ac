//! Faults on demand.

use std::time::Duration;

use metered_realtime_server::hub::{Fault, Output, Rule, Target, Trigger, TurnedAway};
use serde_json::{Value, json};

use crate::world::{End, World, grant, kinds};

fn next(fault: Fault) -> Rule {
    Rule::now(fault, Target::Next(1))
}

fn publish(id: &str) -> Value {
    json!({"type": "publish", "channel": "r", "data": 1, "requestId": id})
}

#[test]
fn a_drop_hits_all_or_one_peer_and_the_others_see_it_leave() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe_all(&[a, b], "r");
    world.take(a);
    assert_eq!(world.fault(Rule::now(Fault::Drop, Target::Peer("b".into()))), 1);
    assert_eq!(world.end_of(b), Some(&End::Drop));
    assert_eq!(world.take(a)[0]["left"], json!([{"peerId": "b"}]));
    assert_eq!(world.fault(Rule::now(Fault::Drop, Target::All)), 1);
    assert_eq!(world.end_of(a), Some(&End::Drop));
}

#[test]
fn a_welcome_can_be_missing_late_or_doubled() {
    let mut world = World::new();
    world.fault(next(Fault::NoWelcome));
    let never = world.open(grant("a"));
    assert!(world.take(never).is_empty());

    world.fault(next(Fault::LateWelcome { delay_ms: 700 }));
    let late = world.open(grant("b"));
    assert!(world.take(late).is_empty());
    assert_eq!(world.sleep_to_next(), Some(Duration::from_millis(700)));
    assert_eq!(kinds(&world.take(late)), ["welcome"]);

    world.fault(next(Fault::SecondWelcome));
    let twice = world.open(grant("c"));
    assert_eq!(kinds(&world.take(twice)), ["welcome", "welcome"]);
    world.join("d"); // One connect only.
}

#[test]
fn the_next_connect_can_be_dropped_closed_or_refused_before_its_welcome() {
    let mut world = World::new();
    world.fault(next(Fault::Drop));
    let dropped = world.open(grant("a"));
    world.fault(next(Fault::Close { code: 4012, reason: "suspended".into() }));
    let closed = world.open(grant("a"));
    world.fault(next(Fault::HalfOpen));
    let half_open = world.open(grant("a"));
    assert_eq!(world.end_of(dropped), Some(&End::Drop));
    assert_eq!(world.end_of(closed), Some(&End::Close(4012, "suspended".into())));
    assert_eq!(world.end_of(half_open), Some(&End::HalfOpen));
    for id in [dropped, closed, half_open] {
        assert!(world.take(id).is_empty());
    }
    world.fault(Rule::now(Fault::Http { status: 503 }, Target::Next(2)));
    for _ in 0..2 {
        let turned_away = world.hub.knock([127, 0, 0, 1].into(), world.now).unwrap_err();
        assert_eq!(turned_away, TurnedAway { status: 503, retry_after: None });
    }
    world.join("a");
}

#[test]
fn the_nth_ack_can_be_swallowed_though_the_request_is_carried_out() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    world.fault(Rule::on(Fault::Swallow, Target::Peer("a".into()), "ack", 2));
    for id in ["1", "2", "3"] {
        world.say(a, publish(id));
    }
    let acked: Vec<_> = world.take(a).iter().map(|ack| ack["requestId"].clone()).collect();
    assert_eq!(acked, ["1", "3"]);
    assert_eq!(world.take(b).len(), 3);
    assert!(world.hub.waiting_faults().is_empty());
}

#[test]
fn a_frame_can_be_late_and_others_overtake_it() {
    let mut world = World::new();
    let a = world.join("a");
    world.fault(Rule::on(Fault::Delay { delay_ms: 100 }, Target::All, "ack", 1));
    world.say(a, publish("1"));
    world.say(a, publish("2"));
    assert_eq!(world.take(a)[0]["requestId"], "2");
    assert_eq!(world.sleep_to_next(), Some(Duration::from_millis(100)));
    assert_eq!(world.take(a)[0]["requestId"], "1");
}

#[test]
fn a_request_can_be_lost_late_or_refused() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    world.fault(Rule::on(Fault::Swallow, Target::All, "publish", 1));
    world.say(a, publish("1"));
    assert!(world.take(a).is_empty() && world.take(b).is_empty());

    world.fault(Rule::on(Fault::Delay { delay_ms: 50 }, Target::All, "publish", 1));
    world.say(a, publish("2"));
    assert!(world.take(b).is_empty());
    world.sleep_to_next();
    assert_eq!((world.take(a).len(), world.take(b).len()), (1, 1));

    let error = Fault::Error { code: "backend_error".into(), message: "later".into() };
    world.fault(Rule::on(error, Target::All, "publish", 1));
    world.say(a, publish("3"));
    let answer =
        json!({"type": "error", "requestId": "3", "code": "backend_error", "message": "later"});
    assert_eq!(world.take(a), [answer]);
    assert!(world.take(b).is_empty());
}

#[test]
fn nothing_follows_a_connection_that_ends_at_a_frame() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    world.fault(Rule::on(Fault::Drop, Target::Peer("a".into()), "ack", 1));
    world.say(a, json!({"type": "subscribe", "channel": "r", "requestId": "1"}));
    assert_eq!(world.end_of(a), Some(&End::Drop));
    assert!(world.take(a).is_empty(), "neither ack nor snapshot");
    let seen: Vec<_> = world.take(b);
    assert_eq!(seen[0]["joined"], json!([{"peerId": "a"}]));
    assert_eq!(seen[1]["left"], json!([{"peerId": "a"}]), "no ghost stays behind");
}

#[test]
fn silence_keeps_frames_back_but_carries_requests_out() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe(b, "r");
    world.fault(Rule::now(Fault::Silence { for_ms: Some(5000) }, Target::Peer("a".into())));
    world.say(a, publish("1"));
    assert!(world.take(a).is_empty());
    assert_eq!(kinds(&world.take(b)), ["message"]);
    assert_eq!(world.sleep_to_next(), Some(Duration::from_secs(5)));
    world.say(a, publish("2"));
    assert_eq!(kinds(&world.take(a)), ["ack"]);
}

#[test]
fn a_half_open_connection_stays_in_its_channels_and_hears_nothing() {
    let mut world = World::new();
    let (a, b) = (world.join("a"), world.join("b"));
    world.subscribe_all(&[a, b], "r");
    world.take(a);
    world.fault(Rule::now(Fault::HalfOpen, Target::Peer("a".into())));
    world.say(b, publish("1"));
    assert!(world.take(a).is_empty());
    assert_eq!(kinds(&world.take(b)), ["ack"]);
    assert!(world.hub.is_open(a));
}

#[test]
fn odd_frames_reach_the_client_as_ordered() {
    let mut world = World::new();
    let a = world.join("a");
    let target = || Target::Peer("a".into());
    world.fault(Rule::now(Fault::BadJson, target()));
    world.fault(Rule::now(Fault::UnknownType, target()));
    world.fault(Rule::now(Fault::Frame { text: "[]".into() }, target()));
    world.fault(Rule::now(Fault::Oversize { bytes: 2_000_000 }, target()));
    let texts = world.take_texts(a);
    assert!(serde_json::from_str::<Value>(&texts[0]).is_err());
    assert!(texts[1].contains("no_such_type"));
    assert_eq!(texts[2], "[]");
    assert_eq!(texts[3].len(), 2_000_000);
    assert!(serde_json::from_str::<Value>(&texts[3]).is_ok());

    world.fault(Rule::now(Fault::Binary, target()));
    world.fault(Rule::now(Fault::Drip { bytes: 1, interval_ms: 5 }, target()));
    assert!(matches!(world.others[0], Output::SendBinary { .. }));
    assert!(matches!(world.others[1], Output::Drip { bytes: 1, .. }));
}

#[test]
fn going_away_is_followed_by_close_1001() {
    let mut world = World::new();
    let a = world.join("a");
    let fault = Fault::GoingAway { retry_after_ms: 9, close_after_ms: 40 };
    world.fault(Rule::now(fault, Target::All));
    assert_eq!(world.take(a), [json!({"type": "going_away", "retryAfterMs": 9})]);
    assert_eq!(world.sleep_to_next(), Some(Duration::from_millis(40)));
    assert_eq!(world.closed_with(a), Some(1001));
}

#[test]
fn a_rule_can_strike_again_and_again_until_it_is_cleared() {
    let mut world = World::new();
    let a = world.join("a");
    let trigger = Trigger { kind: "pong".into(), nth: 2, count: 0 };
    world.fault(Rule { fault: Fault::Swallow, target: Target::All, on: Some(trigger) });
    for _ in 0..4 {
        world.say(a, json!({"type": "ping"}));
    }
    assert_eq!(world.take(a).len(), 1);
    world.hub.clear_faults();
    world.say(a, json!({"type": "ping"}));
    assert_eq!(world.take(a).len(), 1);
}

#[test]
fn a_rule_for_the_next_connect_counts_that_connection_s_frames_only() {
    let mut world = World::new();
    let old = world.join("old");
    world.fault(Rule::on(Fault::Swallow, Target::Next(1), "pong", 1));
    let new = world.join("new");
    for id in [old, new, new] {
        world.say(id, json!({"type": "ping"}));
    }
    assert_eq!((world.take(old).len(), world.take(new).len()), (1, 1));
}

#[test]
fn the_json_form_is_that_of_the_rust_form() {
    let cases = [
        (json!({"fault": "drop"}), Rule::now(Fault::Drop, Target::All)),
        (
            json!({"fault": "close", "code": 4000, "reason": "x", "target": {"peer": "p"}}),
            Rule::now(Fault::Close { code: 4000, reason: "x".into() }, Target::Peer("p".into())),
        ),
        (
            json!({"fault": "delay", "delayMs": 5, "target": "all", "on": {"type": "ack", "nth": 3}}),
            Rule::on(Fault::Delay { delay_ms: 5 }, Target::All, "ack", 3),
        ),
        (
            json!({"fault": "http", "status": 429, "target": {"next": 2}}),
            Rule::now(Fault::Http { status: 429 }, Target::Next(2)),
        ),
        (json!({"fault": "half_open", "target": {"next": 1}}), next(Fault::HalfOpen)),
    ];
    for (text, rule) in cases {
        assert_eq!(serde_json::from_value::<Rule>(text).unwrap(), rule);
        assert_eq!(rule.check(), Ok(()));
    }
}

#[test]
fn parts_that_do_not_fit_are_refused_with_the_reason() {
    let refused = [
        Rule::now(Fault::Swallow, Target::All),
        Rule::now(Fault::NoWelcome, Target::All),
        Rule::now(Fault::Http { status: 200 }, Target::Next(1)),
        Rule::now(Fault::Close { code: 1006, reason: String::new() }, Target::All),
        Rule::now(Fault::Close { code: 0, reason: String::new() }, Target::All),
        Rule::now(Fault::Drop, Target::Next(0)),
        Rule::on(Fault::Drop, Target::All, "ack", 0),
        Rule::on(Fault::Drop, Target::All, "ak", 1),
        Rule::on(Fault::Error { code: "x".into(), message: String::new() }, Target::All, "ack", 1),
        Rule::now(Fault::Oversize { bytes: usize::MAX }, Target::All),
    ];
    for rule in refused {
        assert!(rule.check().is_err(), "{rule:?}");
    }
}

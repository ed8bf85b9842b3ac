//! Any text, and any order of frames, faults and time: no panic, and consistent counts.

use std::time::Duration;

use metered_realtime_server::hub::{ConnId, Fault, Limits, Rule, Target};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{End, World, grant};

/// Something that happens to the hub.
#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    Leave(u8),
    Say(u8, String),
    Fault(Box<Rule>),
    Sleep(u16),
}

fn name() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "r/1", "r/*", "**", "_system/x", ""]).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn frame() -> impl Strategy<Value = String> {
    let kind =
        prop::sample::select(vec!["subscribe", "unsubscribe", "publish", "send", "ping", "x"]);
    let known = (kind, name(), name(), any::<bool>(), prop::option::of("[a-z]{0,3}")).prop_map(
        |(kind, channel, to, flag, id)| {
            let mut frame =
                json!({"type": kind, "channel": channel, "to": to, "includeSenderMetadata": flag});
            if flag {
                frame["data"] = json!([kind]);
            }
            if let Some(id) = id {
                frame["requestId"] = json!(id);
            }
            frame.to_string()
        },
    );
    prop_oneof![8 => known, 1 => any::<String>(), 1 => "[{}\\[\\]\",:a-z0-9\\\\u]{0,40}"]
}

fn fault() -> impl Strategy<Value = Rule> {
    let fault = prop_oneof![
        Just(Fault::Drop),
        Just(Fault::HalfOpen),
        Just(Fault::Swallow),
        Just(Fault::SecondWelcome),
        Just(Fault::NoWelcome),
        Just(Fault::BadJson),
        Just(Fault::Binary),
        (0..500u64).prop_map(|delay_ms| Fault::Delay { delay_ms }),
        (0..500u64).prop_map(|delay_ms| Fault::LateWelcome { delay_ms }),
        prop::option::of(0..500u64).prop_map(|for_ms| Fault::Silence { for_ms }),
        (900..5100u16).prop_map(|code| Fault::Close { code, reason: String::new() }),
        (0..500u64).prop_map(|ms| Fault::GoingAway { retry_after_ms: ms, close_after_ms: ms }),
    ];
    let target = prop_oneof![
        Just(Target::All),
        "[a-d]".prop_map(Target::Peer),
        (0..3u32).prop_map(Target::Next),
    ];
    let kinds = vec!["ack", "presence", "message", "welcome", "error", "publish", "subscribe"];
    let on = prop::option::of((prop::sample::select(kinds), 0..3u32));
    (fault, target, on).prop_map(|(fault, target, on)| match on {
        None => Rule::now(fault, target),
        Some((kind, nth)) => Rule::on(fault, target, kind, nth),
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..4u8).prop_map(Step::Join),
        1 => any::<u8>().prop_map(Step::Leave),
        8 => (any::<u8>(), frame()).prop_map(|(who, text)| Step::Say(who, text)),
        1 => fault().prop_map(|rule| Step::Fault(Box::new(rule))),
        1 => (0..2000u16).prop_map(Step::Sleep),
    ]
}

fn run(steps: Vec<Step>) -> (World, Vec<ConnId>) {
    let mut world =
        World::with(Limits { channels_per_connection: 3, ..Limits::default().relaxed() });
    let mut ids: Vec<ConnId> = Vec::new();
    let pick = |ids: &[ConnId], who: u8| ids.get(usize::from(who) % ids.len().max(1)).copied();
    for step in steps {
        match step {
            Step::Join(peer) => ids.push(world.open(grant(&char::from(b'a' + peer).to_string()))),
            Step::Leave(who) => pick(&ids, who).into_iter().for_each(|id| world.leave(id)),
            Step::Say(who, text) => {
                pick(&ids, who).into_iter().for_each(|id| world.say_text(id, &text));
            }
            Step::Fault(rule) => {
                let _ = world.hub.fault(*rule, world.now);
                world.collect();
            }
            Step::Sleep(millis) => {
                world.sleep(Duration::from_millis(millis.into()));
                world.hub.wake(world.now);
                world.collect();
            }
        }
        let due = world.hub.poll_timeout();
        assert!(due.is_none_or(|due| due >= world.now || due.since(world.now).is_zero()));
    }
    (world, ids)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered_by_json(texts in prop::collection::vec(frame(), 1..20)) {
        let mut world = World::with(Limits::default().relaxed());
        let a = world.join("a");
        for text in texts {
            world.say_text(a, &text);
            for frame in world.take(a) {
                prop_assert!(frame["type"].is_string());
            }
        }
        prop_assert!(world.hub.is_open(a));
    }

    #[test]
    fn any_history_ends_with_an_empty_hub(steps in prop::collection::vec(step(), 1..80)) {
        let (mut world, ids) = run(steps);
        for id in &ids {
            // A connection that the server closed is not registered any more.
            if matches!(world.end_of(*id), Some(End::Close(..) | End::Drop)) {
                prop_assert!(!world.hub.is_open(*id));
            }
            world.leave(*id);
        }
        prop_assert_eq!(world.hub.connection_count(), 0);
        prop_assert_eq!(world.hub.channel_count(), 0);
        prop_assert_eq!(world.hub.usage("app").concurrent_now, 0);
        let stats = world.hub.stats();
        prop_assert_eq!(stats.opened, stats.closed);
    }

    #[test]
    fn joins_and_leaves_add_up_for_whoever_watches(steps in prop::collection::vec(step(), 1..80)) {
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Fault(_) | Step::Leave(0)));
        let mut world = World::with(Limits::default().relaxed());
        let watcher = world.join("watcher");
        world.subscribe(watcher, "r/1");
        let mut present = std::collections::BTreeSet::new();
        let mut ids = Vec::new();
        for step in steps {
            match step {
                Step::Join(peer) => ids.push(world.open(grant(&char::from(b'a' + peer).to_string()))),
                Step::Leave(who) if !ids.is_empty() => {
                    let id = ids.remove(usize::from(who) % ids.len());
                    world.leave(id);
                }
                Step::Say(who, text) if !ids.is_empty() => {
                    world.say_text(ids[usize::from(who) % ids.len()], &text);
                }
                Step::Leave(_) | Step::Say(..) | Step::Fault(_) | Step::Sleep(_) => {}
            }
            for frame in world.take(watcher).iter().filter(|frame| frame["type"] == "presence") {
                for entry in frame["joined"].as_array().unwrap() {
                    prop_assert!(present.insert(entry["peerId"].to_string()), "joined twice");
                }
                for entry in frame["left"].as_array().unwrap() {
                    prop_assert!(present.remove(&entry["peerId"].to_string()), "left without joining");
                }
            }
        }
        let listed: Vec<Value> = serde_json::from_str(&world.hub.peers_in("app", "r/1")).unwrap();
        prop_assert_eq!(listed.len(), present.len() + 1);
    }
}

/// `FUZZ_CASES=100000` for a long run by hand.
fn cases() -> u32 {
    std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

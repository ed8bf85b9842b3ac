//! Requests and their answers (rules 51 to 76).

use std::collections::BTreeSet;

use metered_realtime_proto::machine::{CallError, Event, Outcome, State};
use metered_realtime_proto::wire::ApplicationFrame;
use serde_json::json;

use crate::sim::Sim;

#[test]
fn e051_an_idle_client_refuses_requests_and_sends_nothing() {
    let mut sim = Sim::new();
    assert_eq!(sim.publish("a", "1"), Err(CallError::NotConnected));
    assert_eq!(sim.send("p", "1"), Err(CallError::NotConnected));
    assert_eq!(sim.subscribe("a"), Err(CallError::NotConnected));
    assert_eq!(sim.unsubscribe("a"), Err(CallError::NotConnected));
    assert!(sim.lines().is_empty());
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn e052_a_reconnecting_client_refuses_requests() {
    let mut sim = Sim::reconnecting();
    assert_eq!(sim.publish("a", "1"), Err(CallError::NotConnected));
    assert_eq!(CallError::NotConnected.outcome(), Outcome::NotSent);
}

#[test]
fn e053_a_publish_is_one_frame_and_waits() {
    let mut sim = Sim::connected();
    let call = sim.publish("alerts", r#"{"n":1}"#).unwrap();
    let id = call.0.to_string();
    let frame = json!({"type": "publish", "channel": "alerts", "data": {"n": 1}, "requestId": id});
    assert_eq!(sim.frames(), [frame]);
    assert_eq!(sim.answer(call), None);
}

#[test]
fn e054_an_ack_answers_the_request() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.ack(call);
    assert!(sim.succeeded(call));
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn e055_answers_may_come_in_any_order() {
    let mut sim = Sim::connected();
    let first = sim.publish("a", "1").unwrap();
    let second = sim.publish("a", "2").unwrap();
    sim.ack(second);
    assert!(sim.succeeded(second) && sim.answer(first).is_none());
    sim.ack(first);
    assert!(sim.succeeded(first));
}

#[test]
fn e056_a_refusal_fails_the_request_and_nothing_else() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.forget_trace();
    sim.reject(call, "over_message_quota");
    assert_eq!(sim.lines(), ["publish a: rejected over_message_quota"]);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.error(call).outcome(), Outcome::Rejected);
}

#[test]
fn e057_an_unknown_code_passes_through() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.reject(call, "brand_new");
    assert_eq!(sim.error(call), &CallError::Rejected { code: "brand_new".into(), message: None });
}

#[test]
fn e058_a_refusal_has_the_message_of_the_server() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.receive(
        &json!({"type": "error", "requestId": call.0.to_string(), "code": "c", "message": "no: x"})
            .to_string(),
    );
    assert_eq!(
        sim.error(call),
        &CallError::Rejected { code: "c".into(), message: Some("no: x".into()) }
    );
}

#[test]
fn e059_an_error_without_an_id_is_an_event() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.forget_trace();
    for frame in [
        r#"{"type":"error","code":"c","message":"m"}"#,
        r#"{"type":"error","code":"c","message":"m","requestId":""}"#,
        r#"{"type":"error","code":"c","message":"m","requestId":5}"#,
    ] {
        sim.receive(frame);
        let event = Event::ServerError {
            code: "c".into(),
            message: Some("m".into()),
            request_id: None,
            channel: None,
        };
        assert_eq!(sim.events(), [event], "{frame}");
    }
    assert_eq!(sim.answer(call), None);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e060_an_unknown_type_without_an_id_is_not_an_event() {
    let mut sim = Sim::connected();
    sim.receive(r#"{"type":"error","code":"unknown_type"}"#);
    assert!(sim.lines().is_empty());
}

#[test]
fn e061_an_unknown_type_with_the_id_of_a_request_fails_it() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.reject(call, "unknown_type");
    assert!(matches!(sim.error(call), CallError::Rejected { .. }));
}

#[test]
fn e062_without_an_answer_a_request_fails_after_fifteen_seconds() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.advance(14_999);
    assert_eq!(sim.answer(call), None);
    sim.advance(1);
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 15_000 });
    assert_eq!(sim.error(call).outcome(), Outcome::Unknown);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn e063_an_ack_after_the_timeout_is_ignored() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.advance(15_000);
    sim.forget_trace();
    sim.ack(call);
    assert!(sim.lines().is_empty());
}

#[test]
fn e064_an_error_after_the_timeout_is_an_event_with_the_id() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.advance(15_000);
    sim.forget_trace();
    sim.reject(call, "late");
    assert_eq!(sim.lines(), [format!("server error late {}", call.0)]);
}

#[test]
fn e065_an_ack_for_an_unknown_id_is_ignored() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.forget_trace();
    let id = call.0;
    for unknown in ["99999".into(), format!("+{id}"), format!("0{id}"), format!("{id} "), "".into()]
    {
        sim.receive(&json!({"type": "ack", "requestId": unknown}).to_string());
    }
    sim.receive(&json!({"type": "ack", "requestId": "8c1f-4a"}).to_string());
    assert!(sim.lines().is_empty());
    assert_eq!(sim.answer(call), None);
}

#[test]
fn e066_a_second_ack_is_ignored() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.ack(call);
    sim.forget_trace();
    sim.ack(call);
    assert!(sim.lines().is_empty());
}

#[test]
fn e067_requests_in_flight_fail_before_disconnected_is_emitted() {
    let mut sim = Sim::connected();
    for channel in ["a", "b", "c"] {
        sim.publish(channel, "1").unwrap();
    }
    sim.forget_trace();
    sim.drop_connection(1006);
    assert_eq!(
        sim.lines(),
        [
            "publish a: lost 1006 unknown",
            "publish b: lost 1006 unknown",
            "publish c: lost 1006 unknown",
            "disconnected 1006, will retry",
            "connected -> reconnecting"
        ]
    );
}

#[test]
fn e068_an_ack_of_an_old_request_on_the_new_socket_is_ignored() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.drop_connection(1006);
    sim.advance(500);
    assert_eq!(sim.state(), State::Connected);
    let new = sim.publish("a", "2").unwrap();
    sim.forget_trace();
    sim.ack(call);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.answer(new), None);
}

#[test]
fn e069_null_is_data() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "null").unwrap();
    assert_eq!(
        sim.frames(),
        [json!({"type": "publish", "channel": "a", "data": null, "requestId": call.0.to_string()})]
    );
    sim.ack(call);
    assert!(sim.succeeded(call));
}

#[test]
fn e070_nested_unicode_arrives_unchanged() {
    let mut sim = Sim::connected();
    let data = json!({"ключ": ["日本", "🦀", {"\u{7f}\u{2028}\"\\": "\u{0}\n"}]});
    sim.publish("комната/🦀", &data.to_string()).unwrap();
    let frame = sim.frames().remove(0);
    assert_eq!(frame["data"], data);
    assert_eq!(frame["channel"], "комната/🦀");
}

#[test]
fn e071_a_direct_message_names_its_receiver() {
    let mut sim = Sim::connected();
    let call = sim.send("peer-xyz", "[1]").unwrap();
    let id = call.0.to_string();
    assert_eq!(
        sim.frames(),
        [json!({"type": "send", "to": "peer-xyz", "data": [1], "requestId": id})]
    );
}

#[test]
fn e072_a_missing_peer_fails_the_request() {
    let mut sim = Sim::connected();
    let call = sim.send("peer-xyz", "1").unwrap();
    sim.reject(call, "peer_not_found");
    assert_eq!(
        sim.error(call),
        &CallError::Rejected { code: "peer_not_found".into(), message: None }
    );
}

#[test]
fn e073_a_thousand_requests_have_a_thousand_short_ids() {
    let mut sim = Sim::connected();
    for _ in 0..1_000 {
        sim.publish("a", "1").unwrap();
    }
    let frames = sim.frames();
    let ids: BTreeSet<_> =
        frames.iter().map(|frame| frame["requestId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1_000);
    assert!(ids.iter().all(|id| (1..=128).contains(&id.len())));
}

#[test]
fn e074_the_option_for_metadata_is_sent_only_when_it_is_on() {
    let mut sim = Sim::connected();
    let plain = sim.subscribe("a").unwrap().0.to_string();
    let with = sim.subscribe_with("b", true).unwrap().0.to_string();
    assert_eq!(
        sim.frames(),
        [
            json!({"type": "subscribe", "channel": "a", "requestId": plain}),
            json!({"type": "subscribe", "channel": "b", "requestId": with,
                   "includeSenderMetadata": true}),
        ]
    );
}

#[test]
fn e075_a_request_on_a_socket_that_is_closing_fails_at_once() {
    let mut sim = Sim::connected();
    sim.sends_fail = true;
    let call = sim.publish("a", "1").unwrap();
    assert_eq!(sim.error(call), &CallError::NotConnected);
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn e076_inside_a_disconnected_handler_requests_are_refused() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Disconnected { .. } = event {
            assert_eq!(sim.publish("a", "1"), Err(CallError::NotConnected));
            assert_eq!(sim.subscribe("a"), Err(CallError::NotConnected));
        }
    });
    sim.drop_connection(1006);
    assert_eq!(sim.lines().len(), 2);
    assert_eq!(sim.machine.tracked_channels(), 0);
}

#[test]
fn a_request_whose_frame_was_never_sent_has_the_outcome_not_sent() {
    let mut sim = Sim::connected();
    // The call is made in a handler, so its frame is queued, and then the socket closes.
    sim.on(|sim, event| {
        if let Event::Application(ApplicationFrame::Message { .. }) = event {
            sim.publish("a", "1").unwrap();
            sim.drop_connection(1006);
        }
    });
    sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert_eq!(
        sim.lines(),
        [
            "message a p 1",
            "publish a: lost 1006 notSent",
            "disconnected 1006, will retry",
            "connected -> reconnecting"
        ]
    );
}

#[test]
fn a_timeout_that_is_set_later_starts_at_that_time() {
    let mut sim = Sim::connected();
    let answered = sim.publish("a", "0").unwrap();
    let first = sim.publish("a", "1").unwrap();
    let second = sim.publish("a", "2").unwrap();
    sim.ack(answered);
    sim.advance(50);
    sim.set_timeout(answered, 10);
    sim.set_timeout(second, 100);
    sim.set_timeout(first, 20_000);
    assert_eq!(sim.advance_to_alarm(), 100);
    assert_eq!(sim.error(second), &CallError::AckTimeout { timeout_ms: 100 });
    sim.receive(r#"{"type":"pong"}"#);
    sim.advance(19_899);
    assert_eq!(sim.answer(first), None);
    sim.advance(1);
    assert_eq!(sim.error(first), &CallError::AckTimeout { timeout_ms: 20_000 });
}

#[test]
fn a_request_may_have_a_timeout_of_its_own() {
    let mut sim = Sim::connected();
    let slow = sim.publish_within("a", "1", 20_000).unwrap();
    let quick = sim.publish_within("a", "2", 100).unwrap();
    assert_eq!(sim.advance_to_alarm(), 100);
    assert_eq!(sim.error(quick), &CallError::AckTimeout { timeout_ms: 100 });
    assert_eq!(sim.answer(slow), None);
    sim.receive(r#"{"type":"pong"}"#);
    sim.advance(19_899);
    assert_eq!(sim.answer(slow), None);
    sim.advance(1);
    assert_eq!(sim.error(slow), &CallError::AckTimeout { timeout_ms: 20_000 });
}

#[test]
fn each_kind_of_request_can_be_withdrawn() {
    let mut sim = Sim::connected();
    let calls = [
        sim.publish("a", "1").unwrap(),
        sim.send("p", "1").unwrap(),
        sim.subscribe("a").unwrap(),
        sim.unsubscribe("b").unwrap(),
    ];
    for call in calls {
        sim.abort(call);
        assert_eq!(sim.error(call), &CallError::Aborted { outcome: Outcome::Unknown });
        // The answer still comes and is ignored. Withdrawing twice does nothing.
        sim.ack(call);
        sim.abort(call);
    }
    assert_eq!((sim.machine.requests_in_flight(), sim.machine.tracked_channels()), (0, 0));
}

#[test]
fn a_request_that_is_withdrawn_before_it_is_sent_is_never_sent() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Application(ApplicationFrame::Message { .. }) = event {
            let call = sim.publish("a", "1").unwrap();
            sim.abort(call);
        }
    });
    sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert_eq!(sim.lines(), ["message a p 1", "publish a: aborted notSent"]);
}

#[test]
fn the_short_way_for_an_ack_is_for_publishes_and_sends_alone() {
    let mut sim = Sim::connected();
    let socket = metered_realtime_proto::machine::SocketId(sim.socket());
    let now = sim.instant();
    let publish = sim.publish("a", "1").unwrap();
    let subscribe = sim.subscribe("a").unwrap();
    let other = metered_realtime_proto::machine::SocketId(99);
    assert!(!sim.machine.take_ack(other, publish, now), "another socket");
    sim.receive_undrained(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert!(!sim.machine.take_ack(socket, publish, now), "an event comes first");
    sim.pump();
    assert!(sim.machine.take_ack(socket, publish, now));
    assert!(!sim.machine.take_ack(socket, publish, now), "it is answered");
    assert!(!sim.machine.take_ack(socket, subscribe, now), "it has to be confirmed");
    sim.ack(subscribe);
    assert!(sim.succeeded(subscribe));
}

#[test]
fn the_short_way_for_a_message_waits_for_queued_outputs() {
    let mut sim = Sim::connected();
    let socket = metered_realtime_proto::machine::SocketId(sim.socket());
    let now = sim.instant();
    assert!(sim.machine.admit(socket, now));
    sim.receive_undrained(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert!(!sim.machine.admit(socket, now), "an event comes first");
    sim.pump();
    assert!(sim.machine.admit(socket, now));
    sim.drop_connection(1006);
    assert!(!sim.machine.admit(socket, now), "the socket is old");
    sim.advance_to_alarm();
    assert_eq!(sim.state(), State::Connected);
    assert!(!sim.machine.admit(socket, sim.instant()), "the socket is still old");
}

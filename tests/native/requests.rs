//! Requests and their answers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use metered_realtime::SubscribeOptions;
use metered_realtime::errors::{Outcome, RequestError};
use metered_realtime::events::ServerError;
use serde::{Serialize, Serializer};
use serde_json::json;

use crate::stage::Stage;
use crate::support::{connected, next, server, until, within};

fn argument(error: RequestError) -> &'static str {
    let RequestError::InvalidArgument { argument, .. } = error else { panic!("{error:?}") };
    argument
}

#[tokio::test]
async fn e051_without_a_connection_nothing_is_sent() {
    let client = Stage::new().await.client();
    for request in [
        client.publish("c", 1),
        client.send("p", 1),
        client.subscribe("c"),
        client.unsubscribe("c"),
    ] {
        let error = within(request).await.unwrap_err();
        assert_eq!((error.outcome(), error), (Outcome::NotSent, RequestError::NotConnected));
    }
}

#[tokio::test]
async fn e053_e054_e055_each_request_is_answered_by_its_own_ack() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let (one, two) = (client.publish("c", json!({"n": 1})), client.publish("c", json!({"n": 2})));
    let (first, second) = (peer.frame().await, peer.frame().await);
    assert_eq!(
        (&first["type"], &first["channel"], &first["data"]),
        (&json!("publish"), &json!("c"), &json!({"n": 1}))
    );
    peer.send(json!({"type": "ack", "requestId": second["requestId"]}).to_string()).await;
    within(two).await.unwrap();
    peer.send(json!({"type": "ack", "requestId": first["requestId"]}).to_string()).await;
    within(one).await.unwrap();
}

#[tokio::test]
async fn e056_e057_e058_a_refusal_carries_code_and_message_and_is_not_an_event() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut errors = client.events::<ServerError>();
    let request = client.publish("c", 1);
    let id = peer.frame().await["requestId"].clone();
    let frame = json!({"type": "error", "requestId": id, "code": "brand_new", "message": "no"});
    peer.send(frame.to_string()).await;
    let error = within(request).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some("brand_new"), Outcome::Rejected));
    let RequestError::ServerRequest { message, request_id, .. } = error else { panic!() };
    assert_eq!((message.as_deref(), json!(request_id)), (Some("no"), id));
    // Only the second error is an event.
    peer.send(r#"{"type":"error","code":"internal_error"}"#).await;
    assert_eq!(next(&mut errors).await.code, "internal_error");
}

#[tokio::test]
async fn e067_a_lost_connection_fails_the_requests_in_flight() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let request = client.publish("c", 1);
    peer.frame().await;
    drop(peer);
    let error = within(request).await.unwrap_err();
    assert_eq!(error, RequestError::Disconnected { close_code: 1006, outcome: Outcome::Unknown });
}

#[tokio::test]
async fn e069_e070_e071_data_arrives_unchanged() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    client.publish("räume/ü 🦀", json!(null)).detach();
    let frame = peer.ack().await;
    assert_eq!((&frame["channel"], frame.get("data")), (&json!("räume/ü 🦀"), Some(&json!(null))));
    let data = json!({"a": ["ß", {"\u{1F980}": "\u{7f}\n\"\\"}], "n": 1.5e300});
    client.send("peer-xyz", &data).detach();
    let frame = peer.ack().await;
    assert_eq!(
        (&frame["type"], &frame["to"], &frame["data"]),
        (&json!("send"), &json!("peer-xyz"), &data)
    );
}

#[tokio::test]
async fn e073_a_thousand_publishes_have_a_thousand_ids() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let requests: Vec<_> = (0..1000).map(|n| client.publish("c", n)).collect();
    let mut ids = BTreeSet::new();
    for n in 0..1000 {
        let frame = peer.ack().await;
        assert_eq!(frame["data"], n, "the order is kept");
        ids.insert(frame["requestId"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1000);
    for request in requests {
        within(request).await.unwrap();
    }
}

#[tokio::test]
async fn e074_the_flag_for_metadata_is_sent_only_when_it_is_set() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    client.subscribe("a").detach();
    client.subscribe_with("b", SubscribeOptions { include_sender_metadata: true }).detach();
    assert_eq!(peer.ack().await.get("includeSenderMetadata"), None);
    assert_eq!(peer.ack().await["includeSenderMetadata"], true);
}

#[tokio::test]
async fn e077_e078_e079_e080_e081_names_are_checked_before_anything_else() {
    let client = Stage::new().await.client();
    let long = "x".repeat(257);
    for bad in ["", &long, "a\u{0}", "a\u{1f}", "a\u{7f}", "a\u{85}"] {
        assert_eq!(argument(within(client.subscribe(bad)).await.unwrap_err()), "channel");
        assert_eq!(argument(within(client.unsubscribe(bad)).await.unwrap_err()), "channel");
        assert_eq!(argument(within(client.publish(bad, 1)).await.unwrap_err()), "channel");
    }
    for bad in ["", &long[..129], "a\n"] {
        assert_eq!(argument(within(client.send(bad, 1)).await.unwrap_err()), "to_peer_id");
    }
    for good in ["a b", "*", "/", "🦀", &long[..256]] {
        assert_eq!(within(client.subscribe(good)).await, Err(RequestError::NotConnected));
    }
}

#[tokio::test]
async fn e083_numbers_that_are_not_finite_are_refused_wherever_they_are() {
    #[derive(Serialize)]
    struct Deep {
        list: Vec<Option<f32>>,
    }
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    for request in [
        client.publish("c", f64::NAN),
        client.publish("c", Deep { list: vec![None, Some(f32::INFINITY)] }),
        client.publish("c", BTreeMap::from([("k", (1, [f64::NEG_INFINITY]))])),
        client.send("p", Some(Some(f64::NAN))),
    ] {
        let error = within(request).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("NaN or infinite"), "{error}");
    }
    client.publish("c", (0.5, f64::MAX, Option::<f64>::None)).detach();
    assert_eq!(peer.frame().await["data"], json!([0.5, f64::MAX, null]));
}

#[tokio::test]
async fn data_that_is_nested_too_deeply_is_refused() {
    #[derive(Serialize)]
    struct Nested(Vec<Nested>);
    let nested = |depth| (1..depth).fold(Nested(vec![]), |inner, _| Nested(vec![inner]));
    let client = Stage::new().await.client();
    for depth in [128, 50_000] {
        let data = nested(depth);
        let error = within(client.publish("c", &data)).await.unwrap_err();
        assert!(error.to_string().contains("must not be nested more than 127 deep"), "{error}");
        // Dropping it would overflow the stack.
        std::mem::forget(data);
    }
    assert_eq!(within(client.publish("c", nested(127))).await, Err(RequestError::NotConnected));
}

#[tokio::test]
async fn e085_e086_e087_e088_the_latest_welcome_sets_the_size_limit_of_payloads() {
    let stage = Stage::new().await;
    let client = stage.client();
    let call = client.connect();
    let mut peer = stage.accept().await;
    peer.welcome(json!({"maxMessageSize": 1000})).await;
    within(call).await.unwrap();
    let error = within(client.publish("c", "x".repeat(999))).await.unwrap_err();
    assert_eq!(error, RequestError::OversizedPayload { size: 1001, cap: 1000 });
    let error = within(client.publish("c", "é".repeat(500))).await.unwrap_err();
    assert_eq!(error, RequestError::OversizedPayload { size: 1002, cap: 1000 });
    client.publish("c", "x".repeat(998)).detach();
    peer.ack().await;
    drop(peer);
    let mut peer = stage.accept().await;
    peer.welcome(json!({"maxMessageSize": 10})).await;
    until(|| client.state().name() == "connected").await;
    let error = within(client.publish("c", "x".repeat(998))).await.unwrap_err();
    assert_eq!(error, RequestError::OversizedPayload { size: 1000, cap: 10 });
}

#[tokio::test]
async fn e090_data_that_json_cannot_hold_is_refused() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("on principle"))
        }
    }
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let keys = BTreeMap::from([(vec![1], 1)]);
    assert_eq!(argument(within(client.publish("c", keys)).await.unwrap_err()), "data");
    let error = within(client.publish("c", Refuses)).await.unwrap_err();
    assert!(error.to_string().contains("on principle"));
    client.publish("c", 7).detach();
    assert_eq!(peer.frame().await["data"], 7, "the refused ones left nothing behind");
}

#[tokio::test]
async fn a_request_that_is_dropped_at_once_is_not_sent() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    drop(client.publish("c", "unwanted"));
    client.publish("c", "wanted").detach();
    assert_eq!(peer.frame().await["data"], "wanted");
}

#[tokio::test]
async fn the_answer_to_a_dropped_request_is_ignored() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let dropped = client.publish("c", 1);
    let frame = peer.frame().await;
    drop(dropped);
    peer.send(json!({"type": "ack", "requestId": frame["requestId"]}).to_string()).await;
    let request = client.publish("c", 2);
    peer.ack().await;
    within(request).await.unwrap();
}

#[tokio::test]
async fn the_real_server_refuses_with_its_codes() {
    let server = server().await;
    let client = connected(&server).await;
    let reserved = within(client.subscribe("_metered/x")).await.unwrap_err();
    assert_eq!(reserved.code(), Some("channel_reserved"));
    let nobody = within(client.send("nobody", 1)).await.unwrap_err();
    assert_eq!(nobody.code(), Some("peer_not_found"));
    within(client.publish("still/alive", 1)).await.unwrap();
}

#[tokio::test]
async fn received_data_can_be_published_unchanged() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut messages = client.events::<metered_realtime::events::Message>();
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":{"b":1.0,"a":"\ud800"}}"#).await;
    client.publish("d", next(&mut messages).await.data).detach();
    let sent = within(futures::StreamExt::next(&mut peer.socket)).await.unwrap().unwrap();
    assert!(sent.to_text().unwrap().contains(r#""data":{"b":1.0,"a":"\ud800"}"#));
}

#[tokio::test]
async fn a_request_may_have_its_own_timeout() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let timeout = Duration::from_millis(50);
    let error = within(client.publish("c", 1).timeout(timeout)).await.unwrap_err();
    assert!(matches!(error, RequestError::AckTimeout { timeout: told, .. } if told == timeout));
    assert_eq!(peer.frame().await["data"], 1);
    let patient = client.publish("c", 2).timeout(Duration::MAX);
    assert_eq!(peer.ack().await["data"], 2);
    within(patient).await.unwrap();
    within(client.close()).await;
    let refused = client.publish("c", 3).timeout(timeout);
    assert_eq!(within(refused).await, Err(RequestError::NotConnected));
}

/// Data with a `Serialize` that fails or panics.
struct Faulty(&'static str);

impl Serialize for Faulty {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            "panics" => panic!("the user's panic"),
            error => Err(serde::ser::Error::custom(error)),
        }
    }
}

#[tokio::test]
async fn d18_an_error_of_the_users_serialize_keeps_its_text_and_nothing_is_sent() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    for data in [json!([1]).to_string(), "the user's own error".to_owned()] {
        let data: &'static str = data.leak();
        let error = within(client.publish("c", [Faulty(data)])).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains(data), "{error}");
    }
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        client.send("p", Faulty("panics")).detach();
    }));
    assert_eq!(thrown.unwrap_err().downcast_ref(), Some(&"the user's panic"));
    let (published, frame) = tokio::join!(client.publish("c", "after that"), peer.ack());
    published.unwrap();
    assert_eq!(frame["data"], "after that", "it is the first frame");
}

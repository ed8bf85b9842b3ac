//! The Rust surface with the browser's own WebSocket, against the local server.

use std::time::Duration;

use futures::StreamExt;
use js_sys::{Function, Promise, Reflect};
use metered_realtime::errors::{ConnectError, RequestError};
use metered_realtime::events::{Connected, Direct, Disconnected, Message, Presence};
use metered_realtime::{SignallingClient, State};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::rust_api_stage::{next, quickly, until, within};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Chat {
    text: String,
    number: f64,
    tags: Vec<Option<String>>,
}

fn chat(text: &str) -> Chat {
    Chat { text: text.into(), number: 0.1, tags: vec![None, Some("ü🦀".into())] }
}

#[wasm_bindgen_test]
async fn two_clients_meet_in_a_channel_and_talk_both_ways() {
    let (anna, anna_id) = connected().await;
    let (ben, ben_id) = connected().await;
    let mut presence = anna.events::<Presence>();
    let (mut to_anna, mut to_ben) = (anna.events::<Message>(), ben.events::<Message>());
    within(anna.subscribe("rust/meet")).await.unwrap();
    let snapshot = next(&mut presence).await;
    assert!(!snapshot.joined.iter().any(|peer| peer.peer_id == ben_id));
    within(ben.subscribe("rust/meet")).await.unwrap();
    assert_eq!(next(&mut presence).await.joined[0].peer_id, ben_id);

    within(anna.publish("rust/meet", chat("from Anna"))).await.unwrap();
    let message = next(&mut to_ben).await;
    assert_eq!((&message.channel[..], &message.sender_peer_id), ("rust/meet", &anna_id));
    assert_eq!(message.data::<Chat>().unwrap(), chat("from Anna"));
    within(ben.publish("rust/meet", &message.data)).await.unwrap();
    assert_eq!(next(&mut to_anna).await.data::<Chat>().unwrap(), chat("from Anna"));

    let mut direct = ben.events::<Direct>();
    within(anna.send(&ben_id, ("psst", 7))).await.unwrap();
    let event = next(&mut direct).await;
    assert_eq!(event.sender_peer_id, anna_id);
    assert_eq!(event.data::<(String, u8)>().unwrap(), ("psst".into(), 7));

    within(ben.unsubscribe("rust/meet")).await.unwrap();
    assert_eq!(next(&mut presence).await.left[0].peer_id, ben_id);
    within(ben.close()).await;
    within(anna.close()).await;
    assert_eq!(within(to_anna.next()).await, None);
}

#[wasm_bindgen_test]
async fn a_link_that_the_server_cuts_comes_back_subscribed() {
    let (client, id) = connected().await;
    let (other, _) = connected().await;
    let mut presence = client.events::<Presence>();
    within(client.subscribe("rust/cut")).await.unwrap();
    next(&mut presence).await;
    let (mut lost, mut found) = (client.events::<Disconnected>(), client.events::<Connected>());
    let mut messages = client.events::<Message>();
    cut(&id).await;
    let event = next(&mut lost).await;
    assert_eq!((event.code, event.will_reconnect), (1006, true));
    assert!(next(&mut found).await.is_reconnect);
    // The snapshot shows that it is subscribed again.
    next(&mut presence).await;
    within(other.publish("rust/cut", "still there?")).await.unwrap();
    assert_eq!(next(&mut messages).await.data::<String>().unwrap(), "still there?");
}

#[wasm_bindgen_test]
async fn many_messages_arrive_in_their_order() {
    let (client, _) = connected().await;
    let (other, _) = connected().await;
    within(other.subscribe("rust/many")).await.unwrap();
    let mut messages = other.events::<Message>();
    let requests: Vec<_> = (0..50).map(|number| client.publish("rust/many", number)).collect();
    for request in requests {
        within(request).await.unwrap();
    }
    for number in 0..50 {
        assert_eq!(next(&mut messages).await.data::<u32>().unwrap(), number);
    }
}

#[wasm_bindgen_test]
async fn the_server_refuses_with_its_codes() {
    let (client, _) = connected().await;
    let reserved = within(client.subscribe("_metered/x")).await.unwrap_err();
    assert_eq!(reserved.code(), Some("channel_reserved"));
    let nobody = within(client.send("nobody", 1)).await.unwrap_err();
    assert_eq!(nobody.code(), Some("peer_not_found"));
    let large = within(client.publish("rust/large", "x".repeat(100_000))).await.unwrap_err();
    assert!(matches!(large, RequestError::OversizedPayload { size: 100_002, .. }), "{large:?}");
    within(client.publish("still/alive", 1)).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_wrong_key_or_token_or_nobody_at_all_fails_the_connect() {
    let wrong_key = SignallingClient::builder().api_key("pk_live_wrong").url(server());
    let wrong_token =
        SignallingClient::builder().token_provider(|| async { "no.such.token" }).url(server());
    // Nothing listens on port 1.
    let nobody = SignallingClient::builder().api_key("pk_live_local").url("ws://127.0.0.1:1");
    for builder in [wrong_key, wrong_token, nobody] {
        let client = builder.build().unwrap();
        let error = within(client.connect()).await.unwrap_err();
        assert!(matches!(error, ConnectError::Closed { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
        assert_eq!(client.state(), State::Closed);
    }
}

#[wasm_bindgen_test]
async fn the_server_sees_a_dropped_client_go() {
    let (client, _) = connected().await;
    let (other, other_id) = connected().await;
    let mut presence = client.events::<Presence>();
    within(client.subscribe("rust/gone")).await.unwrap();
    within(other.subscribe("rust/gone")).await.unwrap();
    drop(other);
    let gone = |event: &Presence| event.left.iter().any(|peer| peer.peer_id == other_id);
    while !gone(&next(&mut presence).await) {}
}

#[wasm_bindgen_test]
async fn a_connect_that_is_dropped_while_the_browser_dials_leaves_no_connection() {
    let client = options().build().unwrap();
    let connect = client.connect();
    super::rust_api_stage::pass(1).await;
    drop(connect);
    assert_eq!(client.state(), State::Closed);
    within(client.connect()).await.unwrap();
    until(|| client.state() == State::Connected).await;
    within(client.close()).await;
}

fn options() -> metered_realtime::Builder {
    SignallingClient::builder()
        .api_key("pk_live_local")
        .url(server())
        .inactivity_timeout(Duration::from_secs(30))
        .reconnect(quickly())
}

/// A connected client and its peer id.
async fn connected() -> (SignallingClient, String) {
    let client = options().build().unwrap();
    let mut connected = client.events::<Connected>();
    within(client.connect()).await.unwrap();
    let id = next(&mut connected).await.peer_id;
    (client, id)
}

/// Makes the server cut the connection without a close frame.
async fn cut(peer: &str) {
    let address = format!("{}/_dev/faults", server().replacen("ws", "http", 1));
    let post = Function::new_with_args(
        "address, peer",
        r#"return fetch(address, { method: "POST", body: JSON.stringify({ fault: "drop", peer }) })
             .then((response) => response.json())"#,
    );
    let answer = post.call2(&JsValue::UNDEFINED, &address.into(), &peer.into()).unwrap();
    let answer: Promise = answer.unchecked_into();
    let answer = wasm_bindgen_futures::JsFuture::from(answer).await.unwrap();
    let affected = Reflect::get(&answer, &"affected".into()).unwrap();
    assert_eq!(affected.as_f64(), Some(1.0), "the server cut one connection");
}

/// A test in a browser has no environment, so the address is compiled in.
pub(crate) fn server() -> &'static str {
    let Some(url) = option_env!("METERED_TEST_URL") else {
        panic!(
            "METERED_TEST_URL named no local server when this was compiled; \
             `cargo xtask test --only wasm-chrome` starts one and names it"
        );
    };
    url
}

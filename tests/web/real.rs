//! The driver with the browser's own WebSocket, against the local server.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::fakes::{Client, Setup, wait};

#[wasm_bindgen_test]
async fn two_clients_meet_in_a_channel_and_talk() {
    let anna = connected().await;
    let ben = connected().await;
    for client in [&anna, &ben] {
        let call = client.subscribe("a");
        client.seen(&format!("resolved {call}")).await;
        client.seen("presence a").await;
    }
    anna.seen("presence a +1 -0").await;
    let call = anna.publish();
    anna.seen(&format!("resolved {call}")).await;
    ben.seen("message a {}").await;
    closed(&ben).await;
    anna.seen("presence a +0 -1").await;
    closed(&anna).await;
}

#[wasm_bindgen_test]
async fn a_link_that_the_server_cuts_comes_back_subscribed() {
    let client = connected().await;
    let call = client.subscribe("cut");
    client.seen(&format!("resolved {call}")).await;
    client.seen("presence cut").await;
    let peer = client
        .take()
        .into_iter()
        .find_map(|line| line.strip_prefix("connected as ").map(str::to_owned));
    cut(&peer.unwrap()).await;
    client.seen(r#"disconnected 1006 "" for now"#).await;
    client.seen("state reconnecting > connected").await;
    client.seen("presence cut").await;
    closed(&client).await;
}

#[wasm_bindgen_test]
async fn a_wrong_key_fails_the_connect() {
    let client = Setup { key: Some("pk_live_wrong"), url: server(), ..Setup::default() }.client();
    client.host.set_makes("real");
    let call = client.connect();
    client.seen(&format!("rejected {call}: connect notSent")).await;
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_fails_the_connect_with_1006() {
    // Port 1 is nobody's.
    let client = Setup { url: "ws://127.0.0.1:1", ..Setup::default() }.client();
    client.host.set_makes("real");
    let call = client.connect();
    client.seen(&format!("rejected {call}: connect notSent 1006")).await;
}

async fn connected() -> Client {
    let client = Setup { key: Some("pk_live_local"), url: server(), ..Setup::default() }.client();
    client.host.set_makes("real");
    let call = client.connect();
    client.seen(&format!("resolved {call}")).await;
    client
}

async fn closed(client: &Client) {
    let call = client.close();
    client.seen(&format!("resolved {call}")).await;
}

/// Orders the server to cut the connection without a close frame.
async fn cut(peer: &str) {
    let address = format!("{}/_dev/faults", server().replacen("ws", "http", 1));
    let post = Function::new_with_args(
        "address, peer",
        r#"return fetch(address, { method: "POST", body: JSON.stringify({ fault: "drop", peer }) })
             .then((response) => response.json())"#,
    );
    let answer = post.call2(&JsValue::UNDEFINED, &address.into(), &peer.into()).unwrap();
    let answer = wait(answer.unchecked_into::<Promise>()).await;
    let affected = js_sys::Reflect::get(&answer, &"affected".into()).unwrap();
    assert_eq!(affected.as_f64(), Some(1.0), "the server cut one connection");
}

/// A test in a browser has no environment, so the address is compiled in.
fn server() -> &'static str {
    let Some(url) = option_env!("METERED_TEST_URL") else {
        panic!(
            "METERED_TEST_URL named no local server when this was compiled; \
             `cargo xtask test --only wasm-chrome` starts one and names it"
        );
    };
    url
}

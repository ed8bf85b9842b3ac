//! Keys and tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use metered_realtime_proto::wire::Secret;
use metered_realtime_server::hub::Action;
use metered_realtime_server::{
    Config, PublishableKey, Rejection, Rights, SecretKey, Server, TokenRequest,
};
use ring::hmac;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::client::{Client, End, server};

const SECRET: &str = "sk_secret_0123456789abcdef";

fn config(rejection: Rejection) -> Config {
    let rights = Rights {
        channel_patterns: vec!["rooms/*".to_owned(), "all/**".to_owned()],
        actions: vec![Action::Publish, Action::Subscribe, Action::Presence],
        ice_servers: Some(json!([{"urls": "stun:stun.example"}])),
        ..Rights::default()
    };
    Config {
        rejection,
        publishable_keys: vec![PublishableKey {
            key: "pk_live_site".to_owned(),
            rights: rights.clone(),
            allowed_origins: vec!["https://site.example".to_owned()],
        }],
        secret_keys: vec![SecretKey {
            id: "sk_id_test".to_owned(),
            secret: Secret::new(SECRET),
            rights,
            generated: false,
        }],
        ..Config::default()
    }
}

async fn start(rejection: Rejection) -> Server {
    Server::start(config(rejection)).await.unwrap()
}

fn sign(kid: Option<&str>, secret: &str, claims: &Value) -> String {
    let mut header = json!({"alg": "HS256"});
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    sign_with(hmac::HMAC_SHA256, &header, secret, claims)
}

fn sign_with(algorithm: hmac::Algorithm, header: &Value, secret: &str, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    format!("{signed}.{}", BASE64.encode(hmac::sign(&key, signed.as_bytes())))
}

fn far() -> u64 {
    4_000_000_000
}

/// How a client sees a refusal.
async fn refusal(server: &Server, query: &str) -> Result<End, u16> {
    let mut client = Client::dial(server, query).await?;
    Ok(client.end().await)
}

#[tokio::test]
async fn a_token_brings_identity_expiry_and_metadata() {
    let server = server().await;
    let mut request = TokenRequest::new("u_alice");
    request.metadata = json!({"iceServers": [{"urls": "turn:t.example"}]}).as_object().cloned();
    request.peer_metadata = json!({"username": "Alice"}).as_object().cloned();
    let minted = server.mint(&request).unwrap();

    let query = format!("token={}", minted.token.expose());
    let mut alice = Client::dial(&server, &query).await.unwrap();
    let welcome = alice.frame().await;
    assert_eq!(welcome["peerId"], "u_alice");
    assert_eq!(welcome["expiresAt"], minted.expires_at);
    assert_eq!(welcome["metadata"]["iceServers"][0]["urls"], "turn:t.example");

    let mut bob = Client::join(&server).await;
    bob.subscribe("r").await;
    alice.subscribe("r").await;
    let entry = json!([{"peerId": "u_alice", "metadata": {"username": "Alice"}}]);
    assert_eq!(bob.frame().await["joined"], entry);
}

#[tokio::test]
async fn a_short_token_is_closed_with_4002_before_it_expires() {
    let server = server().await;
    let mut request = TokenRequest::new("a");
    request.expires_in_sec = 1;
    let minted = server.mint(&request).unwrap();
    let mut client =
        Client::dial(&server, &format!("token={}", minted.token.expose())).await.unwrap();
    assert!(matches!(client.end().await, End::Close(4002, _)));
}

#[tokio::test]
async fn bad_credentials_are_refused_as_documented() {
    let server = start(Rejection::Documented).await;
    let good = json!({"sub": "a", "exp": far()});
    let mut closes = vec![("key=pk_live_nope".to_owned(), 4001)];
    let tokens = [
        (sign(Some("sk_id_nope"), SECRET, &good), 4001),
        (sign(Some("sk_id_test"), "sk_secret_wrong_wrong", &good), 4001),
        (sign(Some("sk_id_test"), SECRET, &json!({"sub": "a", "exp": 1})), 4002),
        (sign(Some("sk_id_test"), SECRET, &json!({"sub": "é", "exp": far()})), 4001),
        (
            sign(Some("sk_id_test"), SECRET, &json!({"sub": "a", "exp": far(), "metadata": [1]})),
            4001,
        ),
        (
            sign(
                Some("sk_id_test"),
                SECRET,
                &json!({"sub": "a", "exp": far(), "channels": ["**"]}),
            ),
            4001,
        ),
        (
            sign(
                Some("sk_id_test"),
                SECRET,
                &json!({"sub": "a", "exp": far(), "permissions": ["send"]}),
            ),
            4001,
        ),
        (
            sign(
                Some("sk_id_test"),
                SECRET,
                &json!({"sub": "a", "exp": far(), "peerMetadata": {"x": "x".repeat(4096)}}),
            ),
            4001,
        ),
    ];
    closes.extend(tokens.map(|(token, code)| (format!("token={token}"), code)));
    for (query, code) in closes {
        let end = refusal(&server, &query).await;
        assert!(matches!(&end, Ok(End::Close(c, _)) if *c == code), "{query}: {end:?}");
    }
    let unreadable = [
        String::new(),
        "key=pk_live_site&token=x".to_owned(),
        "token=".to_owned(),
        "token=a.b.c".to_owned(),
        format!("token={}", sign(None, SECRET, &good)),
        format!("token={}", sign(Some("sk_id_test"), SECRET, &json!({"exp": far()}))),
        "key=pk_live_site".to_owned(), // No Origin header, and the key asks for one.
    ];
    for query in unreadable {
        assert_eq!(refusal(&server, &query).await, Err(401), "{query}");
    }
}

#[tokio::test]
async fn every_refusal_can_be_http_or_a_close() {
    let http = start(Rejection::Http).await;
    assert_eq!(refusal(&http, "key=pk_live_nope").await, Err(401));
    let close = start(Rejection::Close).await;
    assert!(matches!(refusal(&close, "token=a.b").await, Ok(End::Close(4001, _))));
}

#[tokio::test]
async fn a_key_is_good_for_pages_of_its_origins_only() {
    let server = start(Rejection::Documented).await;
    for (origin, good) in [("https://site.example", true), ("https://evil.example", false)] {
        let url = format!("{}/v1?key=pk_live_site", server.url());
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let dialled = tokio_tungstenite::connect_async(request).await;
        assert_eq!(dialled.is_ok(), good, "{origin}");
    }
}

#[tokio::test]
async fn a_token_may_do_less_than_its_key_and_never_more() {
    let server = start(Rejection::Documented).await;
    let claims = json!({
        "sub": "a", "exp": far(), "channels": ["all/**", "rooms/x"], "permissions": ["subscribe", "presence"],
    });
    let query = format!("token={}", sign(Some("sk_id_test"), SECRET, &claims));
    let mut a = Client::dial(&server, &query).await.unwrap();
    let welcome = a.frame().await;
    assert_eq!(welcome["metadata"]["iceServers"][0]["urls"], "stun:stun.example");
    a.subscribe("rooms/x").await;
    a.subscribe("all/of/it").await;
    for (frame, code) in [
        (json!({"type": "subscribe", "channel": "rooms/y"}), "channel_not_authorized"),
        (json!({"type": "publish", "channel": "rooms/x", "data": 1}), "action_not_permitted"),
        (json!({"type": "send", "to": "a", "data": 1}), "action_not_permitted"),
    ] {
        a.say(frame).await;
        assert_eq!(a.frame().await["code"], code);
    }
}

#[tokio::test]
async fn a_relaxed_server_takes_any_key_but_no_forged_token() {
    let server = Server::start(Config::relaxed()).await.unwrap();
    Client::join_with(&server, "key=whatever%20it%20is").await;
    let token =
        sign(Some("sk_id_local"), "sk_secret_guess_guess", &json!({"sub": "a", "exp": far()}));
    assert!(matches!(refusal(&server, &format!("token={token}")).await, Ok(End::Close(4001, _))));
    assert_eq!(refusal(&server, "key=").await, Ok(End::Close(4001, "unknown key".to_owned())));
}

#[tokio::test]
async fn a_token_signed_with_another_algorithm_is_not_even_read() {
    let server = start(Rejection::Documented).await;
    let header = json!({"alg": "HS512", "kid": "sk_id_test"});
    let claims = json!({"sub": "a", "exp": far()});
    let token = sign_with(hmac::HMAC_SHA512, &header, SECRET, &claims);
    assert_eq!(refusal(&server, &format!("token={token}")).await, Err(401));
    // {"alg":"none","kid":"sk_id_test"} . {"sub":"a","exp":4000000000} .
    let unsigned =
        "eyJhbGciOiJub25lIiwia2lkIjoic2tfaWRfdGVzdCJ9.eyJzdWIiOiJhIiwiZXhwIjo0MDAwMDAwMDAwfQ.";
    assert_eq!(refusal(&server, &format!("token={unsigned}")).await, Err(401));
}

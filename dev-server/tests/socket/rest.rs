//! The REST control plane.

use metered_realtime_proto::wire::Secret;
use metered_realtime_server::hub::Action;
use metered_realtime_server::{Config, Rights, SecretKey, Server};
use serde_json::json;

use crate::client::{Client, End, http};

const AUTH: &str = "authorization: Bearer sk_id_all:sk_secret_all_0123456789\r\n";
const LIMITED: &str = "authorization: bearer sk_id_few:sk_secret_few_0123456789\r\n";

async fn start() -> Server {
    let key = |id: &str, secret: &str, rights: Rights| SecretKey {
        id: id.to_owned(),
        secret: Secret::new(secret),
        rights,
        generated: false,
    };
    let few = Rights {
        channel_patterns: vec!["rooms/*".to_owned()],
        actions: vec![Action::Subscribe],
        ..Rights::default()
    };
    let secret_keys = vec![
        key("sk_id_all", "sk_secret_all_0123456789", Rights::default()),
        key("sk_id_few", "sk_secret_few_0123456789", few),
    ];
    Server::start(Config { secret_keys, ..Config::default() }).await.unwrap()
}

#[tokio::test]
async fn tokens_are_minted_and_work() {
    let server = start().await;
    let body =
        json!({"peerId": "u_1", "channels": ["a/*"], "expiresInSec": 60, "peerMetadata": {"n": 1}});
    let (status, _, minted) = http(&server, "POST", "/v1/tokens", AUTH, &body.to_string()).await;
    assert_eq!(status, 200);
    assert!(minted["expiresAt"].is_u64());
    let query = format!("token={}", minted["token"].as_str().unwrap());
    let mut client = Client::join_with(&server, &query).await;
    assert_eq!(client.peer, "u_1");
    client.subscribe("a/b").await;
}

#[tokio::test]
async fn a_request_for_a_token_that_breaks_a_rule_is_refused() {
    let server = start().await;
    let cases = [
        (AUTH, json!({}), 400, "invalid_request"),
        (AUTH, json!({"peerId": ""}), 400, "invalid_request"),
        (AUTH, json!({"peerId": "a", "expiresInSec": 86_401}), 400, "invalid_request"),
        (AUTH, json!({"peerId": "a", "expiresInSec": 0}), 400, "invalid_request"),
        (AUTH, json!({"peerId": "a", "metadata": []}), 400, "invalid_request"),
        (
            AUTH,
            json!({"peerId": "a", "peerMetadata": {"x": "x".repeat(4096)}}),
            400,
            "invalid_request",
        ),
        (AUTH, json!({"peerId": "a", "channels": vec!["x"; 101]}), 400, "invalid_request"),
        (AUTH, json!({"peerId": "a", "permissions": ["fly"]}), 400, "invalid_request"),
        (LIMITED, json!({"peerId": "a", "channels": ["**"]}), 403, "channel_not_authorized"),
        (LIMITED, json!({"peerId": "a", "permissions": ["send"]}), 403, "action_not_permitted"),
    ];
    for (auth, body, status, code) in cases {
        let (got, _, answer) = http(&server, "POST", "/v1/tokens", auth, &body.to_string()).await;
        assert_eq!((got, &answer["error"]), (status, &json!(code)), "{body}");
        assert!(answer["message"].is_string());
    }
}

#[tokio::test]
async fn peers_are_listed_published_to_and_kicked() {
    let server = start().await;
    let mut a = Client::join(&server).await;
    a.subscribe("rooms/ä b").await;
    let path = "/v1/channels/rooms%2F%C3%A4%20b";
    let (_, _, listed) = http(&server, "GET", &format!("{path}/peers"), AUTH, "").await;
    assert_eq!(listed, json!({"channel": "rooms/ä b", "peers": [{"peerId": a.peer}]}));

    let body = r#"{"data":null,"from":"backend","peerMetadata":{"x":1}}"#;
    let (status, _, _) = http(&server, "POST", &format!("{path}/publish"), AUTH, body).await;
    assert_eq!(status, 200);
    let message =
        json!({"type": "message", "channel": "rooms/ä b", "from": "backend", "data": null});
    assert_eq!(a.frame().await, message);

    let (_, _, kicked) = http(&server, "DELETE", &format!("/v1/peers/{}", a.peer), AUTH, "").await;
    assert_eq!(kicked, json!({"peerId": a.peer, "closed": 1}));
    assert!(matches!(a.end().await, End::Close(4020, _)));
    let (status, _, kicked) = http(&server, "DELETE", "/v1/peers/nobody", AUTH, "").await;
    assert_eq!((status, kicked), (200, json!({"peerId": "nobody", "closed": 0})));
}

#[tokio::test]
async fn usage_counts_connections_and_messages() {
    let server = start().await;
    let mut a = Client::join(&server).await;
    a.say(json!({"type": "publish", "channel": "r", "data": 1, "requestId": "1"})).await;
    a.frame().await;
    let (_, _, usage) = http(&server, "GET", "/v1/usage", AUTH, "").await;
    assert_eq!(usage["appId"], "local");
    assert_eq!(usage["concurrentNow"], 1);
    assert_eq!(usage["peakConcurrent"], 1);
    assert_eq!(usage["messagesUsed"], 1);
    assert!(usage["periodEndUnix"].as_u64() > usage["periodStartUnix"].as_u64());
}

#[tokio::test]
async fn only_a_secret_pair_opens_the_door() {
    let server = start().await;
    let wrong = [
        "",
        "authorization: Bearer pk_live_local\r\n",
        "authorization: Bearer sk_id_all\r\n",
        "authorization: Bearer sk_id_all:\r\n",
        "authorization: Bearer sk_id_all:sk_secret_few_0123456789\r\n",
        "authorization: Basic sk_id_all:sk_secret_all_0123456789\r\n",
    ];
    for auth in wrong {
        let (status, _, answer) = http(&server, "GET", "/v1/usage", auth, "").await;
        assert_eq!((status, &answer["error"]), (401, &json!("unauthorized")), "{auth}");
    }
}

#[tokio::test]
async fn each_mistake_has_its_status_and_code() {
    let server = start().await;
    let publish = "/v1/channels/r/publish";
    let large = json!({"data": "x".repeat(33_000)}).to_string();
    let cases = [
        ("GET", "/v1/nothing", AUTH, "", 404, "not_found"),
        ("PUT", "/v1/usage", AUTH, "", 404, "not_found"),
        ("GET", "/v1/channels/%FF/peers", AUTH, "", 404, "not_found"),
        ("POST", publish, AUTH, "{}", 400, "invalid_request"),
        ("POST", publish, AUTH, "nonsense", 400, "invalid_request"),
        ("POST", publish, AUTH, r#"{"data":1,"from":""}"#, 400, "invalid_request"),
        ("POST", publish, AUTH, r#"{"data":1,"peerMetadata":3}"#, 400, "invalid_request"),
        ("POST", publish, AUTH, &large, 413, "invalid_request"),
        (
            "POST",
            "/v1/channels/_System%2Fx/publish",
            AUTH,
            r#"{"data":1}"#,
            400,
            "channel_reserved",
        ),
        ("GET", "/v1/channels//peers", AUTH, "", 400, "invalid_request"),
        ("GET", "/v1/channels/rooms%2Fa/peers", LIMITED, "", 403, "action_not_permitted"),
        (
            "POST",
            "/v1/channels/rooms%2Fa/publish",
            LIMITED,
            r#"{"data":1}"#,
            403,
            "action_not_permitted",
        ),
        ("GET", "/nothing", "", "", 404, "not_found"),
        ("GET", "/v1", "", "", 426, "upgrade_required"),
    ];
    for (method, path, auth, body, status, code) in cases {
        let (got, _, answer) = http(&server, method, path, auth, body).await;
        assert_eq!((got, &answer["error"]), (status, &json!(code)), "{method} {path}");
    }
}

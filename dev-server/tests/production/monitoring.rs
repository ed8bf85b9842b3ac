//! What the server tells those who watch it, and what it does not tell.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{Client, answer_of, exchange, get, get_request, open};
use crate::process::{KEY, SECRET, SECRET_ID, Server};

const GUIDE: &str = include_str!("../../../docs/guide/self-hosting.md");

#[tokio::test]
async fn what_is_for_development_or_for_monitoring_is_not_at_the_port_for_clients() {
    let server = Server::start("", "");
    let at_clients = |path: &'static str| async {
        let stream = open(&server).await.unwrap();
        answer_of(exchange(stream, get_request(path).as_bytes()).await)
    };
    for path in ["/_dev/faults", "/_dev/", "/metrics", "/"] {
        assert_eq!(at_clients(path).await.0, 404, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(at_clients(path).await.0, 200, "{path}");
    }
    let metrics = server.metrics_addr();
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(metrics, path).await.0, 200, "{path}");
    }
    for path in ["/_dev/faults", "/v1?key=x", "/v1/usage"] {
        assert_eq!(get(metrics, path).await.0, 404, "{path}");
    }
    let order = "POST /_dev/faults HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 16\r\n\r\n{\"fault\":\"drop\"}";
    let stream = open(&server).await.unwrap();
    assert_eq!(answer_of(exchange(stream, order.as_bytes()).await).0, 404);
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = Server::start("", "");
    let mut client = Client::join(&server).await;
    assert!(client.is_alive().await);
    let (_, text) = get(server.metrics_addr(), "/metrics").await;
    for line in [
        "# TYPE metered_realtime_connections gauge",
        "metered_realtime_connections 1",
        "metered_realtime_connections_opened_total 1",
        "metered_realtime_ready 1",
        "metered_realtime_frames_received_total{type=\"ping\"} 1",
        "metered_realtime_frames_sent_total{type=\"welcome\"} 1",
        "metered_realtime_frames_sent_total{type=\"pong\"} 1",
        "metered_realtime_refusals_total{reason=\"connect_rate\"} 0",
    ] {
        assert!(text.lines().any(|said| said == line), "{line} is missing in:\n{text}");
    }
}

#[tokio::test]
async fn the_guide_lists_every_metric_and_no_other() {
    let server = Server::start("", "");
    let _client = Client::join(&server).await;
    let (_, text) = get(server.metrics_addr(), "/metrics").await;
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let documented: BTreeSet<&str> = GUIDE
        .lines()
        .filter_map(|line| line.strip_prefix("| `metered_realtime_"))
        .filter_map(|row| row.split('`').next())
        .collect();
    let documented: BTreeSet<String> = documented
        .into_iter()
        .map(|name| format!("metered_realtime_{}", name.split('{').next().unwrap()))
        .collect();
    assert_eq!(there.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), documented);
    let reasons: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("metered_realtime_refusals_total{reason=\""))
        .filter_map(|line| line.split('"').next())
        .collect();
    for reason in reasons {
        assert!(GUIDE.contains(&format!("`{reason}`")), "{reason} is not documented");
    }
}

/// Good and bad credentials in every place where one can stand, at the most talkative level.
#[tokio::test]
async fn the_log_is_lines_of_json_without_secrets() {
    let mut server = Server::start("drainWindowMs = 0\nshutdownGraceMs = 10", "");
    let wrong = "pk_live_wrong_but_secret";
    let token = mint(&server).await;
    let mut client = Client::join(&server).await;
    client.say(json!({"type": "publish", "channel": "r", "data": "private-words"})).await;
    for query in [
        format!("token={token}"),
        format!("key={wrong}"),
        format!("token={token}x"),
        format!("key={KEY}&token={token}"),
        format!("apiKey={KEY}"),
        KEY.to_owned(),
    ] {
        let _ = Client::dial(open(&server).await.unwrap(), &query, &[]).await;
    }
    for path in [
        format!("/v1/peers/{SECRET}"),
        format!("/{SECRET}?key={KEY}"),
        format!("/v1/usage?secret={SECRET}"),
    ] {
        exchange(open(&server).await.unwrap(), get_request(&path).as_bytes()).await;
    }
    let rubbish = format!("GET /v1?key={KEY} rubbish {SECRET}\r\n\r\n");
    exchange(open(&server).await.unwrap(), rubbish.as_bytes()).await;
    server.signal("TERM");
    server.ended().await;
    let log = server.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let accesses = lines.iter().filter(|line| line["target"] == "access");
    let accesses: Vec<_> = accesses.filter(|line| line["status"] == 101).collect();
    assert!(accesses.len() >= 2 && accesses[0]["client"] == "127.0.0.1", "{log}");
    let signature = token.rsplit('.').next().unwrap();
    for secret in [KEY, SECRET, wrong, &token, signature, "private-words"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

async fn mint(server: &Server) -> String {
    let body = r#"{"peerId":"a"}"#;
    let request = format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {SECRET_ID}:{SECRET}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, body) = answer_of(exchange(open(server).await.unwrap(), request.as_bytes()).await);
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

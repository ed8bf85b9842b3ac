//! Faults that need a socket to be seen, by HTTP and by the Rust API.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use metered_realtime_server::{Fault, Rule, Target};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, End, http, server};

#[tokio::test]
async fn a_page_can_order_a_drop_for_everyone_or_one_peer() {
    let server = server().await;
    let (mut a, mut b) = (Client::join(&server).await, Client::join(&server).await);
    let order = json!({"fault": "drop", "peer": a.peer}).to_string();
    let (status, head, body) =
        http(&server, "POST", "/_dev/faults", "origin: http://x\r\n", &order).await;
    assert_eq!((status, body), (200, json!({"affected": 1})));
    assert!(head.to_ascii_lowercase().contains("access-control-allow-origin: *"));
    assert_eq!(a.end().await, End::Drop);
    let order = r#"{"fault":"close","code":4000,"reason":"x"}"#;
    http(&server, "POST", "/_dev/faults", "", order).await;
    assert_eq!(b.end().await, End::Close(4000, "x".to_owned()));
}

#[tokio::test]
async fn orders_can_be_listed_forgotten_and_refused() {
    let server = server().await;
    let order = r#"{"fault":"swallow","on":{"type":"ack","nth":2}}"#;
    http(&server, "POST", "/_dev/faults", "", order).await;
    let (_, _, listed) = http(&server, "GET", "/_dev/faults", "", "").await;
    assert_eq!(
        listed,
        json!({"waiting": [{"fault": "swallow", "target": "all", "on": {"type": "ack", "nth": 2, "count": 1}}]})
    );
    http(&server, "DELETE", "/_dev/faults", "", "").await;
    assert_eq!(http(&server, "GET", "/_dev/faults", "", "").await.2, json!({"waiting": []}));
    for bad in
        ["", "{", r#"{"fault":"swallow"}"#, r#"{"fault":"close","code":1006}"#, r#"{"fault":"no"}"#]
    {
        let (status, _, body) = http(&server, "POST", "/_dev/faults", "", bad).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")), "{bad}");
    }
    let (status, head, _) = http(&server, "OPTIONS", "/_dev/faults", "", "").await;
    assert_eq!(status, 204);
    assert!(head.to_ascii_lowercase().contains("access-control-allow-methods"));
}

#[tokio::test]
async fn a_half_open_connection_answers_nothing_and_stays_up() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    server.fault(Rule::now(Fault::HalfOpen, Target::All)).unwrap();
    a.say(json!({"type": "ping"})).await;
    a.socket.close(None).await.unwrap();
    assert!(a.is_left_alone().await, "not even the close is answered");
    server.drop_all();
    assert_eq!(a.end().await, End::Drop);
}

#[tokio::test]
async fn silence_still_answers_a_close() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    server.fault(Rule::now(Fault::Silence { for_ms: None }, Target::All)).unwrap();
    a.say(json!({"type": "ping"})).await;
    assert!(a.is_left_alone().await);
    a.socket.close(None).await.unwrap();
    let rest = timeout(Duration::from_secs(2), a.socket.next()).await.unwrap();
    assert!(matches!(rest, Some(Ok(Message::Close(_))) | None), "{rest:?}");
}

#[tokio::test]
async fn the_next_dials_can_be_answered_by_http() {
    let server = server().await;
    for status in [401, 429, 503] {
        server.fault(Rule::now(Fault::Http { status }, Target::Next(1))).unwrap();
        assert_eq!(Client::dial(&server, "key=pk_live_local").await.err(), Some(status));
    }
    Client::join(&server).await;
}

#[tokio::test]
async fn the_next_dial_can_be_dropped_after_101() {
    let server = server().await;
    server.fault(Rule::now(Fault::Drop, Target::Next(1))).unwrap();
    // The drop may overtake the 101.
    let url = format!("{}/v1?key=pk_live_local", server.url());
    if let Ok((socket, _)) = tokio_tungstenite::connect_async(url).await {
        let mut client = Client { socket, peer: String::new() };
        assert_eq!(client.end().await, End::Drop);
    }
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn bytes_can_trickle() {
    let server = server().await;
    let drip = Fault::Drip { bytes: 8, interval_ms: 20 };
    server.fault(Rule::now(drip, Target::Next(1))).unwrap();
    let started = Instant::now();
    Client::join(&server).await; // Over 100 bytes of welcome.
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn binary_and_oversize_frames_arrive() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    server.fault(Rule::now(Fault::Binary, Target::All)).unwrap();
    assert!(matches!(a.message().await, Ok(Message::Binary(_))));
    server.fault(Rule::now(Fault::Oversize { bytes: 1_500_000 }, Target::All)).unwrap();
    assert_eq!(a.message().await.unwrap().len(), 1_500_000);
}

#[tokio::test]
async fn a_late_ack_is_late() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    server.fault(Rule::on(Fault::Delay { delay_ms: 200 }, Target::All, "ack", 1)).unwrap();
    let started = Instant::now();
    a.say(json!({"type": "publish", "channel": "r", "data": 1, "requestId": "1"})).await;
    assert_eq!(a.frame().await["type"], "ack");
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_reason_of_any_length_is_cut_to_what_a_close_frame_holds() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    server.close_all(4999, &"ä".repeat(200));
    assert_eq!(a.end().await, End::Close(4999, "ä".repeat(61)));
}

#[tokio::test]
async fn health_and_metrics_can_be_read() {
    let server = server().await;
    let _a = Client::join(&server).await;
    let (status, head, body) = http(&server, "GET", "/healthz", "", "").await;
    assert_eq!((status, body), (200, json!({"status": "ok"})));
    assert!(head.to_ascii_lowercase().contains("access-control-allow-origin: *"));
    let (_, _, Value::String(metrics)) = http(&server, "GET", "/metrics", "", "").await else {
        panic!("metrics are text");
    };
    assert!(metrics.contains("\nmetered_realtime_connections 1\n"), "{metrics}");
    assert!(metrics.contains("metered_realtime_frames_sent_total{type=\"welcome\"} 1\n"));
}

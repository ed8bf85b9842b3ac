//! Whole sessions: two peers that talk, and a deploy.

use std::time::Duration;

use futures_util::StreamExt;
use metered_realtime_server::{Config, Server};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::client::{Client, End, server};

#[tokio::test]
async fn two_peers_chat_and_see_each_other_come_and_go() {
    let server = server().await;
    let (mut a, mut b) = (Client::join(&server).await, Client::join(&server).await);
    assert_eq!(a.subscribe("r").await, json!([]));
    assert_eq!(b.subscribe("r").await, json!([{"peerId": a.peer}]));
    assert_eq!(a.frame().await["joined"], json!([{"peerId": b.peer}]));

    b.say(json!({"type": "publish", "channel": "r", "data": {"hi": 1}, "requestId": "p"})).await;
    assert_eq!(b.frame().await, json!({"type": "ack", "requestId": "p"}));
    let message = json!({"type": "message", "channel": "r", "from": b.peer, "data": {"hi": 1}});
    assert_eq!(a.frame().await, message);

    a.say(json!({"type": "send", "to": b.peer, "data": "psst"})).await;
    assert_eq!(b.frame().await, json!({"type": "direct", "from": a.peer, "data": "psst"}));

    b.socket.close(None).await.unwrap();
    assert_eq!(a.frame().await["left"], json!([{"peerId": b.peer}]));
}

#[tokio::test]
async fn a_client_that_vanishes_without_a_close_frame_leaves_its_channels() {
    let server = server().await;
    let (mut a, mut b) = (Client::join(&server).await, Client::join(&server).await);
    a.subscribe("r").await;
    b.subscribe("r").await;
    a.frame().await;
    let left = b.peer.clone();
    drop(b);
    assert_eq!(a.frame().await["left"], json!([{"peerId": left}]));
    assert_eq!(server.connection_count(), 1);
}

#[tokio::test]
async fn a_close_by_the_client_is_answered_with_its_code() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    let frame = CloseFrame { code: 4000.into(), reason: "silence".into() };
    a.socket.close(Some(frame)).await.unwrap();
    assert_eq!(a.end().await, End::Close(4000, "silence".to_owned()));
}

#[tokio::test]
async fn a_deploy_is_announced_and_closes_with_1001() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    let watching = tokio::spawn(async move { (a.frame().await, a.end().await) });
    server.shutdown().await;
    let (announced, end) = watching.await.unwrap();
    assert_eq!(announced, json!({"type": "going_away", "retryAfterMs": 1000}));
    assert_eq!(end, End::Close(1001, "the server is going away".to_owned()));
}

#[tokio::test]
async fn dropping_the_server_drops_its_connections() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    drop(server);
    assert_eq!(a.end().await, End::Drop);
}

#[tokio::test]
async fn the_server_pings_and_answers_pings() {
    let ping_interval = Duration::from_millis(50);
    let server = Server::start(Config { ping_interval, ..Config::default() }).await.unwrap();
    let mut a = Client::join(&server).await;
    let frame = timeout(Duration::from_secs(5), a.socket.next()).await.unwrap();
    assert!(matches!(frame, Some(Ok(Message::Ping(_)))));
    a.say(json!({"type": "ping"})).await;
    assert_eq!(a.frame().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn a_frame_over_64_kb_is_closed_with_1009_and_one_of_64_kb_is_not() {
    let server = server().await;
    let (mut a, mut b) = (Client::join(&server).await, Client::join(&server).await);
    b.subscribe("r").await;
    let empty = json!({"type": "publish", "channel": "r", "data": ""}).to_string().len();
    let data = "x".repeat(65_536 - empty);
    a.say(json!({"type": "publish", "channel": "r", "data": data})).await;
    assert_eq!(b.frame().await["data"], data);
    a.say(json!({"type": "publish", "channel": "r", "data": format!("{data}x")})).await;
    assert_eq!(a.end().await, End::Close(1009, "frame too large".to_owned()));
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_and_the_others_are_not_held_up() {
    let config = Config { queue_frames: 64, ..Config::relaxed() };
    let server = Server::start(config).await.unwrap();
    let (mut slow, mut fast, mut sender) =
        (Client::join(&server).await, Client::join(&server).await, Client::join(&server).await);
    slow.subscribe("r").await;
    fast.subscribe("r").await;
    let reading = tokio::spawn(async move {
        while fast.frame().await["data"] != "last" {}
        fast
    });
    let big = "x".repeat(60_000);
    for _ in 0..400 {
        sender.say(json!({"type": "publish", "channel": "r", "data": big, "requestId": "p"})).await;
        while sender.frame().await["type"] != "ack" {}
    }
    sender.say(json!({"type": "publish", "channel": "r", "data": "last"})).await;
    timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
    timeout(Duration::from_secs(10), async {
        while server.connection_count() > 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the slow reader is let go");
    assert!(matches!(slow.end().await, End::Drop | End::Close(1008, _)));
}

#[tokio::test]
async fn over_the_rate_a_connection_is_closed_with_4011() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    for _ in 0..250 {
        a.say(json!({"type": "ping"})).await;
    }
    assert_eq!(a.end().await, End::Close(4011, "too many messages".to_owned()));
}

#[tokio::test]
async fn two_servers_share_nothing() {
    let (one, two) = (server().await, server().await);
    let (mut a, mut b) = (Client::join(&one).await, Client::join(&two).await);
    a.subscribe("r").await;
    b.subscribe("r").await;
    assert!(a.is_left_alone().await);
}

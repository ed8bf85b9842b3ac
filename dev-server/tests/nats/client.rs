//! A small client for any node.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::processes::{Node, SECRET};

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) peer: String,
}

impl Client {
    /// Connects with a token for a peer id.
    pub(crate) async fn join_as(node: &Node, peer: &str) -> Client {
        let body = json!({ "peerId": peer }).to_string();
        let (status, minted) = http(node, "POST", "/v1/tokens", &body).await;
        assert_eq!(status, 200, "{minted}");
        let query = format!("token={}", minted["token"].as_str().expect("a token"));
        Client::join_at(&node.url, &query).await
    }

    async fn join_at(url: &str, query: &str) -> Client {
        let (socket, _) = connect_async(format!("{url}/v1?{query}")).await.expect("101");
        let mut client = Client { socket, peer: String::new() };
        let welcome = client.frame().await;
        client.peer = welcome["peerId"].as_str().expect("a welcome").to_owned();
        client
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.expect("the connection lives");
    }

    pub(crate) async fn frame(&mut self) -> Value {
        self.frame_within(Duration::from_secs(20)).await.expect("the server went silent")
    }

    /// The next frame; `None` if none comes in time.
    pub(crate) async fn frame_within(&mut self, time: Duration) -> Option<Value> {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match timeout(left, self.socket.next()).await.ok()? {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{} ended: {other:?}", self.peer),
            }
        }
    }

    /// The next frame of a type.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Asks, and reads until the answer: `ack`, or the code of the error.
    pub(crate) async fn ask(&mut self, mut frame: Value) -> String {
        frame["requestId"] = json!("r");
        self.say(frame).await;
        loop {
            let frame = self.frame().await;
            if frame["requestId"] == "r" {
                return frame["code"].as_str().unwrap_or("ack").to_owned();
            }
        }
    }

    /// Subscribes; who is there.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> Vec<String> {
        assert_eq!(self.ask(json!({"type": "subscribe", "channel": channel})).await, "ack");
        peers(&self.next("presence").await["joined"])
    }

    pub(crate) async fn publish(&mut self, channel: &str, data: Value) -> String {
        self.ask(json!({"type": "publish", "channel": channel, "data": data})).await
    }

    pub(crate) async fn send(&mut self, to: &str, data: Value) -> String {
        self.ask(json!({"type": "send", "to": to, "data": data})).await
    }

    /// Asks until it is acked: how long that took.
    pub(crate) async fn insist(&mut self, frame: Value) -> Duration {
        let begun = Instant::now();
        loop {
            match &*self.ask(frame.clone()).await {
                "ack" => return begun.elapsed(),
                "backend_error" => tokio::time::sleep(Duration::from_millis(20)).await,
                other => panic!("{other}"),
            }
        }
    }

    /// Reads presence until it is as told: how long that took.
    pub(crate) async fn sees(&mut self, joined: &[&str], left: &[&str]) -> Duration {
        let begun = Instant::now();
        let (mut joined, mut left): (Vec<&str>, Vec<&str>) = (joined.to_vec(), left.to_vec());
        while !joined.is_empty() || !left.is_empty() {
            let frame = self.next("presence").await;
            for peer in peers(&frame["joined"]) {
                joined.retain(|expected| **expected != *peer);
            }
            for peer in peers(&frame["left"]) {
                left.retain(|expected| **expected != *peer);
            }
        }
        begun.elapsed()
    }
}

fn peers(entries: &Value) -> Vec<String> {
    let entries = entries.as_array().into_iter().flatten();
    entries.map(|entry| entry["peerId"].as_str().expect("an id").to_owned()).collect()
}

/// One REST call; status and body.
pub(crate) async fn http(node: &Node, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(node.address()).await.expect("the node listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\nauthorization: Bearer {SECRET}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}

//! A server that does exactly what a test says.

use futures::{SinkExt, StreamExt};
use metered_realtime::SignallingClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::support::{options, within};

pub struct Stage {
    listener: TcpListener,
}

/// One connection on the stage.
pub struct Peer {
    pub socket: WebSocketStream<TcpStream>,
    /// Path and query of the upgrade.
    pub target: String,
}

impl Stage {
    pub async fn new() -> Stage {
        Stage { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.listener.local_addr().unwrap())
    }

    pub fn client(&self) -> SignallingClient {
        options(&self.url()).build().unwrap()
    }

    /// The next TCP connection.
    pub async fn accept_tcp(&self) -> TcpStream {
        within(self.listener.accept()).await.unwrap().0
    }

    /// Refuses the upgrade of the next connection with an HTTP status and headers.
    pub async fn refuse(&self, status: u16, headers: &str) {
        let mut stream = BufReader::new(self.accept_tcp().await);
        let mut head = String::new();
        while within(stream.read_line(&mut head)).await.unwrap() > 2 {}
        let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{headers}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The next connection, upgraded and not welcomed.
    pub async fn accept(&self) -> Peer {
        let stream = self.accept_tcp().await;
        let mut target = String::new();
        #[allow(clippy::result_large_err, reason = "the library's type")]
        let note = |request: &Request, response: Response| {
            target = request.uri().to_string();
            Ok(response)
        };
        let socket = within(accept_hdr_async(stream, note)).await.unwrap();
        Peer { socket, target }
    }

    /// The next connection, welcomed.
    pub async fn welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.welcome(json!({})).await;
        peer
    }

    /// A connected client, and the server's side of its connection.
    pub async fn connected(&self) -> (SignallingClient, Peer) {
        let client = self.client();
        let (connected, peer) = tokio::join!(client.connect(), self.welcome());
        connected.unwrap();
        (client, peer)
    }
}

impl Peer {
    /// Sends a welcome with additional fields.
    pub async fn welcome(&mut self, fields: Value) {
        let mut frame = json!({
            "type": "welcome", "peerId": "me", "expiresAt": null, "serverTime": 1_767_222_000, "maxMessageSize": 65536
        });
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.send(frame.to_string()).await;
    }

    pub async fn send(&mut self, text: impl Into<String>) {
        within(self.socket.send(Message::text(text.into()))).await.unwrap();
    }

    /// Sends texts that the client finds all at once.
    pub async fn send_together(&mut self, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            within(self.socket.feed(Message::text(text))).await.unwrap();
        }
        within(self.socket.flush()).await.unwrap();
    }

    /// The next frame from the client.
    pub async fn frame(&mut self) -> Value {
        loop {
            match within(self.socket.next()).await.expect("the client has gone").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("expected a text, got {other:?}")
                }
            }
        }
    }

    /// Acknowledges the next request, and returns it.
    pub async fn ack(&mut self) -> Value {
        let frame = self.frame().await;
        self.send(json!({"type": "ack", "requestId": frame["requestId"]}).to_string()).await;
        frame
    }

    /// Closes with a code.
    pub async fn close(mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = self.socket.close(Some(frame)).await;
        while let Some(Ok(_)) = within(self.socket.next()).await {}
    }

    /// How the client closed; `None` if the connection ended without a close frame. Answers the close.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Close(frame))) => {
                    let _ = self.socket.flush().await;
                    return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

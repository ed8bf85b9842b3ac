//! A small WebSocket and HTTP client, and the servers that tests start.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use metered_realtime_server::{Config, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How a connection ended, as the client sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A close frame.
    Close(u16, String),
    /// TCP ended without one.
    Drop,
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) peer: String,
}

pub(crate) async fn server() -> Server {
    Server::start(Config::default()).await.unwrap()
}

impl Client {
    /// Connects with the default key and reads the welcome.
    pub(crate) async fn join(server: &Server) -> Client {
        Client::join_with(server, "key=pk_live_local").await
    }

    /// Connects with a query and reads the welcome.
    pub(crate) async fn join_with(server: &Server, query: &str) -> Client {
        let mut client = Client::dial(server, query).await.unwrap();
        let welcome = client.frame().await;
        assert_eq!(welcome["type"], "welcome");
        client.peer = welcome["peerId"].as_str().unwrap().to_owned();
        client
    }

    /// Connects with a query. Fails with the HTTP status if it is not 101.
    pub(crate) async fn dial(server: &Server, query: &str) -> Result<Client, u16> {
        match connect_async(format!("{}/v1?{query}", server.url())).await {
            Ok((socket, _)) => Ok(Client { socket, peer: String::new() }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the dial failed: {error}"),
        }
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next message that is not a control frame.
    pub(crate) async fn message(&mut self) -> Result<Message, End> {
        loop {
            let next = timeout(Duration::from_secs(10), self.socket.next()).await;
            match next.expect("the server went silent") {
                Some(Ok(Message::Close(frame))) => {
                    let frame = frame.expect("the server always gives a code");
                    // Lets the library answer.
                    let _ = timeout(Duration::from_secs(1), self.socket.next()).await;
                    return Err(End::Close(frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Ok(message),
                Some(Err(_)) | None => return Err(End::Drop),
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        let message = self.message().await.unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    pub(crate) async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.message().await {
                return end;
            }
        }
    }

    /// Nothing arrives for a while.
    pub(crate) async fn is_left_alone(&mut self) -> bool {
        timeout(Duration::from_millis(150), self.socket.next()).await.is_err()
    }

    /// Subscribes, reads ack and snapshot, and returns who is there.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> Value {
        self.say(json!({"type": "subscribe", "channel": channel, "requestId": "s"})).await;
        assert_eq!(self.frame().await, json!({"type": "ack", "requestId": "s"}));
        self.frame().await["joined"].take()
    }
}

/// Sends an HTTP request. Returns status, head and body.
pub(crate) async fn http(
    server: &Server,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, Value) {
    let length = body.len();
    let text = raw(
        server,
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
        .as_bytes(),
    )
    .await;
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    (status, head.to_owned(), body)
}

/// Sends bytes and returns whatever comes back before the server ends the connection or a while has passed.
pub(crate) async fn raw(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let _ = stream.write_all(bytes).await; // The server may have closed it already.
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_millis(500), stream.read_to_end(&mut answer)).await;
    answer
}

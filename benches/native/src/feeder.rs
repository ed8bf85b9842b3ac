//! Publishes what a worker receives, with little work of its own, and never far ahead of the worker.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::{Failed, Task};

/// A connection that publishes one message again and again.
pub(crate) struct Feeder {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    frame: Utf8Bytes,
}

impl Feeder {
    /// Connects.
    pub(crate) async fn connect(url: &str, task: Task) -> Result<Feeder, Failed> {
        let (mut socket, _) = connect_async(format!("{url}/v1?key=pk_live_local")).await?;
        socket.next().await.ok_or("no welcome")??;
        let frame = json!({ "type": "publish", "channel": "bench", "data": data(task) });
        Ok(Feeder { socket, frame: frame.to_string().into() })
    }

    /// Publishes `count` messages, and returns when the server has handed them on.
    pub(crate) async fn publish(&mut self, count: u64) -> Result<(), Failed> {
        for _ in 0..count {
            self.socket.feed(Message::Text(self.frame.clone())).await?;
        }
        self.socket.send(Message::text(r#"{"type":"ping"}"#)).await?;
        self.socket.next().await.ok_or("no pong")??;
        Ok(())
    }
}

/// A small object, with which a `message` frame has about 120 bytes, or a list of rows, with which it has about 2 KB.
fn data(task: Task) -> Value {
    let row = |id| json!({ "id": id, "name": format!("row {id}"), "on": true });
    match task {
        Task::Small | Task::Publish => json!({ "n": 1, "t": "x".repeat(15) }),
        Task::Large => (10..65).map(row).collect(),
    }
}

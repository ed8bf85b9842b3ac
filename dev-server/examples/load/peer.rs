//! A client with as little work as possible.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;

use crate::Result;
use crate::target::Node;

pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<Either<TcpStream, Box<TlsStream<TcpStream>>>>,
}

impl Peer {
    /// Connects and reads the welcome.
    pub(crate) async fn join(node: &Node) -> Result<Peer> {
        let (_, address) = node.url.split_once("://").ok_or("no address")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = match &node.connector {
            Some(connector) => {
                let name = ServerName::try_from("localhost")?;
                Either::Right(Box::new(connector.connect(name, stream).await?))
            }
            None => Either::Left(stream),
        };
        let config = WebSocketConfig::default().read_buffer_size(4096);
        let url = format!("ws://{address}/v1?key=load");
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        let mut peer = Peer { socket };
        peer.text().await?;
        Ok(peer)
    }

    /// Subscribes and reads ack and snapshot.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> Result<()> {
        self.say(format!(r#"{{"type":"subscribe","channel":"{channel}","requestId":"s"}}"#))
            .await?;
        while !self.text().await?.contains(r#""type":"ack""#) {}
        Ok(())
    }

    /// Publishes JSON and waits for the ack.
    pub(crate) async fn publish(&mut self, channel: &str, data: &str) -> Result<()> {
        self.say(format!(
            r#"{{"type":"publish","channel":"{channel}","requestId":"p","data":{data}}}"#
        ))
        .await?;
        while !self.text().await?.contains(r#""type":"ack""#) {}
        Ok(())
    }

    pub(crate) async fn say(&mut self, text: impl Into<Utf8Bytes>) -> Result<()> {
        Ok(self.socket.send(Message::Text(text.into())).await?)
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> Result<Utf8Bytes> {
        while let Some(message) = self.socket.next().await {
            if let Message::Text(text) = message? {
                return Ok(text);
            }
        }
        Err("the server closed the connection".into())
    }
}

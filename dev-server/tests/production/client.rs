//! A client of the program, over TLS or not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::either::Either;

use crate::process::{KEY, Server};

pub(crate) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// Connects to a server as its clients do, and does not say anything.
pub(crate) async fn open(server: &Server) -> io::Result<Stream> {
    let tcp = TcpStream::connect(server.addr).await?;
    match &server.certificate {
        Some(certificate) => encrypt(tcp, certificate).await,
        None => Ok(Either::Left(tcp)),
    }
}

/// Connects over TLS and trusts this certificate alone.
pub(crate) async fn open_trusting(
    server: &Server,
    certificate: &CertificateDer<'static>,
) -> io::Result<Stream> {
    encrypt(TcpStream::connect(server.addr).await?, certificate).await
}

async fn encrypt(tcp: TcpStream, certificate: &CertificateDer<'static>) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    Ok(Either::Right(Box::new(stream)))
}

pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<Stream>,
}

impl Client {
    /// Connects with the key and reads the welcome.
    pub(crate) async fn join(server: &Server) -> Client {
        let stream = open(server).await.unwrap();
        Client::join_over(stream).await
    }

    pub(crate) async fn join_over(stream: Stream) -> Client {
        let mut client = Client::dial(stream, &format!("key={KEY}"), &[]).await.unwrap();
        assert_eq!(client.frame().await["type"], "welcome");
        client
    }

    /// The handshake; the HTTP status if it is not 101.
    pub(crate) async fn dial(
        stream: Stream,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, u16> {
        let mut request = format!("ws://localhost/v1?{query}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        match within(client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Client { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next text, or the close frame; an error if there is neither.
    pub(crate) async fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        self.next().await.unwrap()
    }

    /// The code of the close frame; nothing if the connection ends without one.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Err(frame) = self.next().await {
                // Lets the library answer.
                let _ = timeout(Duration::from_secs(1), self.socket.next()).await;
                return frame.map(|frame| frame.code.into());
            }
        }
    }

    /// Asks for a pong and gets it.
    pub(crate) async fn is_alive(&mut self) -> bool {
        let asked = self.socket.send(Message::text(r#"{"type":"ping"}"#)).await.is_ok();
        asked && self.next().await.is_ok_and(|frame| frame["type"] == "pong")
    }
}

/// Sends bytes, reads to the end, and says what came.
pub(crate) async fn exchange(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    bytes: &[u8],
) -> String {
    let _ = stream.write_all(bytes).await; // The server may have closed it already.
    let _ = stream.flush().await;
    let mut answer = Vec::new();
    let _ = within(stream.read_to_end(&mut answer)).await; // A reset is an end too.
    String::from_utf8_lossy(&answer).into_owned()
}

/// One GET over plain HTTP; status and body.
pub(crate) async fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let stream = TcpStream::connect(addr).await.unwrap();
    answer_of(exchange(stream, get_request(path).as_bytes()).await)
}

/// Waits until a line stands in the metrics: what a client sees may come before it is counted.
pub(crate) async fn metrics_say(server: &Server, line: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, metrics) = get(server.metrics_addr(), "/metrics").await;
        if metrics.lines().any(|said| said == line) {
            return;
        }
        assert!(Instant::now() < end, "{line} is missing in:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until that many connections were refused for a reason.
pub(crate) async fn refused(server: &Server, reason: &str, count: u64) {
    let line = format!("metered_realtime_refusals_total{{reason=\"{reason}\"}} {count}");
    metrics_say(server, &line).await;
}

pub(crate) fn get_request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// Status and body of an answer.
pub(crate) fn answer_of(text: String) -> (u16, String) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(10), future).await.expect("it takes too long")
}

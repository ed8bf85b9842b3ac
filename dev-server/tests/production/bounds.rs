//! Every resource that a client can take has a bound in size and in time.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::client::{Client, Stream, answer_of, exchange, metrics_say, open, refused, within};
use crate::process::{KEY, SECRET, SECRET_ID, Server};
use futures_util::SinkExt;

const LIMIT: Duration = Duration::from_millis(400);
const IMPATIENT: &str = "requestTimeoutMs = 400";

/// How long the server bears a stream that gets a byte now and then; what it answers.
async fn bears(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    bytes: &[u8],
) -> (Duration, String) {
    let started = Instant::now();
    let mut answer = Vec::new();
    let mut rest = bytes.iter();
    loop {
        let mut some = [0; 1024];
        match tokio::time::timeout(Duration::from_millis(20), stream.read(&mut some)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(n)) => answer.extend(&some[..n]),
            Err(_) => {
                if let Some(byte) = rest.next() {
                    let _ = stream.write_all(&[*byte]).await; // The end is seen by reading.
                    let _ = stream.flush().await;
                }
            }
        }
        assert!(started.elapsed() < LIMIT * 12, "the server waits for ever");
    }
    (started.elapsed(), String::from_utf8_lossy(&answer).into_owned())
}

fn is_in_time(took: Duration) -> bool {
    (LIMIT..LIMIT * 8).contains(&took)
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_begin_or_trickles_is_cut_off_in_time() {
    let server = Server::start(IMPATIENT, "");
    // The head of a TLS record that promises 512 bytes of a ClientHello.
    for bytes in [&b""[..], &[[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3].as_slice(), &[7; 300]].concat()]
    {
        let mut tcp = TcpStream::connect(server.addr).await.unwrap();
        let (took, _) = bears(&mut tcp, bytes).await;
        assert!(is_in_time(took), "{took:?}");
    }
    refused(&server, "too_slow", 2).await;
}

#[tokio::test]
async fn a_head_and_a_body_that_trickle_over_tls_are_cut_off_in_time() {
    let server = Server::start(IMPATIENT, "");
    let mut stream = open(&server).await.unwrap();
    let (took, _) = bears(&mut stream, "GET /v1?key=".repeat(30).as_bytes()).await;
    assert!(is_in_time(took), "{took:?}");
    let mut stream = open(&server).await.unwrap();
    let head = format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET_ID}:{SECRET}\r\ncontent-length: 900\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (took, answer) = bears(&mut stream, &[b' '; 900]).await;
    assert!(is_in_time(took) && answer.starts_with("HTTP/1.1 408"), "{took:?} {answer}");
    refused(&server, "too_slow", 2).await;
}

#[tokio::test]
async fn an_idle_http_connection_is_ended_in_time() {
    let server = Server::start(IMPATIENT, "");
    let mut stream = open(&server).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (took, answer) = bears(&mut stream, b"").await;
    assert!(took < LIMIT * 8 && answer.starts_with("HTTP/1.1 200"), "{took:?} {answer}");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let server = Server::start("", "maxMessageSize = 4096");
    let server = &server;
    let over = async |bytes: String| exchange(open(server).await.unwrap(), bytes.as_bytes()).await;
    let x = "x".repeat(40_000);
    let head = over(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-filler: {x}\r\n\r\n")).await;
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 431"), "{head}");
    let address = over(format!("GET /v1?key={x} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    assert!(address.is_empty() || address.starts_with("HTTP/1.1 4"), "{address}");
    let many: String = (0..300).map(|n| format!("x-{n}: y\r\n")).collect();
    let headers = over(format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    assert!(headers.starts_with("HTTP/1.1 431"), "{headers}");
    let body = over(format!(
        "POST /v1/tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {SECRET_ID}:{SECRET}\r\ncontent-length: 40000\r\n\r\n{x}"
    ))
    .await;
    assert_eq!(answer_of(body).0, 413);
    refused(server, "too_large", 4).await;

    let mut whole = Client::join(server).await;
    whole.say(json!({"type": "publish", "channel": "r", "data": "x".repeat(4096)})).await;
    assert_eq!(whole.close_code().await, Some(1009));
    let mut parts = Client::join(server).await;
    for (index, code) in [Data::Text, Data::Continue, Data::Continue].into_iter().enumerate() {
        let header = FrameHeader {
            is_final: index == 2,
            opcode: OpCode::Data(code),
            ..FrameHeader::default()
        };
        let frame = Frame::from_payload(header, vec![b'x'; 2000].into());
        let _ = parts.socket.send(Message::Frame(frame)).await; // The server may have closed it already.
    }
    assert_eq!(parts.close_code().await, Some(1009));
}

#[tokio::test]
async fn an_address_with_too_many_connections_gets_no_more_until_one_leaves() {
    let server = Server::start("", "connectionsPerAddress = 3");
    let mut held: Vec<Client> = Vec::new();
    for _ in 0..2 {
        held.push(Client::join(&server).await);
    }
    let silent = TcpStream::connect(server.addr).await.unwrap();
    assert!(within(open(&server)).await.is_err(), "a connection that says nothing counts too");
    refused(&server, "address_full", 1).await;
    for client in &mut held {
        assert!(client.is_alive().await, "the others are not disturbed");
    }
    drop(silent);
    let again = async {
        loop {
            if let Ok(stream) = open(&server).await {
                return Client::join_over(stream).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(within(again).await.is_alive().await);
}

#[tokio::test]
async fn a_full_server_closes_new_connections_at_once() {
    let server = Server::behind("127.0.0.1", "", "connections = 2");
    let (mut a, _b) = (Client::join(&server).await, Client::join(&server).await);
    let mut third = open(&server).await.unwrap();
    assert!(matches!(within(third.read(&mut [0])).await, Ok(0) | Err(_)));
    refused(&server, "server_full", 1).await;
    assert!(a.is_alive().await);
}

#[tokio::test]
async fn a_client_that_is_silent_or_does_not_read_is_dropped_and_one_that_answers_pings_stays() {
    let server = Server::start("pingIntervalMs = 150\nsilenceTimeoutMs = 600", "");
    let mut answering = Client::join(&server).await;
    let silent = Client::join(&server).await;
    let started = Instant::now();
    let (told, took) = tokio::join!(
        async {
            let end = Instant::now() + Duration::from_secs(2);
            // Reading is what answers the server's pings.
            tokio::time::timeout_at(end.into(), answering.next()).await.is_err()
        },
        async {
            refused(&server, "silent", 1).await;
            started.elapsed()
        }
    );
    assert!(told && answering.is_alive().await, "the one that reads is left alone");
    assert!(took >= Duration::from_millis(550) && took < Duration::from_secs(3), "{took:?}");
    drop(silent);
}

#[tokio::test]
async fn a_frame_that_trickles_counts_as_silence() {
    let server = Server::start("pingIntervalMs = 150\nsilenceTimeoutMs = 400", "");
    let mut client = Client::join(&server).await;
    let stream: &mut Stream = client.socket.get_mut();
    // The head of a masked text frame of 1000 bytes; the pings that come meanwhile are not answered.
    stream.write_all(&[0x81, 0xfe, 3, 0xe8, 0, 0, 0, 0]).await.unwrap();
    let (took, _) = bears(stream, &[b' '; 1000]).await;
    assert!(took > LIMIT / 2 && took < LIMIT * 8, "{took:?}");
}

#[tokio::test]
async fn a_connection_that_is_refused_leaves_nothing_behind() {
    let server =
        Server::behind("127.0.0.1", "", "connectionsPerAddress = 1\nconnectsPerWindow = 0");
    let mut count = 0;
    while count < 50 {
        match Client::dial(open(&server).await.unwrap(), "token=rubbish", &[]).await.err() {
            Some(401) => count += 1,
            // The one before it has not quite gone.
            status => assert_eq!(status, Some(429)),
        }
    }
    refused(&server, "credential", 50).await;
    let joined = async {
        loop {
            let query = format!("key={KEY}");
            if let Ok(client) = Client::dial(open(&server).await.unwrap(), &query, &[]).await {
                return client;
            }
        }
    };
    let mut client = within(joined).await;
    assert_eq!(client.frame().await["type"], "welcome");
    assert!(client.is_alive().await);
    metrics_say(&server, "metered_realtime_connections 1").await;
}

//! Raw bytes at the port: the server neither panics nor stops serving others.

use std::time::Duration;

use futures_util::SinkExt;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, End, http, raw, server};

const HANDSHAKE: &str = "GET /v1?key=pk_live_local HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..200);
    let request = ("(GET|POST|PUT|\\PC{0,5})", "/[ -~]{0,40}", "[ -~\r\n:]{0,80}").prop_map(
        |(method, path, rest)| {
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\n{rest}\r\n\r\n").into_bytes()
        },
    );
    let rest = (
        prop::sample::select(vec!["GET", "POST", "DELETE"]),
        prop::sample::select(vec![
            "/v1/tokens",
            "/v1/channels/%/publish",
            "/_dev/faults",
            "/v1/peers/%zz",
            "/metrics",
        ]),
        prop::collection::vec(any::<u8>(), 0..60),
    )
        .prop_map(|(method, path, body)| {
            let mut text = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
            .into_bytes();
            text.extend(body);
            text
        });
    let frames = noise.clone().prop_map(|noise| [HANDSHAKE.as_bytes(), &noise].concat());
    prop_oneof![noise, request, rest, frames]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_bytes_leave_the_server_serving() {
    let server = server().await;
    let mut runner = TestRunner::deterministic();
    let cases =
        std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    for _ in 0..cases {
        let bytes = bytes().new_tree(&mut runner).unwrap().current();
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let _ = stream.write_all(&bytes).await; // The server may have closed it already.
        let _ = stream.shutdown().await;
    }
    let (status, _, _) = http(&server, "GET", "/healthz", "", "").await;
    assert_eq!(status, 200);
    let order = r#"{"fault":"http","status":503,"target":{"next":1}}"#;
    http(&server, "DELETE", "/_dev/faults", "", order).await;
    // The noise has used up the rate of connects. Any answer counts.
    assert!(matches!(Client::dial(&server, "key=pk_live_local").await, Ok(_) | Err(429)));
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let server = server().await;
    let mut head = b"GET /healthz HTTP/1.1\r\nhost: x\r\n".to_vec();
    head.extend(b"x-filler: ".iter().chain(&[b'x'; 100_000]));
    let answer = String::from_utf8_lossy(&raw(&server, &head).await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let server = server().await;
    let mut request =
        b"POST /_dev/faults HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        request.extend(b"1000\r\n");
        request.extend([b' '; 0x1000]);
        request.extend(b"\r\n");
    }
    let answer = String::from_utf8_lossy(&raw(&server, &request).await).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_is_closed_with_1007() {
    let server = server().await;
    let mut a = Client::join(&server).await;
    // A masked text frame with the single byte FF; the mask is zero.
    let frame = [0x81, 0x81, 0, 0, 0, 0, 0xff];
    a.socket.get_mut().write_all(&frame).await.unwrap();
    assert_eq!(a.end().await, End::Close(1007, "text is not UTF-8".to_owned()));
}

#[tokio::test]
async fn after_a_frame_that_is_too_large_tcp_ends_at_once() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    // The head of a masked text frame of 70,000 bytes, whose mask is zero, and the bytes.
    stream.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 0, 0, 0, 0]).await.unwrap();
    stream.write_all(&[b' '; 70_000]).await.unwrap();
    let mut answer = Vec::new();
    // This client, as many do, waits for the end from the server.
    tokio::time::timeout(Duration::from_millis(1500), stream.read_to_end(&mut answer))
        .await
        .expect("the server ends TCP")
        .unwrap();
    assert!(String::from_utf8_lossy(&answer).ends_with("frame too large"));
}

#[tokio::test]
async fn a_client_that_only_connects_is_let_go() {
    let server = server().await;
    let idle = TcpStream::connect(server.addr()).await.unwrap();
    // Neither this client nor one that stops half-way through its head delays the server.
    let mut half = TcpStream::connect(server.addr()).await.unwrap();
    half.write_all(b"GET /v1?key=pk").await.unwrap();
    let mut a = Client::join(&server).await;
    a.socket.send(Message::Ping(vec![0; 125].into())).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.shutdown())
        .await
        .expect("shutdown waits for nobody");
    drop((idle, half));
}

//! Limits of the transport: time, sizes, and the form of a handshake.

use std::time::{Duration, Instant};

use metered_realtime_server::{Bounds, Config, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{http, raw, server};

const LIMIT: Duration = Duration::from_millis(300);

/// A server with short timeouts, and the header that opens its REST API.
async fn impatient() -> (Server, String) {
    let bounds = Bounds { request_timeout: LIMIT, ..Bounds::default() };
    let config = Config { bounds, ..Config::default() };
    let pair = &config.secret_keys[0];
    let header = format!("authorization: Bearer {}:{}\r\n", pair.id, pair.secret.expose());
    (Server::start(config).await.unwrap(), header)
}

/// Sends the start of a request, and then a byte every now and then, until the server ends the connection. Returns the answer, and when it came.
async fn trickle(server: &Server, start: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(start.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let started = Instant::now();
    let mut answer = Vec::new();
    let trickling = async {
        while writing.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = reading.read_to_end(&mut answer) => {}
        () = trickling => {}
        () = tokio::time::sleep(Duration::from_secs(5)) => panic!("the server waits for ever"),
    }
    (String::from_utf8_lossy(&answer).into_owned(), started.elapsed())
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_with_408_in_time() {
    let (server, authorization) = impatient().await;
    for path in ["/_dev/faults", "/v1/tokens", "/v1/channels/a/publish"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{authorization}content-length: 1000\r\n\r\n{{"
        );
        let (answer, took) = trickle(&server, &head).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("request_timeout"), "{path}: {answer}");
        assert!(took >= LIMIT && took < LIMIT * 8, "{path}: {took:?}");
    }
    let chunked =
        "POST /_dev/faults HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfff\r\n";
    let (answer, _) = trickle(&server, chunked).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off_in_time() {
    let (server, _) = impatient().await;
    for head in ["GET /v1?key=", "GET /healthz HTTP/1.1\r\nhost:"] {
        let (_, took) = trickle(&server, head).await;
        assert!(took >= LIMIT && took < LIMIT * 8, "{head}: {took:?}");
    }
    let mut silent = TcpStream::connect(server.addr()).await.unwrap();
    let ended = tokio::time::timeout(LIMIT * 8, silent.read(&mut [0])).await;
    assert_eq!(ended.expect("the server ends it").unwrap(), 0);
}

#[tokio::test]
async fn a_handshake_needs_one_key_of_16_bytes() {
    let server = server().await;
    let handshake = |keys: &str| {
        format!(
            "GET /v1?key=pk_live_local HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\n{keys}\r\n"
        )
    };
    let good = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (keys, status) in [
        (good.to_owned(), 101),
        (String::new(), 400),
        ("sec-websocket-key: \r\n".to_owned(), 400),
        ("sec-websocket-key: x\r\n".to_owned(), 400),
        ("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ\r\n".to_owned(), 400),
        ("sec-websocket-key: dGhlIHNhbXBsZSBub25jZSE=\r\n".to_owned(), 400),
        (format!("{good}{good}"), 400),
    ] {
        let answer = raw(&server, handshake(&keys).as_bytes()).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{keys}: {answer}");
    }
    let (status, head, _) = http(&server, "GET", "/v1?key=pk_live_local", "", "").await;
    assert_eq!(status, 426);
    assert!(head.contains("sec-websocket-version: 13"), "{head}");
}

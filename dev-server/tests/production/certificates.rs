//! TLS with real certificates, exchanged while the server runs.

use serde_json::json;

use crate::client::{
    Client, exchange, get_request, metrics_say, open, open_trusting, refused, within,
};
use crate::process::Server;
use tokio::net::TcpStream;

#[tokio::test]
async fn clients_talk_over_tls() {
    let server = Server::start("", "");
    assert!(server.url.starts_with("wss://"));
    let (mut a, mut b) = (Client::join(&server).await, Client::join(&server).await);
    b.say(json!({"type": "subscribe", "channel": "r", "requestId": "s"})).await;
    assert_eq!(b.frame().await["type"], "ack");
    assert_eq!(b.frame().await["type"], "presence");
    let data = "x".repeat(60_000);
    a.say(json!({"type": "publish", "channel": "r", "data": data, "requestId": "p"})).await;
    assert_eq!(a.frame().await["type"], "ack");
    assert_eq!(b.frame().await["data"], data);
}

#[tokio::test]
async fn plain_http_at_the_port_for_tls_gets_no_answer() {
    let server = Server::start("", "");
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let answer = exchange(stream, get_request("/healthz").as_bytes()).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    refused(&server, "tls", 1).await;
}

#[tokio::test]
async fn sighup_exchanges_the_certificate_for_new_connections_and_keeps_the_old_ones() {
    let server = Server::start("", "");
    let old = server.certificate.clone().unwrap();
    let mut before = Client::join(&server).await;
    let new = server.folder.write_certificate();
    assert!(open_trusting(&server, &new).await.is_err(), "nothing is read unasked");
    server.signal("HUP");
    server.logs("the certificate was read again").await;
    assert!(open_trusting(&server, &old).await.is_err());
    let mut after = Client::join_over(open_trusting(&server, &new).await.unwrap()).await;
    assert!(before.is_alive().await && after.is_alive().await);
}

#[tokio::test]
async fn a_bad_certificate_at_sighup_is_logged_and_the_old_one_stays() {
    let server = Server::start("", "");
    server.folder.write("cert.pem", "not a certificate");
    server.signal("HUP");
    server.logs("the certificate stays what it was").await;
    assert!(server.log().contains("cert.pem cannot be used as a certificate"));
    assert!(within(open(&server)).await.is_ok());
    metrics_say(&server, "metered_realtime_certificate_reloads_total{result=\"failed\"} 1").await;
}

#[tokio::test]
async fn sighup_without_tls_changes_nothing() {
    let server = Server::behind("127.0.0.1", "", "");
    server.signal("HUP");
    server.logs("there is no certificate to read again").await;
    assert!(Client::join(&server).await.is_alive().await);
}

//! `wss` with a certificate that is made for the test.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use metered_realtime::errors::ConnectError;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{options, within};

/// A server that welcomes over TLS and acks everything; its origin and its certificate in DER.
pub async fn tls_server() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            let welcome = r#"{"type":"welcome","peerId":"me","expiresAt":null,"serverTime":1,"maxMessageSize":65536}"#;
            socket.send(Message::text(welcome)).await.unwrap();
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                let ack = serde_json::json!({"type": "ack", "requestId": frame["requestId"]});
                socket.send(Message::text(ack.to_string())).await.unwrap();
            }
        }
    });
    (url, certificate.to_vec())
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_connects_over_tls() {
    let (url, certificate) = tls_server().await;
    let client = options(&url).root_certificate(certificate).build().unwrap();
    within(client.connect()).await.unwrap();
    within(client.publish("c", "x".repeat(60_000))).await.unwrap();
    within(client.close()).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_refused() {
    let (url, _) = tls_server().await;
    let client = options(&url).build().unwrap();
    let error = within(client.connect()).await.unwrap_err();
    let ConnectError::Closed { close_code, http_status, cause, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((close_code, http_status), (1006, None));
    assert!(cause.unwrap().contains("certificate"));
}

//! From an HTTP request for `/v1` to a WebSocket (spec A.1).

use hyper::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::link::Link;
use super::reply::{Body, json_error};
use super::socket::{self, Socket};

/// Checks that a request is a WebSocket handshake; the response that accepts it.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Response<Body>, Box<Response<Body>>> {
    let headers = request.headers();
    let is_upgrade = request.method() == Method::GET
        && has_token(headers, CONNECTION.as_str(), "upgrade")
        && has_token(headers, UPGRADE.as_str(), "websocket");
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_upgrade);
    let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let Some(key) = key.filter(|_| version) else {
        let mut response = json_error(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            "this address speaks WebSocket (version 13)",
        );
        response.headers_mut().insert(UPGRADE, "websocket".parse().expect("a valid header value"));
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_VERSION, "13".parse().expect("a valid header value"));
        return Err(Box::new(response));
    };
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(Body::default());
    Ok(response.expect("an accept key is a valid header value"))
}

/// Takes the connection over from HTTP.
pub(super) async fn take_over(upgrade: OnUpgrade, max_message_size: usize) -> Option<Socket> {
    let upgraded = upgrade.await.ok()?;
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    let config = Some(socket::transport(max_message_size));
    let already_read = read_buf.to_vec();
    let stream = Link::new(io.into_inner());
    Some(WebSocketStream::from_partially_read(stream, already_read, Role::Server, config).await)
}

fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

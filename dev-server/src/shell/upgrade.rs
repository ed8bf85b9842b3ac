//! From an HTTP request for `/v1` to a WebSocket (RFC 6455, section 4).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::either::Either;

use super::link::{Link, Stream};
use super::reply::{Body, json_error};
use super::socket::{self, Socket};

/// Checks that a request is a WebSocket handshake; the response that accepts it.
pub(super) fn accept<B>(request: &Request<B>) -> Result<Response<Body>, Box<Response<Body>>> {
    let headers = request.headers();
    let is_upgrade = request.method() == Method::GET
        && has_token(headers, CONNECTION.as_str(), "upgrade")
        && has_token(headers, UPGRADE.as_str(), "websocket");
    let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if !is_upgrade || !version {
        return Err(Box::new(upgrade_required()));
    }
    let Some(key) = key_of(headers) else {
        let message = "Sec-WebSocket-Key must be there once, and be 16 bytes in base64";
        return Err(Box::new(json_error(StatusCode::BAD_REQUEST, "invalid_request", message)));
    };
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(Body::default());
    Ok(response.expect("an accept key is a valid header value"))
}

fn upgrade_required() -> Response<Body> {
    let message = "this address speaks WebSocket (version 13)";
    let mut response = json_error(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message);
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// The client's key. One that breaks the rule was not made by a WebSocket client.
fn key_of(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).into_iter();
    let key = keys.next().filter(|_| keys.next().is_none())?;
    let bytes = BASE64_STANDARD.decode(key).ok()?;
    (bytes.len() == 16).then_some(key)
}

/// Takes the connection over from HTTP.
pub(super) async fn take_over(upgrade: OnUpgrade, max_message_size: usize) -> Option<Socket> {
    let upgraded = upgrade.await.ok()?;
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    let stream = io.into_inner();
    let config = Some(socket::transport(max_message_size, matches!(stream, Either::Right(_))));
    let already_read = read_buf.to_vec();
    let stream = Link::new(stream);
    Some(WebSocketStream::from_partially_read(stream, already_read, Role::Server, config).await)
}

fn has_token(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| item.trim().eq_ignore_ascii_case(token))
}

//! HTTP: one port for the WebSocket endpoint, the REST API, health, metrics and faults.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, ORIGIN, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metered_realtime_proto::wire::push_json_string;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::shared::{Seat, Shared};
use super::{dev, metrics, rest, socket, upgrade};
use crate::auth::{Answer, Credential};
use crate::hub::TurnedAway;

/// The body of every response.
pub(super) type Body = Full<Bytes>;

/// An accepted WebSocket handshake: what is to be served, once HTTP has let go of the connection.
type Accepted = Arc<Mutex<Option<(OnUpgrade, Seat)>>>;

/// Serves one TCP connection, first as HTTP and then, if it asks for it, as WebSocket.
pub(super) async fn serve(stream: TcpStream, remote: SocketAddr, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let accepted = Accepted::default();
    // Boxed, so that an idle WebSocket does not carry the HTTP state's size.
    Box::pin(serve_http(stream, remote, Arc::clone(&shared), Arc::clone(&accepted))).await;
    let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((on_upgrade, seat)) = accepted else { return };
    let max_message_size = shared.config.limits.max_message_size;
    if let Some(socket) = upgrade::take_over(on_upgrade, max_message_size).await {
        socket::serve(socket, seat).await;
    }
}

async fn serve_http(
    stream: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared>,
    accepted: Accepted,
) {
    let service = service_fn(|request| {
        let (shared, accepted) = (&shared, &accepted);
        async move {
            let line = format!("{remote} {} {}", request.method(), masked(request.uri()));
            let response = respond(request, remote, shared, accepted).await;
            tracing::info!(target: "access", "{line} {}", response.status().as_u16());
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = shared.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!("{remote} HTTP ended: {error}");
    }
}

async fn respond(
    request: Request<Incoming>,
    remote: SocketAddr,
    shared: &Arc<Shared>,
    accepted: &Accepted,
) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1") => connect(request, remote, shared, accepted),
        (_, path) if path.starts_with("/v1/") => rest::respond(request, shared).await,
        (_, path) if path.starts_with("/_dev/") => dev::respond(request, shared).await,
        (&Method::GET | &Method::OPTIONS, "/healthz") => {
            dev::with_cors(json(StatusCode::OK, r#"{"status":"ok"}"#))
        }
        (&Method::GET, "/metrics") => metrics::respond(shared),
        _ => not_found(),
    }
}

/// Admission, and then 101 (spec A.1).
fn connect(
    mut request: Request<Incoming>,
    remote: SocketAddr,
    shared: &Arc<Shared>,
    accepted: &Accepted,
) -> Response<Body> {
    let response = match upgrade::accept(&request) {
        Ok(response) => response,
        Err(response) => return *response,
    };
    let plan = match shared.drive(|hub, now| hub.knock(remote.ip(), now)) {
        Ok(plan) => plan,
        Err(turned_away) => return refusal(turned_away),
    };
    let (key, token) = (query(request.uri(), "key"), query(request.uri(), "token"));
    let credential = match (&key, &token) {
        (Some(key), None) => Credential::Key(key),
        (None, Some(token)) => Credential::Token(token),
        (Some(_), Some(_)) | (None, None) => Credential::Missing,
    };
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let fresh_peer = Uuid::new_v4().to_string();
    let seat = match shared.keyring.admit(credential, origin, fresh_peer, shared.now()) {
        Ok(grant) => shared.open(grant, plan),
        Err(denied) => match denied.answer(shared.config.rejection) {
            Answer::Http { code, message } => {
                return json_error(StatusCode::UNAUTHORIZED, code, message);
            }
            Answer::Close { code, reason } => shared.reject(code, reason),
        },
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some((on_upgrade, seat));
    response
}

/// The response to those who are turned away before their credential is looked at.
fn refusal(turned_away: TurnedAway) -> Response<Body> {
    let status = StatusCode::from_u16(turned_away.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = match turned_away.status {
        401 => json_error(status, "invalid_token", "the credential is refused"),
        429 => json(status, r#"{"message":"too many connects"}"#),
        _ => json_error(status, "internal_error", "the service is not available"),
    };
    if let Some(wait) = turned_away.retry_after {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    response
}

/// The whole body of a request, if it is not too large.
pub(super) async fn body_of(request: Request<Incoming>) -> Result<Bytes, Box<Response<Body>>> {
    match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(Box::new(json_error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            "the body is larger than 32 KB, or was cut off",
        ))),
    }
}

/// A query parameter, percent-decoded.
pub(super) fn query(uri: &hyper::Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?.1;
    percent_decode(value)
}

/// The text without its percent-escapes; `None` if it then is not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The address for the log: a query may hold a credential, so only the names of its parameters are shown.
fn masked(uri: &hyper::Uri) -> String {
    let mut text = metered_realtime_proto::wire::scrub(uri.path());
    for (index, pair) in uri.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        let name = pair.split('=').next().unwrap_or_default();
        if matches!(name, "key" | "token") {
            text.push_str(name);
            text.push('=');
        }
        text.push_str("***");
    }
    text
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error response in the service's shape (spec A.7).
pub(super) fn json_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut body = String::from(r#"{"error":"#);
    push_json_string(&mut body, code);
    body.push_str(r#","message":"#);
    push_json_string(&mut body, message);
    body.push('}');
    json(status, body)
}

/// The answer where there is nothing.
pub(super) fn not_found() -> Response<Body> {
    json_error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}

/// How long a client may take to send its request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// The largest body of a request (spec A.7).
const MAX_BODY_BYTES: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_the_log() {
        let cases = [
            ("/v1?key=pk_live_abc", "/v1?key=***"),
            ("/v1?token=eyJhbGciOiJI.eyJzdWIi.c2ln", "/v1?token=***"),
            ("/v1?secret&Key=pk_live_abc&token=x", "/v1?***&***&token=***"),
            ("/healthz", "/healthz"),
        ];
        for (address, logged) in cases {
            assert_eq!(masked(&address.parse().unwrap()), logged);
        }
        let in_path = masked(&"/v1/peers/sk_secret_abc".parse().unwrap());
        assert!(!in_path.contains("abc"), "{in_path}");
    }

    #[test]
    fn a_parameter_is_decoded_and_nothing_else_is_made_of_it() {
        let uri = "/v1?keys=no&key=a%20b%2Bc+d%zz%&key=second".parse().unwrap();
        assert_eq!(query(&uri, "key").as_deref(), Some("a b+c+d%zz%"));
        assert_eq!(query(&uri, "token"), None);
        assert_eq!(percent_decode("%FF"), None);
        assert_eq!(percent_decode("%C3%A4").as_deref(), Some("ä"));
    }
}

//! HTTP: one port for the WebSocket endpoint, the REST API, health, metrics and faults.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ORIGIN, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::address::{masked, query};
use super::reply::{Body, json, json_error, not_found, with_cors};
use super::shared::{Seat, Shared};
use super::{dev, metrics, rest, socket, upgrade};
use crate::auth::{Answer, Credential};
use crate::hub::TurnedAway;

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
            with_cors(json(StatusCode::OK, r#"{"status":"ok"}"#))
        }
        (&Method::GET, "/metrics") => metrics::respond(shared),
        _ => not_found(),
    }
}

/// Admission, and then 101.
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

/// How long a client may take to send its request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest head of a request.
const MAX_HEADER_BYTES: usize = 16 << 10;

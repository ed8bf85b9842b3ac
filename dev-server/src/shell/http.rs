//! HTTP: one port for the WebSocket endpoint, the REST API, health, metrics and faults, and one for monitoring alone.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{ORIGIN, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::address::{masked, query};
use super::clients::{Place, client_of, counted};
use super::counters::Refusal;
use super::link::Stream;
use super::reply::{Body, json, json_error, not_found, with_cors};
use super::shared::{Seat, Shared};
use super::{dev, metrics, rest, upgrade};
use crate::auth::{Answer, Credential};
use crate::config::Mode;
use crate::hub::TurnedAway;

/// The users of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Clients and programs that use the REST API.
    Clients,
    /// Monitoring.
    Metrics,
}

/// One TCP connection, as long as it speaks HTTP.
pub(super) struct Visit<'a> {
    pub(super) shared: &'a std::sync::Arc<Shared>,
    pub(super) remote: SocketAddr,
    pub(super) door: Door,
    pub(super) place: Mutex<Place>,
    /// An accepted WebSocket handshake, to be served when the HTTP connection has ended.
    pub(super) accepted: Mutex<Option<(OnUpgrade, Seat)>>,
}

impl Visit<'_> {
    /// Serves HTTP until the connection ends or becomes a WebSocket.
    pub(super) async fn serve(&self, stream: Stream) {
        let service = service_fn(|request| async {
            let response = self.respond_and_log(request).await;
            Ok::<_, Infallible>(response)
        });
        let limit = self.shared.config.bounds.request_timeout;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limit)
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = &mut connection => result,
            () = self.is_to_end() => {
                connection.as_mut().graceful_shutdown();
                timeout(limit, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = result {
            self.count(&error);
            tracing::debug!(remote = %self.remote, "HTTP ended: {error}");
        }
    }

    async fn is_to_end(&self) {
        let stopping = async {
            match self.door {
                Door::Clients => self.shared.stopping().await,
                Door::Metrics => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stopping => {}
            () = sleep(HTTP_LIFETIME) => {}
        }
    }

    fn count(&self, error: &hyper::Error) {
        if error.is_timeout() {
            self.shared.counters.refused(Refusal::TooSlow);
        } else if error.is_parse_too_large() {
            self.shared.counters.refused(Refusal::TooLarge);
        }
    }

    async fn respond_and_log(&self, request: Request<Incoming>) -> Response<Body> {
        let client = self.client(&request);
        let (method, address) = (request.method().clone(), masked(request.uri()));
        let response = self.respond(request, client).await;
        let status = response.status().as_u16();
        match self.door {
            Door::Clients => {
                tracing::info!(target: "access", %client, %method, address, status);
            }
            Door::Metrics => {
                tracing::debug!(target: "access", %client, %method, address, status);
            }
        }
        match response.status() {
            StatusCode::REQUEST_TIMEOUT => self.shared.counters.refused(Refusal::TooSlow),
            StatusCode::PAYLOAD_TOO_LARGE => self.shared.counters.refused(Refusal::TooLarge),
            _ => {}
        }
        response
    }

    async fn respond(&self, request: Request<Incoming>, client: IpAddr) -> Response<Body> {
        let shared = self.shared;
        let for_clients = self.door == Door::Clients;
        let development = shared.config.mode == Mode::Development;
        match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::OPTIONS, "/healthz") => {
                let response = json(StatusCode::OK, r#"{"status":"ok"}"#);
                if development { with_cors(response) } else { response }
            }
            (&Method::GET, "/readyz") if shared.is_ready() => {
                json(StatusCode::OK, r#"{"status":"ready"}"#)
            }
            (&Method::GET, "/readyz") => {
                json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"going away"}"#)
            }
            (&Method::GET, "/metrics") if development || !for_clients => metrics::respond(shared),
            (&Method::GET, "/v1") if for_clients => self.connect(request, client),
            (_, path) if for_clients && path.starts_with("/v1/") => {
                rest::respond(request, shared).await
            }
            (_, path) if for_clients && development && path.starts_with("/_dev/") => {
                dev::respond(request, shared).await
            }
            _ => not_found(),
        }
    }

    /// Admission, and then 101.
    fn connect(&self, mut request: Request<Incoming>, client: IpAddr) -> Response<Body> {
        let shared = self.shared;
        let response = match upgrade::accept(&request) {
            Ok(response) => response,
            Err(response) => return *response,
        };
        if shared.is_stopping() {
            return self.draining();
        }
        if self.place().assign(client).is_err() {
            shared.counters.refused(Refusal::AddressFull);
            let message = r#"{"message":"too many connections from this address"}"#;
            return json(StatusCode::TOO_MANY_REQUESTS, message);
        }
        let plan = match shared.drive(|hub, now| hub.knock(counted(client), now)) {
            Ok(plan) => plan,
            Err(turned_away) => return self.turned_away(turned_away),
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
            Err(denied) => {
                shared.counters.refused(Refusal::Credential);
                match denied.answer(shared.config.rejection) {
                    Answer::Http { code, message } => {
                        return json_error(StatusCode::UNAUTHORIZED, code, message);
                    }
                    Answer::Close { code, reason } => shared.reject(code, reason),
                }
            }
        };
        let on_upgrade = hyper::upgrade::on(&mut request);
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = Some((on_upgrade, seat));
        response
    }

    /// The response to a client that is refused before its credential is checked.
    fn turned_away(&self, turned_away: TurnedAway) -> Response<Body> {
        let status = StatusCode::from_u16(turned_away.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = match turned_away.status {
            401 => json_error(status, "invalid_token", "the credential is refused"),
            429 => {
                self.shared.counters.refused(Refusal::ConnectRate);
                json(status, r#"{"message":"too many connects"}"#)
            }
            _ => json_error(status, "internal_error", "the service is not available"),
        };
        if let Some(wait) = turned_away.retry_after {
            response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
        }
        response
    }

    fn draining(&self) -> Response<Body> {
        self.shared.counters.refused(Refusal::Draining);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut response = json_error(status, "going_away", "the server is going away");
        let wait = self.shared.config.retry_after.as_secs().max(1);
        response.headers_mut().insert(RETRY_AFTER, wait.into());
        response
    }

    /// The address of the client, also behind proxies.
    fn client<B>(&self, request: &Request<B>) -> IpAddr {
        client_of(&self.shared.config.trusted_proxies, self.remote.ip(), request.headers())
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The largest head of a request.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// The longest life of a connection that does not become a WebSocket. It ends between two requests, or a little later during
/// one. So a client that does not read a response cannot hold it for ever.
const HTTP_LIFETIME: Duration = Duration::from_secs(300);

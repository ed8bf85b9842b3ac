//! `POST /_dev/faults`: faults on demand, for tests, demos and curious people.
//!
//! Any web page may call it (permissive CORS): this is a server for development that listens on this machine only.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue,
};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;

use super::http::{Body, json, json_error};
use super::shared::Shared;

/// Answers everything below `/_dev/`.
pub(super) async fn respond(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Body> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::OPTIONS, _) => json(StatusCode::NO_CONTENT, ""),
        (&Method::POST, "/_dev/faults") => faults(request, shared).await,
        _ => json_error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address"),
    };
    with_cors(response)
}

/// Lets any web page read the response.
pub(super) fn with_cors(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let methods = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    response
}

#[derive(Deserialize)]
struct Order {
    #[serde(flatten)]
    fault: Fault,
    peer: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
enum Fault {
    Drop,
    Close {
        code: u16,
        #[serde(default)]
        reason: String,
    },
}

async fn faults(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Body> {
    let body = match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let message = "the body is too large or was cut off";
            return json_error(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", message);
        }
    };
    let order: Order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => {
            let message = error.to_string();
            return json_error(StatusCode::BAD_REQUEST, "invalid_request", &message);
        }
    };
    let affected = shared.drive(|hub, _| {
        let ids = hub.connections_of(order.peer.as_deref());
        for id in &ids {
            match &order.fault {
                Fault::Drop => hub.drop_connection(*id),
                Fault::Close { code, reason } => hub.close(*id, *code, reason),
            }
        }
        ids.len()
    });
    json(StatusCode::OK, format!(r#"{{"affected":{affected}}}"#))
}

/// The largest body of a request.
const MAX_BODY_BYTES: usize = 32 << 10;

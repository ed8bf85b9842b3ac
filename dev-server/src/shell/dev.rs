//! `/_dev/faults`: faults on demand, for tests, demos and curious people.
//!
//! `POST` orders one, `GET` lists those that wait, `DELETE` forgets them. Any web page may call it (permissive CORS): this is
//! a server for development that listens on this machine only.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;

use super::reply::{Body, body_of, json, json_error, not_found, with_cors};
use super::shared::Shared;
use crate::hub::{Hub, Rule, Target};

/// Answers everything below `/_dev/`.
pub(super) async fn respond(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Body> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::OPTIONS, _) => json(StatusCode::NO_CONTENT, ""),
        (&Method::POST, "/_dev/faults") => order(request, shared).await,
        (&Method::GET, "/_dev/faults") => {
            let waiting = shared.look(Hub::waiting_faults);
            json(StatusCode::OK, serde_json::json!({ "waiting": waiting }).to_string())
        }
        (&Method::DELETE, "/_dev/faults") => {
            shared.drive(|hub, _| hub.clear_faults());
            json(StatusCode::OK, "{}")
        }
        _ => not_found(),
    };
    with_cors(response)
}

/// A rule; `"peer": "x"` is short for `"target": {"peer": "x"}`.
#[derive(Deserialize)]
struct Order {
    #[serde(flatten)]
    rule: Rule,
    peer: Option<String>,
}

async fn order(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Body> {
    let body = match body_of(request, shared.config.bounds.request_timeout).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let invalid = |message: &str| json_error(StatusCode::BAD_REQUEST, "invalid_request", message);
    let Order { mut rule, peer } = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return invalid(&error.to_string()),
    };
    if let Some(peer) = peer {
        rule.target = Target::Peer(peer);
    }
    match shared.drive(|hub, now| hub.fault(rule, now)) {
        Ok(affected) => json(StatusCode::OK, format!(r#"{{"affected":{affected}}}"#)),
        Err(message) => invalid(message),
    }
}

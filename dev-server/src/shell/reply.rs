//! What all HTTP handlers need: reading a body, and the forms of a response.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    CONNECTION, CONTENT_TYPE, HeaderValue,
};
use hyper::{Request, Response, StatusCode};
use metered_realtime_proto::wire::push_json_string;
use tokio::time::timeout;

/// The body of every response.
pub(super) type Body = Full<Bytes>;

/// The whole body of a request, if it is not too large and does not take too long.
pub(super) async fn body_of(
    request: Request<Incoming>,
    limit: Duration,
) -> Result<Bytes, Box<Response<Body>>> {
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect();
    let (status, code, message) = match timeout(limit, body).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(_)) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            "the body is larger than 32 KB, or was cut off",
        ),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "the body took too long"),
    };
    let mut response = json_error(status, code, message);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Err(Box::new(response))
}

/// A JSON response.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error response in the service's shape.
pub(super) fn json_error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut body = String::from(r#"{"error":"#);
    push_json_string(&mut body, code);
    body.push_str(r#","message":"#);
    push_json_string(&mut body, message);
    body.push('}');
    json(status, body)
}

/// The response for an unknown path.
pub(super) fn not_found() -> Response<Body> {
    json_error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
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

/// The largest body of a request.
const MAX_BODY_BYTES: usize = 32 << 10;

//! The REST control plane below `/v1/`.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use metered_realtime_proto::wire::{ErrorCode, check_channel};
use serde::{Deserialize, Deserializer};
use serde_json::json as value;
use serde_json::value::RawValue;

use super::address::percent_decode;
use super::reply::{Body, body_of, json, json_error, not_found};
use super::shared::Shared;
use crate::auth::{Pair, TokenRequest};
use crate::hub::{Action, Answer, is_peer_id, is_reserved};

/// The answer to a call that fails: a status, a code and a sentence.
struct Failure(StatusCode, &'static str, String);

type Outcome = Result<String, Failure>;

/// Answers everything below `/v1/`.
pub(super) async fn respond(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Body> {
    let Some(pair) = authorized(request.headers(), shared) else {
        let message = "Authorization must be: Bearer sk_id_...:sk_secret_...";
        return json_error(StatusCode::UNAUTHORIZED, "unauthorized", message);
    };
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let segments: Option<Vec<String>> = path.split('/').skip(2).map(percent_decode).collect();
    let Some(segments) = segments else { return not_found() };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let answer = match (&head.method, &*segments) {
        (&Method::GET, ["channels", channel, "peers"]) => peers(shared, pair, channel).await,
        (&Method::DELETE, ["peers", peer]) => kick(shared, pair, peer).await,
        (&Method::GET, ["usage"]) => Ok(usage(shared, pair)),
        (&Method::POST, ["tokens"] | ["channels", _, "publish"]) => {
            let limit = shared.config.bounds.request_timeout;
            let body = match body_of(Request::from_parts(head, body), limit).await {
                Ok(body) => body,
                Err(response) => return *response,
            };
            match &*segments {
                ["channels", channel, "publish"] => publish(shared, pair, channel, &body).await,
                _ => tokens(shared, pair, &body),
            }
        }
        _ => return not_found(),
    };
    match answer {
        Ok(body) => json(StatusCode::OK, body),
        Err(Failure(status, code, message)) => json_error(status, code, &message),
    }
}

/// The pair in `Authorization: Bearer id:secret`. Publishable keys have no secret and open nothing.
fn authorized<'a>(headers: &HeaderMap, shared: &'a Shared) -> Option<&'a Pair> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = header.split_once(' ')?;
    let (id, secret) = credential.trim().split_once(':')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    shared.keyring.pair(id, secret)
}

fn tokens(shared: &Shared, pair: &Pair, body: &[u8]) -> Outcome {
    let request: TokenRequest = parse(body)?;
    let minted = shared.keyring.mint(pair, &request, shared.now()).map_err(|error| {
        let status = match error.code {
            "invalid_request" => StatusCode::BAD_REQUEST,
            "internal_error" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        };
        Failure(status, error.code, error.message)
    })?;
    Ok(value!({ "token": minted.token.expose(), "expiresAt": minted.expires_at }).to_string())
}

async fn peers(shared: &Shared, pair: &Pair, channel: &str) -> Outcome {
    permitted(shared, pair, channel, Action::Presence)?;
    let call = shared.call(|hub, now| hub.peers_everywhere(pair.app(), channel, now));
    let Answer::Peers(peers) = call.await else { return Err(unavailable()) };
    Ok(format!(r#"{{"channel":{},"peers":{peers}}}"#, value!(channel)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publish<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    from: Option<String>,
    #[serde(borrow)]
    peer_metadata: Option<&'a RawValue>,
}

/// `null` is data too; only a missing key is `None`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

async fn publish(shared: &Shared, pair: &Pair, channel: &str, body: &[u8]) -> Outcome {
    permitted(shared, pair, channel, Action::Publish)?;
    let request: Publish<'_> = parse(body)?;
    let data = request.data.ok_or_else(|| invalid("data is missing"))?.get();
    let from = request.from.as_deref().unwrap_or(DEFAULT_SENDER);
    if !is_peer_id(from) {
        return Err(invalid("from must be 1 to 128 printable ASCII characters"));
    }
    let metadata = request.peer_metadata.map(RawValue::get);
    let limit = shared.config.limits.peer_metadata_bytes;
    if metadata.is_some_and(|text| !text.starts_with('{') || text.len() > limit) {
        return Err(invalid("peerMetadata is not an object or is too large"));
    }
    let sender = pair.impersonate(from, metadata);
    match shared.call(|hub, now| hub.publish_as(&sender, channel, data, now)).await {
        Answer::Published => Ok("{}".to_owned()),
        Answer::OverQuota => {
            let message = "the period's messages are used up".to_owned();
            Err(Failure(StatusCode::TOO_MANY_REQUESTS, ErrorCode::OVER_MESSAGE_QUOTA, message))
        }
        Answer::Unavailable | Answer::Kicked(_) | Answer::Peers(_) => Err(unavailable()),
    }
}

async fn kick(shared: &Shared, pair: &Pair, peer: &str) -> Outcome {
    if !is_peer_id(peer) {
        return Err(invalid("a peer id has 1 to 128 printable ASCII characters"));
    }
    let call = shared.call(|hub, now| hub.kick_everywhere(pair.app(), peer, now));
    let Answer::Kicked(closed) = call.await else { return Err(unavailable()) };
    Ok(value!({ "peerId": peer, "closed": closed }).to_string())
}

fn usage(shared: &Shared, pair: &Pair) -> String {
    let usage = shared.look(|hub| hub.usage(pair.app()));
    let limits = &shared.config.limits;
    value!({
        "appId": **pair.app(),
        "periodStartUnix": usage.period_start,
        "periodEndUnix": usage.period_start + PERIOD_SECONDS,
        "concurrentNow": usage.concurrent_now,
        "peakConcurrent": usage.peak_concurrent,
        "messagesUsed": usage.messages_used,
        "overageMessages": 0,
        "overageConnections": 0,
        "plan": {
            "name": "local",
            "maxConcurrent": limits.connections_per_app,
            "messagesPerPeriod": limits.messages_per_period,
        },
    })
    .to_string()
}

fn permitted(shared: &Shared, pair: &Pair, channel: &str, action: Action) -> Result<(), Failure> {
    check_channel(channel).map_err(|error| invalid(format!("a channel {}", error.rule())))?;
    if channel.len() > shared.config.limits.channel_name_bytes {
        return Err(invalid("a channel is too long"));
    }
    if is_reserved(channel) {
        let message = "the prefix is reserved".to_owned();
        return Err(Failure(StatusCode::BAD_REQUEST, ErrorCode::CHANNEL_RESERVED, message));
    }
    if !pair.actions().allows(action) {
        let message = format!("the key does not permit {}", action.as_str());
        return Err(Failure(StatusCode::FORBIDDEN, ErrorCode::ACTION_NOT_PERMITTED, message));
    }
    if !pair.scope().covers(channel) {
        let message = format!("not authorized: {channel}");
        return Err(Failure(StatusCode::FORBIDDEN, ErrorCode::CHANNEL_NOT_AUTHORIZED, message));
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))
}

fn unavailable() -> Failure {
    let message = "the other nodes cannot be reached; try again".to_owned();
    Failure(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::BACKEND_ERROR, message)
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure(StatusCode::BAD_REQUEST, "invalid_request", message.into())
}

/// The sender of a publish that does not name one (assumed).
const DEFAULT_SENDER: &str = "server";

/// Thirty days (assumed).
const PERIOD_SECONDS: u64 = 30 * 24 * 3600;

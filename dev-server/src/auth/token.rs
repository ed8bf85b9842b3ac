//! Checks a token and reads what it permits.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::jwt::{HS256, Unverified};
use super::{Denied, Keyring, patterns, same};
use crate::hub::{Action, Actions, Grant, Time, is_peer_id};

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    channels: Option<Vec<String>>,
    permissions: Option<Vec<String>>,
    metadata: Option<Box<RawValue>>,
    #[serde(rename = "peerMetadata")]
    peer_metadata: Option<Box<RawValue>>,
}

pub(super) fn verify(keyring: &Keyring, token: &str, now: Time) -> Result<Grant, Denied> {
    let token = Unverified::read(token).ok_or(Denied::Unreadable("the token is not a JWT"))?;
    if token.header.alg != HS256 {
        return Err(Denied::Unreadable("the token's alg is not HS256"));
    }
    let kid = token.header.kid.as_ref().ok_or(Denied::Unreadable("the token has no kid"))?;
    let pair = keyring.secret.iter().find(|pair| same(&pair.key.id, kid));
    let pair = pair.ok_or(Denied::Invalid("the token's kid is unknown"))?;
    if !token.is_signed_with(pair.key.secret.expose().as_bytes()) {
        return Err(Denied::Invalid("the token's signature is wrong"));
    }
    let claims: Option<Claims> = token.claims();
    let claims = claims.ok_or(Denied::Unreadable("the token's claims cannot be read"))?;
    let expires_at = claims.exp as u64;
    if expires_at <= now.unix_seconds() {
        return Err(Denied::Expired);
    }
    if !is_peer_id(&claims.sub) {
        return Err(Denied::Invalid("the token's sub is not a peer id"));
    }
    let limits = &keyring.limits;
    let metadata = object(claims.metadata.as_deref(), limits.metadata_bytes)
        .ok_or(Denied::Invalid("the token's metadata is not an object or is too large"))?;
    let peer_metadata = object(claims.peer_metadata.as_deref(), limits.peer_metadata_bytes)
        .ok_or(Denied::Invalid("the token's peerMetadata is not an object or is too large"))?;
    let powers = &pair.powers;
    let mut scope = powers.scope.clone();
    if let Some(channels) = claims.channels {
        if channels.len() > CHANNELS_MAX || !channels.iter().all(|channel| scope.covers(channel)) {
            return Err(Denied::Invalid("the token's channels are outside of its key's patterns"));
        }
        scope = scope.within(patterns(&channels));
    }
    Ok(Grant {
        app: Arc::clone(&powers.app),
        peer: Arc::from(claims.sub),
        actions: actions(claims.permissions.as_deref(), powers.actions)?,
        scope,
        expires_at: Some(expires_at),
        metadata: powers.metadata(metadata),
        peer_metadata: peer_metadata.map(Arc::from),
        suspended: powers.suspended,
    })
}

/// A token may permit what its key permits or less, never more.
fn actions(permissions: Option<&[String]>, of_key: Actions) -> Result<Actions, Denied> {
    let Some(permissions) = permissions else { return Ok(of_key) };
    let parsed: Option<Actions> = permissions.iter().map(|name| Action::parse(name)).collect();
    match parsed {
        Some(actions) if permissions.len() <= PERMISSIONS_MAX && of_key.contains(actions) => {
            Ok(actions)
        }
        _ => Err(Denied::Invalid("the token's permissions are not among its key's actions")),
    }
}

/// The text of an optional JSON object; `None` if it is something else or too large.
fn object(json: Option<&RawValue>, max_bytes: usize) -> Option<Option<&str>> {
    match json.map(RawValue::get) {
        None => Some(None),
        Some(text) if text.starts_with('{') && text.len() <= max_bytes => Some(Some(text)),
        Some(_) => None,
    }
}

/// How many channels a token may list.
pub(super) const CHANNELS_MAX: usize = 100;

/// How many permissions a token may list.
pub(super) const PERMISSIONS_MAX: usize = 16;

//! Minting JSON Web Tokens, as `POST /v1/tokens` does.

use std::fmt;
use std::time::SystemTime;

use metered_realtime_proto::wire::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::jwt;
use super::token::{CHANNELS_MAX, PERMISSIONS_MAX};
use super::{Keyring, Pair};
use crate::config::Config;
use crate::hub::{Action, Actions, Time, is_peer_id};

/// A request for a token: the body of `POST /v1/tokens`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// The peer id of the client that connects with the token.
    pub peer_id: String,
    /// Channels or patterns within the key's patterns; all of them if this is missing.
    pub channels: Option<Vec<String>>,
    /// Actions among the key's; all of them if this is missing.
    pub permissions: Option<Vec<Action>>,
    /// The lifetime in seconds: 1 to 86,400.
    #[serde(default = "an_hour")]
    pub expires_in_sec: u64,
    /// Metadata for the peer itself, sent with its welcome.
    pub metadata: Option<Map<String, Value>>,
    /// Metadata that other peers see.
    pub peer_metadata: Option<Map<String, Value>>,
}

impl TokenRequest {
    /// A token for a peer that permits all that the key does, for an hour.
    #[must_use]
    pub fn new(peer_id: impl Into<String>) -> TokenRequest {
        TokenRequest {
            peer_id: peer_id.into(),
            channels: None,
            permissions: None,
            expires_in_sec: an_hour(),
            metadata: None,
            peer_metadata: None,
        }
    }
}

/// A fresh token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The JWT.
    pub token: Secret,
    /// When it expires, in Unix seconds.
    pub expires_at: u64,
}

/// Why a token was not minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintError {
    /// The error code of the REST API.
    pub code: &'static str,
    /// The rule that was broken.
    pub message: String,
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for MintError {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
    sub: &'a str,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'a [Action]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_metadata: Option<&'a Map<String, Value>>,
}

/// Mints a token with the first secret key of a configuration, by the system's clock.
pub(crate) fn mint_offline(config: &Config, request: &TokenRequest) -> Result<Token, MintError> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Keyring::new(config).mint_with_first(request, Time::since_epoch(since_epoch))
}

impl Keyring {
    /// Mints a token with the first secret pair.
    pub(crate) fn mint_with_first(
        &self,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Token, MintError> {
        let pair = self.secret.first();
        let pair = pair.ok_or_else(|| failed("unauthorized", "there is no secret key"))?;
        self.mint(pair, request, now)
    }

    /// Mints a token with one of the secret pairs.
    pub(crate) fn mint(
        &self,
        pair: &Pair,
        request: &TokenRequest,
        now: Time,
    ) -> Result<Token, MintError> {
        self.check(pair, request)?;
        let issued_at = now.unix_seconds();
        let expires_at = issued_at + request.expires_in_sec;
        let claims = Claims {
            sub: &request.peer_id,
            iat: issued_at,
            exp: expires_at,
            channels: request.channels.as_deref(),
            permissions: request.permissions.as_deref(),
            metadata: request.metadata.as_ref(),
            peer_metadata: request.peer_metadata.as_ref(),
        };
        let token = jwt::sign(&pair.key.id, pair.key.secret.expose().as_bytes(), &claims);
        let token = token.map_err(|error| failed("internal_error", error.to_string()))?;
        Ok(Token { token: Secret::new(token), expires_at })
    }

    fn check(&self, pair: &Pair, request: &TokenRequest) -> Result<(), MintError> {
        let invalid = |message: &str| Err(failed("invalid_request", message));
        if !is_peer_id(&request.peer_id) {
            return invalid("peerId must be 1 to 128 printable ASCII characters");
        }
        if !(1..=EXPIRES_IN_MAX).contains(&request.expires_in_sec) {
            return invalid("expiresInSec must be 1 to 86400");
        }
        if size(request.metadata.as_ref()) > self.limits.metadata_bytes {
            return invalid("metadata is too large");
        }
        if size(request.peer_metadata.as_ref()) > self.limits.peer_metadata_bytes {
            return invalid("peerMetadata is too large");
        }
        if let Some(channels) = &request.channels {
            if channels.len() > CHANNELS_MAX {
                return invalid("channels may list at most 100");
            }
            if let Some(channel) = channels.iter().find(|channel| !pair.scope().covers(channel)) {
                let message = format!("outside of the key's patterns: {channel}");
                return Err(failed("channel_not_authorized", message));
            }
        }
        if let Some(permissions) = &request.permissions {
            if permissions.len() > PERMISSIONS_MAX {
                return invalid("permissions may list at most 16");
            }
            let wanted: Actions = permissions.iter().copied().collect();
            if !pair.actions().contains(wanted) {
                let message = "the key does not permit all of the permissions";
                return Err(failed("action_not_permitted", message));
            }
        }
        Ok(())
    }
}

fn failed(code: &'static str, message: impl Into<String>) -> MintError {
    MintError { code, message: message.into() }
}

fn size(metadata: Option<&Map<String, Value>>) -> usize {
    metadata.and_then(|map| serde_json::to_string(map).ok()).map_or(0, |text| text.len())
}

const fn an_hour() -> u64 {
    3600
}

/// The longest life of a token.
const EXPIRES_IN_MAX: u64 = 86_400;

//! Checks credentials and decides what they permit. The caller brings the time; there is no I/O.

mod jwt;
mod mint;
mod token;

use std::sync::Arc;

use metered_realtime_proto::wire::CloseCode;
use subtle::ConstantTimeEq;

use crate::config::{Config, PublishableKey, Rejection, Rights, SecretKey};
use crate::hub::{Actions, Grant, Limits, Pattern, Scope, Time};

pub(crate) use mint::mint_offline;
pub use mint::{MintError, Token, TokenRequest};

/// A credential as it stands in the query of the address.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    /// `?key=`
    Key(&'a str),
    /// `?token=`
    Token(&'a str),
    /// Neither, or both.
    Missing,
}

/// Why a credential is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is missing or malformed.
    Unreadable(&'static str),
    /// It is well-formed but wrong.
    Invalid(&'static str),
    /// The token's `exp` has passed.
    Expired,
    /// The key may not be used by pages of this origin.
    Origin,
}

/// The answer to a refused client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// HTTP 401 in place of 101.
    Http { code: &'static str, message: &'static str },
    /// 101, and then a close.
    Close { code: u16, reason: &'static str },
}

impl Denied {
    /// How the refusal reaches the client.
    pub(crate) fn answer(self, rejection: Rejection) -> Answer {
        let by_http = match (rejection, self) {
            (Rejection::Http, _) => true,
            (Rejection::Close, _) => false,
            (Rejection::Documented, Denied::Unreadable(_) | Denied::Origin) => true,
            (Rejection::Documented, Denied::Invalid(_) | Denied::Expired) => false,
        };
        let (code, close_code, message) = match self {
            Denied::Unreadable(message) | Denied::Invalid(message) => {
                ("invalid_token", CloseCode::InvalidToken, message)
            }
            Denied::Expired => ("token_expired", CloseCode::TokenExpired, "the token has expired"),
            Denied::Origin => (
                "origin_not_allowed",
                CloseCode::InvalidToken,
                "the key is not for pages of this origin",
            ),
        };
        match by_http {
            true => Answer::Http { code, message },
            false => Answer::Close { code: close_code.as_u16(), reason: message },
        }
    }
}

/// Every key, ready for use.
#[derive(Debug)]
pub(crate) struct Keyring {
    publishable: Vec<(PublishableKey, Powers)>,
    secret: Vec<Pair>,
    relaxed: bool,
    limits: Limits,
}

/// A secret key pair.
#[derive(Debug)]
pub(crate) struct Pair {
    key: SecretKey,
    powers: Powers,
}

/// The rights of a key, compiled.
#[derive(Clone, Debug)]
struct Powers {
    app: Arc<str>,
    scope: Scope,
    actions: Actions,
    ice_servers: Option<serde_json::Value>,
    suspended: bool,
}

impl Keyring {
    pub(crate) fn new(config: &Config) -> Keyring {
        let publishable = config.publishable_keys.iter();
        let secret = config.secret_keys.iter();
        Keyring {
            publishable: publishable.map(|key| (key.clone(), Powers::new(&key.rights))).collect(),
            secret: secret
                .map(|key| Pair { key: key.clone(), powers: Powers::new(&key.rights) })
                .collect(),
            relaxed: config.relaxed,
            limits: config.limits.clone(),
        }
    }

    /// What a credential permits. `fresh_peer` is the peer id for a credential without one.
    pub(crate) fn admit(
        &self,
        credential: Credential<'_>,
        origin: Option<&str>,
        fresh_peer: String,
        now: Time,
    ) -> Result<Grant, Denied> {
        match credential {
            Credential::Key(key) => self.by_key(key, origin, fresh_peer),
            Credential::Token(text) => token::verify(self, text, now),
            Credential::Missing => {
                Err(Denied::Unreadable("exactly one of key and token is required"))
            }
        }
    }

    fn by_key(&self, key: &str, origin: Option<&str>, fresh_peer: String) -> Result<Grant, Denied> {
        let known = self.publishable.iter().find(|(known, _)| same(&known.key, key));
        let powers = match known {
            Some((known, powers)) => {
                let anywhere = known.allowed_origins.is_empty();
                if !anywhere && !known.allowed_origins.iter().any(|o| Some(&**o) == origin) {
                    return Err(Denied::Origin);
                }
                powers.clone()
            }
            None if self.relaxed && !key.is_empty() => Powers::new(&Rights::default()),
            None => return Err(Denied::Invalid("unknown key")),
        };
        let metadata = powers.metadata(None);
        Ok(Grant {
            app: powers.app,
            peer: Arc::from(fresh_peer),
            actions: powers.actions,
            scope: powers.scope,
            expires_at: None,
            metadata,
            peer_metadata: None,
            suspended: powers.suspended,
        })
    }

    /// The pair with an id and a secret.
    pub(crate) fn pair(&self, id: &str, secret: &str) -> Option<&Pair> {
        let pair = self.secret.iter().find(|pair| pair.key.id == id)?;
        same(pair.key.secret.expose(), secret).then_some(pair)
    }
}

impl Pair {
    /// The app that the pair belongs to.
    pub(crate) fn app(&self) -> &Arc<str> {
        &self.powers.app
    }

    /// What the pair may do.
    pub(crate) fn actions(&self) -> Actions {
        self.powers.actions
    }

    /// Where the pair may do it.
    pub(crate) fn scope(&self) -> &Scope {
        &self.powers.scope
    }

    /// A grant for acting in the name of a peer that need not be connected.
    pub(crate) fn impersonate(&self, peer: &str, peer_metadata: Option<&str>) -> Grant {
        Grant {
            app: Arc::clone(&self.powers.app),
            peer: Arc::from(peer),
            actions: self.powers.actions,
            scope: self.powers.scope.clone(),
            expires_at: None,
            metadata: None,
            peer_metadata: peer_metadata.map(Arc::from),
            suspended: false,
        }
    }
}

impl Powers {
    fn new(rights: &Rights) -> Powers {
        Powers {
            app: Arc::from(&*rights.app),
            scope: Scope::of(patterns(&rights.channel_patterns)),
            actions: rights.actions.iter().copied().collect(),
            ice_servers: rights.ice_servers.clone(),
            suspended: rights.suspended,
        }
    }

    /// The metadata for the welcome: the token's own. The key's ICE servers are added if it has none.
    fn metadata(&self, own: Option<&str>) -> Option<Arc<str>> {
        let Some(ice_servers) = &self.ice_servers else { return own.map(Arc::from) };
        let mut metadata: serde_json::Map<String, serde_json::Value> =
            own.and_then(|own| serde_json::from_str(own).ok()).unwrap_or_default();
        metadata.entry("iceServers").or_insert_with(|| ice_servers.clone());
        Some(Arc::from(serde_json::Value::Object(metadata).to_string()))
    }
}

fn patterns(texts: &[String]) -> Arc<[Pattern]> {
    texts.iter().map(|text| Pattern::new(text)).collect()
}

/// Compares in constant time, so that the time does not show where the two differ.
fn same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

//! Which credential gets which grant (spec A.1, A.7).

use std::sync::Arc;

use crate::config::{Config, DEFAULT_KEY};
use crate::hub::{Actions, Grant};

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
pub(crate) struct Denied {
    pub(crate) reason: &'static str,
}

/// The grant of a credential. `fresh_peer` is the id of a peer that has none of its own.
pub(crate) fn admit(
    config: &Config,
    credential: Credential<'_>,
    fresh_peer: String,
) -> Result<Grant, Denied> {
    match credential {
        Credential::Key(key) if config.relaxed && !key.is_empty() => Ok(everything(fresh_peer)),
        Credential::Key(key) if key == DEFAULT_KEY => Ok(everything(fresh_peer)),
        Credential::Key(_) => Err(Denied { reason: "unknown key" }),
        Credential::Token("") => Err(Denied { reason: "the token is empty" }),
        Credential::Token(_) => Err(Denied { reason: "invalid token" }),
        Credential::Missing => Err(Denied { reason: "exactly one of key and token is required" }),
    }
}

fn everything(peer: String) -> Grant {
    Grant {
        app: Arc::from("local"),
        peer: Arc::from(peer),
        actions: Actions::ALL,
        expires_at: None,
        metadata: None,
        peer_metadata: None,
    }
}

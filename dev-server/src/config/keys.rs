//! The keys of a configuration file.

use metered_realtime_proto::wire::Secret;
use serde::Deserialize;

use super::{DEFAULT_KEY, Mistake, Mode, PublishableKey, Rights, SecretKey};
use crate::hub::Action;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FilePublishableKey {
    key: String,
    #[serde(default = "local")]
    app: String,
    #[serde(default = "all_channels")]
    channel_patterns: Vec<String>,
    #[serde(default = "all_but_send")]
    actions: Vec<Action>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    ice_servers: Option<serde_json::Value>,
    #[serde(default)]
    suspended: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FileSecretKey {
    id: String,
    secret: String,
    #[serde(default = "local")]
    app: String,
    #[serde(default = "all_channels")]
    channel_patterns: Vec<String>,
    #[serde(default = "all_actions")]
    actions: Vec<Action>,
    #[serde(default)]
    ice_servers: Option<serde_json::Value>,
    #[serde(default)]
    suspended: bool,
}

/// Checks the publishable keys of a file.
pub(super) fn publishable(
    keys: Vec<FilePublishableKey>,
    mode: Mode,
) -> Result<Vec<PublishableKey>, Mistake> {
    let mut checked: Vec<PublishableKey> = Vec::with_capacity(keys.len());
    for (index, key) in keys.into_iter().enumerate() {
        let place = format!("publishableKeys[{index}]");
        let key = key.check(mode).map_err(|mistake| mistake.within(&place))?;
        if checked.iter().any(|other| other.key == key.key) {
            return Err(twice("key").within(&place));
        }
        checked.push(key);
    }
    Ok(checked)
}

/// Checks the secret keys of a file.
pub(super) fn secret(keys: Vec<FileSecretKey>, mode: Mode) -> Result<Vec<SecretKey>, Mistake> {
    let mut checked: Vec<SecretKey> = Vec::with_capacity(keys.len());
    for (index, key) in keys.into_iter().enumerate() {
        let place = format!("secretKeys[{index}]");
        let key = key.check(mode).map_err(|mistake| mistake.within(&place))?;
        if checked.iter().any(|other| other.id == key.id) {
            return Err(twice("id").within(&place));
        }
        checked.push(key);
    }
    Ok(checked)
}

impl FilePublishableKey {
    fn check(self, mode: Mode) -> Result<PublishableKey, Mistake> {
        if !self.key.starts_with("pk_") {
            return Err(Mistake::new("key", "does not start with pk_", "write pk_ in front of it"));
        }
        if mode == Mode::Production {
            check_own("key", &self.key, PUBLISHABLE_MIN_IN_PRODUCTION)?;
        }
        for (index, origin) in self.allowed_origins.iter().enumerate() {
            check_origin(origin).map_err(|mistake| Mistake {
                option: format!("allowedOrigins[{index}]"),
                ..mistake
            })?;
        }
        let rights = Rights {
            app: self.app,
            channel_patterns: self.channel_patterns,
            actions: self.actions,
            ice_servers: self.ice_servers,
            suspended: self.suspended,
        };
        check_rights(&rights)?;
        Ok(PublishableKey { key: self.key, rights, allowed_origins: self.allowed_origins })
    }
}

impl FileSecretKey {
    fn check(self, mode: Mode) -> Result<SecretKey, Mistake> {
        if !self.id.starts_with("sk_") || self.id.contains(':') {
            let problem = "does not start with sk_, or has a colon in it";
            return Err(Mistake::new("id", problem, "write a name such as sk_id_main"));
        }
        match mode {
            Mode::Development => check_length("secret", &self.secret, SECRET_MIN)?,
            Mode::Production => check_own("secret", &self.secret, SECRET_MIN_IN_PRODUCTION)?,
        }
        let rights = Rights {
            app: self.app,
            channel_patterns: self.channel_patterns,
            actions: self.actions,
            ice_servers: self.ice_servers,
            suspended: self.suspended,
        };
        check_rights(&rights)?;
        Ok(SecretKey { id: self.id, secret: Secret::new(self.secret), rights, generated: false })
    }
}

fn check_rights(rights: &Rights) -> Result<(), Mistake> {
    if rights.app.is_empty() {
        return Err(Mistake::new(
            "app",
            "is empty",
            "write the name of an app, or remove the line",
        ));
    }
    if let Some(index) = rights.channel_patterns.iter().position(String::is_empty) {
        let option = format!("channelPatterns[{index}]");
        return Err(Mistake::new(option, "is empty", "write a pattern, such as rooms/*"));
    }
    if rights.ice_servers.as_ref().is_some_and(|servers| !servers.is_array()) {
        let remedy = "write [{ urls = [\"turn:...\"], username = \"...\", credential = \"...\" }]";
        return Err(Mistake::new("iceServers", "is not an array", remedy));
    }
    Ok(())
}

/// Browsers send the scheme, the host and a port that is not the default, and nothing more.
fn check_origin(origin: &str) -> Result<(), Mistake> {
    let host = origin.split_once("://").map(|(_, host)| host);
    if origin == "null" || host.is_some_and(|host| !host.is_empty() && !host.contains('/')) {
        return Ok(());
    }
    let problem = format!("is {origin:?}, which no browser sends as an origin");
    Err(Mistake::new(
        "",
        problem,
        "write scheme and host without a path, such as https://example.com",
    ))
}

fn check_length(option: &str, text: &str, least: usize) -> Result<(), Mistake> {
    if text.len() >= least {
        return Ok(());
    }
    let problem = format!("has fewer than {least} characters");
    Err(Mistake::new(option, problem, MAKE_KEYS))
}

/// Whether a key may be one that its owner made.
fn check_own(option: &str, text: &str, least: usize) -> Result<(), Mistake> {
    check_length(option, text, least)?;
    let lower = text.to_ascii_lowercase();
    if lower.starts_with(DEFAULT_KEY) || PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return Err(Mistake::new(option, "is an example that everybody knows", MAKE_KEYS));
    }
    Ok(())
}

fn twice(option: &str) -> Mistake {
    Mistake::new(option, "stands in the file twice", "remove one of the two")
}

fn local() -> String {
    Rights::default().app
}

fn all_channels() -> Vec<String> {
    Rights::default().channel_patterns
}

fn all_actions() -> Vec<Action> {
    Action::ALL.to_vec()
}

/// The service's default for publishable keys: `send` is off.
pub(super) fn all_but_send() -> Vec<Action> {
    vec![Action::Publish, Action::Subscribe, Action::Presence]
}

/// What to do about a key that is missing or weak.
pub(super) const MAKE_KEYS: &str = "`metered-realtime-server keys` makes a pair";

/// Short secrets are guessed; even a local one should look like the real ones.
const SECRET_MIN: usize = 16;

/// As long as the hash that signs tokens.
const SECRET_MIN_IN_PRODUCTION: usize = 32;

/// Longer than anybody tries at random.
const PUBLISHABLE_MIN_IN_PRODUCTION: usize = 20;

/// What stands in examples.
const PLACEHOLDERS: [&str; 4] = ["experiments_only", "example", "change", "replace"];

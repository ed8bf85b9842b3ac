//! `token`: minting a JWT without a running server.

use std::io::Write;
use std::path::PathBuf;

use metered_realtime_proto::wire::Secret;
use serde_json::{Map, Value};

use super::Failed;
use crate::auth::{TokenRequest, mint_offline};
use crate::config::{Config, Mode, Rights, SecretKey};
use crate::hub::Action;

#[derive(Debug, clap::Args)]
pub(super) struct TokenArguments {
    /// The peer id of the client that connects with the token
    #[arg(long, value_name = "ID")]
    peer: String,
    /// Sign with this pair, as the server printed it
    #[arg(
        long,
        value_name = "ID:SECRET",
        env = "METERED_REALTIME_SECRET_KEY",
        hide_env_values = true,
        required_unless_present = "config"
    )]
    secret_key: Option<String>,
    /// Sign with the first secret key of this configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A channel or pattern; may be repeated [default: all of the key's]
    #[arg(long = "channel", value_name = "PATTERN")]
    channels: Option<Vec<String>>,
    /// publish, subscribe, presence or send; may be repeated [default: all of the key's]
    #[arg(long = "permission", value_name = "ACTION", value_parser = action)]
    permissions: Option<Vec<Action>>,
    /// The lifetime in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    expires_in: u64,
    /// Metadata for the peer itself, sent with its welcome
    #[arg(long, value_name = "JSON", value_parser = object)]
    metadata: Option<Map<String, Value>>,
    /// Metadata that other peers see
    #[arg(long, value_name = "JSON", value_parser = object)]
    peer_metadata: Option<Map<String, Value>>,
}

pub(super) fn run(arguments: TokenArguments) -> Result<(), Failed> {
    let mut config = match &arguments.config {
        Some(path) => Config::from_file(path, Mode::Development).map_err(Failed::new)?,
        None => Config::default(),
    };
    if let Some(pair) = &arguments.secret_key {
        let (id, secret) = pair.split_once(':').ok_or_else(|| {
            Failed::new("--secret-key must be ID:SECRET, as the server printed it")
        })?;
        config.secret_keys = vec![SecretKey {
            id: id.to_owned(),
            secret: Secret::new(secret),
            rights: Rights::default(),
            generated: false,
        }];
    }
    let request = TokenRequest {
        peer_id: arguments.peer,
        channels: arguments.channels,
        permissions: arguments.permissions,
        expires_in_sec: arguments.expires_in,
        metadata: arguments.metadata,
        peer_metadata: arguments.peer_metadata,
    };
    let minted = mint_offline(&config, &request).map_err(Failed::new)?;
    writeln!(std::io::stdout(), "{}", minted.token.expose()).map_err(Failed::new)
}

fn action(name: &str) -> Result<Action, String> {
    Action::parse(name).ok_or_else(|| "must be publish, subscribe, presence or send".to_owned())
}

fn object(json: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(json).map_err(|_| "must be a JSON object".to_owned())
}

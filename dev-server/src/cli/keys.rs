//! `keys`: a publishable key and a secret key for a configuration.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};

use super::Failed;

#[derive(Debug, clap::Args)]
pub(super) struct KeysArguments {
    /// The app that the keys belong to; apps never see each other
    #[arg(long, value_name = "NAME", default_value = "main")]
    app: String,
}

pub(super) fn run(arguments: &KeysArguments) -> Result<(), Failed> {
    // A JSON string is a TOML string as well.
    let app = serde_json::Value::from(arguments.app.as_str());
    let (key, id, secret) = (random(18)?, random(9)?, random(32)?);
    write!(
        std::io::stdout(),
        "# Public: it goes into pages and programs.\n\
         [[publishableKeys]]\n\
         key = \"pk_live_{key}\"\n\
         app = {app}\n\
         actions = [\"publish\", \"subscribe\", \"presence\"]\n\
         \n\
         # Secret: it stays on servers, signs tokens and opens the REST API.\n\
         [[secretKeys]]\n\
         id = \"sk_id_{id}\"\n\
         secret = \"sk_secret_{secret}\"\n\
         app = {app}\n"
    )
    .map_err(Failed::new)
}

fn random(bytes: usize) -> Result<String, Failed> {
    let mut random = vec![0; bytes];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| Failed::new("the system has no random bytes"))?;
    Ok(BASE64.encode(random))
}

//! NATS, between the nodes of the server.

use super::apt;
use crate::process::Shell;
use anyhow::Result;
use std::path::Path;

/// `nats-server`, on the path or where Debian puts it.
pub(super) fn server(shell: &mut Shell) -> Result<()> {
    if shell.find("nats-server").is_none() {
        shell.prefer(Path::new(DEBIAN));
    }
    if shell.find("nats-server").is_some() {
        return Ok(());
    }
    apt::install(shell, "nats-server", &["nats-server"])
}

/// It is on the path of administrators only.
const DEBIAN: &str = "/usr/sbin";

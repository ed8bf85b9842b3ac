//! The local server: built once, started on a free port, ended when the value is dropped.

use crate::process::{Background, Shell};
use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// The key that the server accepts by default.
pub(crate) const KEY: &str = "pk_live_local";

/// A running dev-server.
pub(crate) struct DevServer {
    /// Where clients connect: `ws://127.0.0.1:PORT`.
    pub(crate) url: String,
    _process: Background,
}

impl DevServer {
    /// The package that the server is, and the name of its program.
    pub(crate) const PACKAGE: &str = "metered-realtime-server";

    /// Builds the server for tests and returns the path of its program.
    pub(crate) fn build(workspace: &Workspace, shell: &Shell) -> Result<PathBuf> {
        Self::build_into(workspace, shell, "debug", &[])
    }

    /// Builds the server for measurements and returns the path of its program.
    pub(crate) fn build_release(workspace: &Workspace, shell: &Shell) -> Result<PathBuf> {
        Self::build_into(workspace, shell, "release", &["--release"])
    }

    fn build_into(
        workspace: &Workspace,
        shell: &Shell,
        directory: &str,
        flags: &[&str],
    ) -> Result<PathBuf> {
        shell.cmd("cargo").args(["build", "--package", Self::PACKAGE]).args(flags).run()?;
        let program = workspace.target_dir.join(directory).join(Self::PACKAGE);
        Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
    }

    /// Starts it on a free port of this machine.
    pub(crate) fn start(workspace: &Workspace, shell: &Shell) -> Result<Self> {
        let program = Self::build(workspace, shell)?;
        let (process, line) = shell
            .cmd(&program)
            .args(["--listen", "127.0.0.1:0", "--log", "warn"])
            .start()
            .context("the dev-server did not start")?;
        let Some(url) = line.strip_prefix("listening on ") else {
            bail!("the dev-server's first line should be `listening on ws://...`, it was: {line}");
        };
        note(&format!("    dev-server on {url}"));
        Ok(Self { url: url.to_owned(), _process: process })
    }
}

//! `cargo xtask setup`: everything that the other commands need, each thing once.

use crate::process::Shell;
use crate::progress::step;
use crate::tools::{self, Need};
use crate::workspace::Workspace;
use anyhow::Result;

/// Needs: Rust (rustup), Node 20 or newer with npm. Installed when missing: the wasm target,
/// rustfmt and clippy, wasm-pack, the wasm-bindgen CLI that matches Cargo.lock, cargo-deny, the
/// npm packages of the lock files, the official Python client in a virtual environment; Chromium with
/// its driver, a C compiler and Python (Debian packages, as root or with a password-free sudo).
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, workspace: &Workspace) -> Result<()> {
    let needs = [&Need::ALL[..], &[Need::PythonClients]].concat();
    ensure(workspace, &needs).map(drop)
}

/// Set-up as the first step of another command, with only what that command needs.
pub(crate) fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<Shell> {
    step("setup", || tools::ensure(workspace, needs))
}

//! The parts of the Rust toolchain, and the C compiler that it links with.

use super::State;
use crate::apt;
use crate::process::Shell;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// The target of everything for the web.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Cargo itself links with `cc`, so usually it is there by the time that this code runs; a
/// different linker may be configured, and ring still needs a compiler.
pub(super) fn compiler_for_c(shell: &Shell) -> Result<State> {
    let what = "a C compiler";
    if std::env::var_os("CC").is_some() || shell.find("cc").is_some() || cfg!(windows) {
        return Ok(State::AlreadyThere(what.into()));
    }
    apt::install(shell, what, &["build-essential"])?;
    Ok(State::Installed(what.into()))
}

pub(super) fn components(shell: &Shell) -> Result<State> {
    let what = "rustfmt and clippy";
    let missing: Vec<&str> = [("rustfmt", "fmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(_, subcommand)| {
            let version = shell.cmd("cargo").args([subcommand, "--version"]).probe();
            !version.is_some_and(|(works, _)| works)
        })
        .map(|(component, _)| component)
        .collect();
    if missing.is_empty() {
        return Ok(State::AlreadyThere(what.into()));
    }
    rustup(shell, &format!("The components {}", missing.join(" and ")))?
        .args(["component", "add"])
        .args(&missing)
        .remedy("Is the network reachable?")
        .run()?;
    Ok(State::Installed(what.into()))
}

pub(super) fn wasm_target(shell: &Shell) -> Result<State> {
    let has_std = || -> Result<bool> {
        let query = ["--print", "target-libdir", "--target", WASM_TARGET];
        let directory = shell.cmd("rustc").args(query).read()?;
        Ok(Path::new(directory.trim()).is_dir())
    };
    if has_std()? {
        return Ok(State::AlreadyThere(WASM_TARGET.into()));
    }
    rustup(shell, &format!("The standard library for {WASM_TARGET}"))?
        .args(["target", "add", WASM_TARGET])
        .remedy("Is the network reachable?")
        .run()?;
    if !has_std()? {
        bail!(
            "rustup added {WASM_TARGET}, but to another toolchain than `rustc` belongs to: put \
             ~/.cargo/bin first on PATH"
        );
    }
    Ok(State::Installed(WASM_TARGET.into()))
}

fn rustup(shell: &Shell, what: &str) -> Result<crate::process::Cmd> {
    shell.find("rustup").with_context(|| {
        format!(
            "{what} is missing, and there is no rustup to install it: install Rust with rustup \
             (https://rustup.rs), or add it with the package manager that Rust came from"
        )
    })?;
    Ok(shell.cmd("rustup"))
}

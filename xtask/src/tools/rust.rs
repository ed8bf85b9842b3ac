//! The parts of the Rust toolchain, and the C compiler that it links with.

use super::apt;
use crate::process::Shell;
use anyhow::{Result, bail};
use std::path::Path;

/// The target of everything for the web.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Cargo itself links with `cc`, so usually it is there by the time that this code runs. A different linker may be
/// configured, and ring still needs a compiler.
pub(super) fn compiler_for_c(shell: &Shell) -> Result<()> {
    if std::env::var_os("CC").is_some() || shell.find("cc").is_some() || cfg!(windows) {
        return Ok(());
    }
    apt::install(shell, "a C compiler", &["build-essential"])
}

pub(super) fn components(shell: &Shell) -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let version = shell.cmd("cargo").args([subcommand, "--version"]).probe();
        if !version.is_some_and(|(works, _)| works) {
            rustup(shell, &["component", "add", component])?;
        }
    }
    Ok(())
}

pub(super) fn wasm_target(shell: &Shell) -> Result<()> {
    let has_std = || -> Result<bool> {
        let query = ["--print", "target-libdir", "--target", WASM_TARGET];
        let directory = shell.cmd("rustc").args(query).read()?;
        Ok(Path::new(directory.trim()).is_dir())
    };
    if has_std()? {
        return Ok(());
    }
    rustup(shell, &["target", "add", WASM_TARGET])?;
    if !has_std()? {
        bail!(
            "rustup added {WASM_TARGET} to another toolchain than `rustc` belongs to: put ~/.cargo/bin first on PATH"
        );
    }
    Ok(())
}

fn rustup(shell: &Shell, arguments: &[&str]) -> Result<()> {
    let remedy = "Install Rust with rustup (https://rustup.rs), or add this with the package manager that Rust came from";
    shell.cmd("rustup").args(arguments).remedy(remedy).run()
}

//! `cargo xtask build`: from `src` and `pkg-template` to the npm package in `pkg`.
//!
//! wasm-pack compiles and writes the bindings; `pkg-template/build.mjs` optimises the wasm with
//! wasm-opt and bundles the package with esbuild.

use super::setup;
use crate::process::Shell;
use crate::progress::{note, step};
use crate::stamp;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Skipped when nothing that goes into the package has changed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build even when nothing has changed.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build(workspace, &shell, args.force)?;
    println!("{}", workspace.pkg().display());
    Ok(())
}

/// The build itself, once everything that it needs is there.
pub(crate) fn build(workspace: &Workspace, shell: &Shell, force: bool) -> Result<()> {
    step("build", || {
        let _lock = workspace.lock(&workspace.npm_work())?;
        let stamp_file = workspace.npm_work().join("build.stamp");
        let inputs = hash_of_inputs(workspace, shell)?;
        let both = |outputs: String| format!("{inputs} {outputs}");
        if !force && stamp::matches(&stamp_file, &both(hash_of_package(workspace)?)) {
            note("    nothing has changed since the last build");
            return Ok(());
        }
        compile(shell, WASM_DIR, &[])?;
        compile(shell, PEER_DIR, &["--features", "peer"])?;
        assemble(workspace, shell)?;
        stamp::write(&stamp_file, &both(hash_of_package(workspace)?))
    })
}

fn compile(shell: &Shell, out: &str, features: &[&str]) -> Result<()> {
    // The bindings' settings for this profile: crates/wasm/Cargo.toml, `package.metadata.wasm-pack`.
    shell
        .cmd("wasm-pack")
        .args(["build", "--target", "web", "--mode", "no-install", "--no-pack", "--no-opt"])
        .args(["--out-dir", &format!("../../{out}"), "--profile", "release-wasm"])
        .args(["crates/wasm", "--", "--locked"])
        .args(features)
        .run()
}

fn assemble(workspace: &Workspace, shell: &Shell) -> Result<()> {
    let script = workspace.path(BUILD_SCRIPT);
    if !script.is_file() {
        bail!("{} is missing; restore it from git", script.display());
    }
    shell
        .cmd("node")
        .args([BUILD_SCRIPT, "--wasm", WASM_DIR, "--peer", PEER_DIR, "--out", "pkg"])
        .run()?;
    let manifest = workspace.pkg().join("package.json");
    if !manifest.is_file() {
        bail!("{BUILD_SCRIPT} succeeded without writing {}", manifest.display());
    }
    Ok(())
}

fn hash_of_inputs(workspace: &Workspace, shell: &Shell) -> Result<String> {
    let paths: Vec<PathBuf> = INPUTS.iter().map(|path| workspace.path(path)).collect();
    let sources = stamp::hash(&workspace.root, &paths)?;
    let rustc = shell.cmd("rustc").arg("-vV").read().context("asking rustc for its version")?;
    Ok(stamp::hash_text(&format!("{sources}\n{rustc}")))
}

fn hash_of_package(workspace: &Workspace) -> Result<String> {
    stamp::hash(&workspace.root, &[workspace.pkg()])
}

/// What wasm-pack writes and the package is made of.
const WASM_DIR: &str = "target/npm/wasm-pack";
/// The same with calls.
const PEER_DIR: &str = "target/npm/wasm-pack-peer";
const BUILD_SCRIPT: &str = "pkg-template/build.mjs";
const INPUTS: [&str; 8] = [
    "crates",
    "src",
    "Cargo.toml",
    "Cargo.lock",
    "pkg-template",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
];

//! `cargo xtask pack`: the tarball that `npm publish` would upload.

use super::{build, setup};
use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};
use crate::progress::{note, step};
use crate::stamp;
use crate::tools::{Browser, Need};
use crate::workspace::Workspace;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Prints the path of the tarball and its size.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build::build(workspace, &shell, false)?;
    let tarball = pack(workspace, &shell)?;
    let bytes = std::fs::metadata(&tarball)?.len();
    println!("{} ({bytes} bytes)", tarball.display());
    Ok(())
}

/// Packs `pkg/`, which must be built, and returns the tarball's path.
pub(crate) fn pack(workspace: &Workspace, shell: &Shell) -> Result<PathBuf> {
    step("pack", || {
        let destination = workspace.npm_work();
        std::fs::create_dir_all(&destination)?;
        let report = shell
            .cmd("npm")
            .args(["pack", "./pkg", "--silent", "--ignore-scripts", "--pack-destination"])
            .arg(&destination)
            .read()?;
        // npm prints the name of the file.
        Ok(destination.join(report.trim()))
    })
}

/// Tells a command in its environment where the packed package, the local server and Chromium are.
pub(crate) fn given_to(cmd: Cmd, workspace: &Workspace, shell: &Shell) -> Result<Cmd> {
    build::build(workspace, shell, false)?;
    Ok(cmd
        .env("METERED_TARBALL", pack(workspace, shell)?)
        .env("METERED_SERVER_BIN", DevServer::build(workspace, shell)?)
        .env("METERED_CHROMIUM", Browser::chromium(shell)?.program))
}

/// A folder below the work directory in which the tarball is installed like any dependency; left
/// alone when exactly this one is.
pub(crate) fn install(
    workspace: &Workspace,
    shell: &Shell,
    tarball: &Path,
    name: &str,
) -> Result<PathBuf> {
    let home = workspace.npm_work().join(name);
    let stamp_file = home.join("node_modules").join(".installed-tarball");
    let value = stamp::hash(&workspace.root, &[tarball.to_owned()])?;
    if stamp::matches(&stamp_file, &value) {
        note("    already there");
        return Ok(home);
    }
    std::fs::create_dir_all(&home)?;
    // Without the old lock npm takes the new tarball of the same version for the old one.
    std::fs::remove_file(home.join("package-lock.json")).ok();
    std::fs::remove_dir_all(home.join("node_modules")).ok();
    std::fs::write(home.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n")?;
    shell
        .cmd("npm")
        .dir(&home)
        .args(["install", "--prefer-offline", "--no-audit", "--no-fund"])
        .arg(tarball)
        .remedy("Is the npm registry reachable?")
        .run()?;
    stamp::write(&stamp_file, &value)?;
    Ok(home)
}

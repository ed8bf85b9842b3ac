//! Node, npm, and the npm packages of the directories that have a lock file.

use crate::process::Shell;
use crate::stamp;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};

/// Node is a prerequisite: installers for it are many, and ours would be in the way.
pub(super) fn runtime(shell: &Shell) -> Result<()> {
    let remedy = format!(
        "install Node {OLDEST_NODE} or newer with npm (https://nodejs.org, or \
         `apt-get install nodejs npm` where it is new enough) and try again"
    );
    for program in ["node", "npm"] {
        shell.find(program).with_context(|| format!("`{program}` is missing: {remedy}"))?;
    }
    let major = shell.cmd("node").args(["-p", "process.versions.node.split('.')[0]"]).read()?;
    if major.trim().parse::<u32>().is_ok_and(|major| major >= OLDEST_NODE) {
        return Ok(());
    }
    bail!("`node` is too old ({}): {remedy}", major.trim())
}

/// `npm ci` in `directory`, unless exactly that lock file has been installed there before.
pub(super) fn packages(workspace: &Workspace, shell: &Shell, directory: &str) -> Result<()> {
    let home = workspace.path(directory);
    let inputs = [home.join("package.json"), home.join("package-lock.json")];
    let stamp_file = home.join("node_modules/.installed-lock");
    let value = stamp::hash(&workspace.root, &inputs)?;
    let _lock = workspace.lock(&workspace.npm_work())?;
    if stamp::matches(&stamp_file, &value) {
        return Ok(());
    }
    shell
        .cmd("npm")
        .dir(&home)
        .args(["ci", "--prefer-offline", "--no-audit", "--no-fund"])
        .remedy("Is the npm registry reachable?")
        .run()?;
    stamp::write(&stamp_file, &value)
}

/// The oldest Node that the build scripts and tests run on.
const OLDEST_NODE: u32 = 20;

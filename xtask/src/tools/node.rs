//! Node, npm, and the npm packages of the directories that have a lock file.

use super::State;
use crate::guard::Guard;
use crate::process::Shell;
use crate::stamp;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};

/// Node is a prerequisite: installers for it are many, and ours would be in the way.
pub(super) fn runtime(shell: &Shell) -> Result<State> {
    let remedy = format!(
        "install Node {OLDEST_NODE} or newer with npm (https://nodejs.org, or \
         `apt-get install nodejs npm` where it is new enough) and try again"
    );
    for program in ["node", "npm"] {
        shell.find(program).with_context(|| format!("`{program}` is missing: {remedy}"))?;
    }
    let version = shell.cmd("node").arg("--version").read()?;
    let version = version.trim();
    match major(version) {
        Some(major) if major >= OLDEST_NODE => {
            Ok(State::AlreadyThere(format!("node {version} with npm")))
        }
        _ => bail!("`node` is too old ({version}): {remedy}"),
    }
}

/// `npm ci` in `directory`, unless exactly that lock file has been installed there before.
pub(super) fn packages(workspace: &Workspace, shell: &Shell, directory: &str) -> Result<State> {
    let what = format!("npm packages of {directory}");
    let home = workspace.path(directory);
    let manifest = home.join("package.json");
    let lock = home.join("package-lock.json");
    for file in [&manifest, &lock] {
        if !file.is_file() {
            bail!("{} is missing; restore it from git", file.display());
        }
    }
    let stamp_file = home.join("node_modules").join(".installed-lock");
    let value = stamp::hash(&workspace.root, &[manifest, lock])?;
    if stamp::matches(&stamp_file, &value) {
        return Ok(State::AlreadyThere(what));
    }
    let _guard = Guard::wait(&workspace.npm_work().join("lock"), "npm packages")?;
    if stamp::matches(&stamp_file, &value) {
        return Ok(State::AlreadyThere(what));
    }
    shell
        .cmd("npm")
        .dir(&home)
        .args(["ci", "--prefer-offline", "--no-audit", "--no-fund"])
        .remedy("Is the npm registry reachable?")
        .run()?;
    stamp::write(&stamp_file, &value)?;
    Ok(State::Installed(what))
}

/// The oldest Node that the build scripts and tests run on.
const OLDEST_NODE: u32 = 20;

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.1.0"), Some(8));
        assert_eq!(major("nonsense"), None);
    }
}

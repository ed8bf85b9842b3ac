//! Python, and the virtual environment in which the official Python client lives: for tests only.

use super::apt;
use crate::process::Shell;
use crate::stamp;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The Python of the virtual environment for these requirements. One for each content of them, in the per-user cache.
pub(crate) fn program(workspace: &Workspace, requirements: &str) -> Result<PathBuf> {
    let hash = stamp::hash(&workspace.root, &[workspace.path(requirements)])?;
    let home = workspace.cache.join("tools").join(format!("python-{}", &hash[..12]));
    Ok(home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }))
}

/// Makes the virtual environment and installs the requirements into it.
pub(super) fn environment(workspace: &Workspace, shell: &Shell, requirements: &str) -> Result<()> {
    let program = program(workspace, requirements)?;
    let home = program.ancestors().nth(2).context("the environment has a directory")?;
    let stamp_file = home.join(".installed");
    let _lock = workspace.lock(&workspace.cache)?;
    // An upgrade of the system's Python can leave the environment without one.
    if stamp::matches(&stamp_file, requirements) && works(shell, &program) {
        return Ok(());
    }
    make_environment(shell, home)?;
    shell
        .cmd(&program)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--requirement"])
        .arg(workspace.path(requirements))
        .remedy("Is PyPI reachable?")
        .run()?;
    stamp::write(&stamp_file, requirements)
}

/// Debian leaves `venv` out of Python, and Python out of many images.
fn make_environment(shell: &Shell, home: &Path) -> Result<()> {
    let make = || shell.cmd("python3").args(["-m", "venv", "--clear"]).arg(home).run();
    if works(shell, Path::new("python3")) && make().is_ok() {
        return Ok(());
    }
    apt::install(shell, "Python 3.10 or newer with venv", &["python3", "python3-venv"])?;
    make()
}

/// Whether it is as new as the official client asks for.
fn works(shell: &Shell, python: &Path) -> bool {
    let question = "import sys; sys.exit(sys.version_info < (3, 10))";
    shell.cmd(python).args(["-c", question]).probe().is_some_and(|(works, _)| works)
}

/// The official Python client.
pub(crate) const CLIENTS: &str = "tests/clients/requirements.txt";
/// The official Python client with its engine for calls.
pub(crate) const CALLS: &str = "tests/calls/requirements.txt";

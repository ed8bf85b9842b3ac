//! Python, and the virtual environment in which the official Python client lives: for tests only.

use super::{State, lock_cache};
use crate::apt;
use crate::process::Shell;
use crate::stamp;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The Python of the virtual environment. One for each content of the requirements, in the per-user cache.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let name = format!("python-{}", &requirements_hash(workspace)?[..12]);
    let home = workspace.cache.join("tools").join(name);
    Ok(home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }))
}

/// Makes the virtual environment and installs the requirements into it.
pub(super) fn clients(workspace: &Workspace, shell: &Shell) -> Result<State> {
    let what = "the official Python client";
    let program = program(workspace)?;
    let home = program.ancestors().nth(2).context("the environment has a directory")?;
    let stamp_file = home.join(".installed");
    let value = requirements_hash(workspace)?;
    // An upgrade of the system's Python can leave the environment without one.
    let is_there = || stamp::matches(&stamp_file, &value) && version(shell, &program).is_some();
    if is_there() {
        return Ok(State::AlreadyThere(what.into()));
    }
    let _guard = lock_cache(workspace)?;
    if is_there() {
        return Ok(State::AlreadyThere(what.into()));
    }
    make_environment(shell, home)?;
    shell
        .cmd(&program)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--requirement"])
        .arg(workspace.path(REQUIREMENTS))
        .remedy("Is PyPI reachable?")
        .run()?;
    stamp::write(&stamp_file, &value)?;
    Ok(State::Installed(what.into()))
}

/// Debian leaves `venv` out of Python, and Python out of many images.
fn make_environment(shell: &Shell, home: &Path) -> Result<()> {
    let make = |python: &str| shell.cmd(python).args(["-m", "venv", "--clear"]).arg(home).run();
    if let Some(python) = interpreter(shell)
        && make(python).is_ok()
    {
        return Ok(());
    }
    let what = format!("Python {}.{} or newer with venv", OLDEST_PYTHON.0, OLDEST_PYTHON.1);
    apt::install(shell, &what, &["python3", "python3-venv"])?;
    match interpreter(shell) {
        Some(python) => make(python),
        None => bail!("{what} is missing: the system's package is older; see https://python.org"),
    }
}

fn interpreter(shell: &Shell) -> Option<&'static str> {
    let is_new_enough = |python: &&str| {
        version(shell, Path::new(python)).is_some_and(|version| version >= OLDEST_PYTHON)
    };
    ["python3", "python"].into_iter().find(is_new_enough)
}

fn version(shell: &Shell, python: &Path) -> Option<(u32, u32)> {
    let (works, text) = shell.cmd(python).arg("--version").probe()?;
    let mut numbers = text.trim().strip_prefix("Python ")?.split('.').map(str::parse);
    works.then_some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn requirements_hash(workspace: &Workspace) -> Result<String> {
    let file = workspace.path(REQUIREMENTS);
    if !file.is_file() {
        bail!("{} is missing; restore it from git", file.display());
    }
    stamp::hash(&workspace.root, &[file])
}

const REQUIREMENTS: &str = "tests/clients/requirements.txt";

/// What the official client asks for.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

#[cfg(test)]
mod tests {
    use super::version;
    use crate::process::Shell;
    use std::path::Path;

    #[test]
    fn what_is_no_python_has_no_version() {
        let shell = Shell::new(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert_eq!(version(&shell, Path::new("cargo")), None);
        assert_eq!(version(&shell, Path::new("no-such-python")), None);
    }
}

//! The suite `clients`: both official clients and both of ours, against the local server and with each other.
//! What they do is in `tests/clients`.

use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};
use crate::tools::{self, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The suite, ready to run with the package in `tarball`.
pub(crate) fn suite(workspace: &Workspace, shell: &Shell, tarball: &Path) -> Result<Cmd> {
    // Met here and not before all suites: without Python this suite fails, and no other.
    tools::ensure(workspace, &[Need::PythonClients])
        .context("the official Python client cannot run")?;
    let server = DevServer::build(workspace, shell)?;
    shell.cmd("cargo").args(["build", "--locked", "--package", AGENT]).run()?;
    let agent = workspace.target_dir.join("debug").join(AGENT);
    Ok(shell
        .cmd("node")
        .dir(&workspace.path("tests/clients"))
        .env("METERED_SERVER_BIN", server)
        .env("METERED_PACKAGE_ENTRY", install(workspace, shell, tarball)?)
        .env("METERED_PYTHON", tools::python_program(workspace)?)
        .env("METERED_NATIVE_AGENT", agent.with_extension(std::env::consts::EXE_EXTENSION))
        .args(["--test", "--test-reporter=spec"]))
}

/// Installs the tarball as a user would; the path of a module that exports what it does.
fn install(workspace: &Workspace, shell: &Shell, tarball: &Path) -> Result<PathBuf> {
    let home = workspace.npm_work().join("clients");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    std::fs::create_dir_all(&home)?;
    std::fs::write(home.join("package.json"), "{ \"name\": \"a-user\", \"private\": true }\n")?;
    let entry = home.join("entry.mjs");
    std::fs::write(&entry, "export * from \"metered-realtime\";\n")?;
    shell
        .cmd("npm")
        .dir(&home)
        .args(["install", "--no-save", "--prefer-offline", "--no-audit", "--no-fund"])
        .args(["--loglevel", "error"])
        .arg(tarball)
        .remedy("Is the npm registry reachable?")
        .run()?;
    Ok(entry)
}

const AGENT: &str = "metered-realtime-test-agent";

//! Calls between real engines, with the packed package. What they do is in `tests/calls`.

use crate::commands::{build, pack};
use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};
use crate::tools::{self, Browser, Need};
use crate::workspace::Workspace;
use anyhow::Result;

/// Which scenarios, and what they need beside the package, the server and Chromium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Ordinary calls in Chromium: minutes.
    Core,
    /// All scenarios and engines.
    All,
}

/// The scenarios, ready to run.
pub(crate) fn suite(workspace: &Workspace, shell: &Shell, scope: Scope) -> Result<Cmd> {
    let tests = node(workspace, shell)?
        .dir(&workspace.path("tests/calls"))
        // The engines of npm do not always let their process end.
        .args(["--test", "--test-force-exit", "--test-concurrency=1", "--test-reporter=spec"]);
    if scope == Scope::Core {
        return Ok(tests.arg("core/"));
    }
    tools::ensure(workspace, &[Need::FirefoxAlone, Need::Relay, Need::PythonCalls])?;
    Ok(tests
        .env("METERED_FIREFOX", tools::firefox_program(shell)?)
        .env("METERED_PYTHON", tools::python_program(workspace, tools::CALLS)?)
        .args(["core/", "full/"]))
}

/// The comparison with the official package, ready to run.
pub(crate) fn bench(workspace: &Workspace, shell: &Shell, rounds: u32) -> Result<Cmd> {
    let rounds = rounds.to_string();
    Ok(node(workspace, shell)?.args(["benches/calls/run.mjs", "--rounds", &rounds]))
}

/// Node, with the places of the packed package, the server and Chromium.
fn node(workspace: &Workspace, shell: &Shell) -> Result<Cmd> {
    tools::ensure(workspace, &[Need::CallTestDependencies])?;
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let package = pack::install(workspace, shell, &tarball, "calls")?;
    Ok(shell
        .cmd("node")
        .env("METERED_SERVER_BIN", DevServer::build(workspace, shell)?)
        .env("METERED_PACKAGE", package.join("node_modules/metered-realtime"))
        .env("METERED_CHROMIUM", Browser::chromium(shell)?.program))
}

//! The suite `clients`: both official clients and both of ours, against the local server and with each other.
//! What they do is in `tests/clients`.

use crate::commands::{build, pack};
use crate::dev_server::DevServer;
use crate::process::{Cmd, Shell};
use crate::tools::{self, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result};

/// The suite, ready to run with the packed package.
pub(crate) fn suite(workspace: &Workspace, shell: &Shell) -> Result<Cmd> {
    // Met here and not before all suites: without Python this suite fails, and no other.
    tools::ensure(workspace, &[Need::PythonClients])
        .context("the official Python client cannot run")?;
    let server = DevServer::build(workspace, shell)?;
    shell.cmd("cargo").args(["build", "--locked", "--package", AGENT]).run()?;
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let package = pack::install(workspace, shell, &tarball, "clients")?;
    let agent = workspace.target_dir.join("debug").join(AGENT);
    Ok(shell
        .cmd("node")
        .dir(&workspace.path("tests/clients"))
        .env("METERED_SERVER_BIN", server)
        .env("METERED_PACKAGE_ENTRY", package.join(ENTRY))
        .env("METERED_PYTHON", tools::python_program(workspace, tools::CLIENTS)?)
        .env("METERED_NATIVE_AGENT", agent.with_extension(std::env::consts::EXE_EXTENSION))
        .args(["--test", "--test-reporter=spec"]))
}

/// The same against three nodes on one NATS behind a balancer, and only these files of tests; none: all.
pub(crate) fn over_nodes(suite: Cmd, files: &[&str]) -> Cmd {
    suite.env("METERED_NODES", "3").args(files)
}

/// The same against three nodes for production.
pub(crate) fn over_production_nodes(suite: Cmd) -> Cmd {
    over_nodes(suite, &["rooms.test.mjs", "credentials.test.mjs", "rejections.test.mjs"])
        .env("METERED_PRODUCTION", "1")
}

/// What Node takes when it imports the package.
const ENTRY: &str = "node_modules/metered-realtime/dist/node.mjs";

const AGENT: &str = "metered-realtime-test-agent";

//! `cargo xtask test`: set-up, the checks, then every suite once.

use super::{check, consumers, demo, pack, setup, verify};
use crate::calls::{self, Scope};
use crate::clients;
use crate::dev_server::DevServer;
use crate::process::Shell;
use crate::suite::Work::{Check, Tests};
use crate::suite::{self, Selection, Suite};
use crate::tally;
use crate::tools::{Browser, Need};
use crate::wasm_tests::{self, ALL_FEATURES};
use crate::workspace::Workspace;
use anyhow::Result;

/// Every suite runs, also after one has failed; a table closes the run. A suite in which no test
/// ran has failed.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let suites = args.selection.of(&SUITES)?;
    if suites.is_empty() {
        return Ok(());
    }
    let shell = setup::ensure(workspace, &Need::ALL)?;
    suite::run(&suites, workspace, &shell)
}

const SUITES: [Suite; 10] = [
    Suite { name: "check", about: "format, lints, docs, licences", work: Check(checks) },
    Suite { name: "rust", about: "cargo test: machine, native client, server", work: Tests(rust) },
    Suite {
        name: "verify",
        about: "20,000 simulated sessions, 500 of rooms, five seeded bugs",
        work: Check(simulated),
    },
    Suite { name: "wasm-node", about: "wasm-bindgen tests in Node", work: Tests(wasm_node) },
    Suite {
        name: "wasm-chrome",
        about: "wasm-bindgen tests in Chromium",
        work: Tests(wasm_chrome),
    },
    Suite {
        name: "package",
        about: "the packed tarball, used as its users would",
        work: Tests(package),
    },
    Suite { name: "consumers-quick", about: "bundles, pages, types", work: Tests(consumers_quick) },
    Suite {
        name: "clients",
        about: "the official clients and ours, together",
        work: Tests(real_clients),
    },
    Suite { name: "calls", about: "calls between Chromium's pages", work: Tests(real_calls) },
    Suite { name: "demo", about: "`cargo xtask demo --once`", work: Check(demonstration) },
];

fn checks(workspace: &Workspace, shell: &Shell) -> Result<()> {
    check::check_all(workspace, shell)
}

fn rust(_: &Workspace, shell: &Shell) -> Result<u64> {
    tally::counted(shell.cmd("cargo").args(["test", "--workspace", "--locked"]))
}

/// The seed of the day would find more and tell less: a run that fails must fail again.
fn simulated(workspace: &Workspace, shell: &Shell) -> Result<()> {
    verify::simulate(workspace, shell, &verify::Args::brief())?;
    verify::simulate(workspace, shell, &verify::Args::brief_rooms())?;
    verify::brief_seeded_bugs(shell)
}

fn wasm_node(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    let server = DevServer::start(workspace, shell)?;
    tally::counted(wasm_tests::runner(shell, &server, "web_node", ALL_FEATURES, &["--node"]))
}

fn wasm_chrome(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    let driver = Browser::chromium(shell)?.driver.to_string_lossy().into_owned();
    let server = DevServer::start(workspace, shell)?;
    let platform = ["--headless", "--chrome", "--chromedriver", &driver];
    tally::counted(wasm_tests::runner(shell, &server, "web", ALL_FEATURES, &platform))
}

fn package(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    let tests = shell.cmd("npm").dir(&workspace.path("tests/package")).args(["test", "--silent"]);
    tally::counted(pack::given_to(tests, workspace, shell)?)
}

fn consumers_quick(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    tally::counted(consumers::quick(workspace, shell)?)
}

fn real_clients(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    let suite = clients::suite(workspace, shell)?;
    let over_nodes = clients::over_nodes(suite.clone(), &["rooms.test.mjs"]);
    Ok(tally::counted(suite)? + tally::counted(over_nodes)?)
}

fn real_calls(workspace: &Workspace, shell: &Shell) -> Result<u64> {
    tally::counted(calls::suite(workspace, shell, Scope::Core)?)
}

fn demonstration(workspace: &Workspace, shell: &Shell) -> Result<()> {
    demo::show(workspace, shell, demo::Until::OneVisit)
}

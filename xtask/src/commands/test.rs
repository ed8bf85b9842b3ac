//! `cargo xtask test`: set-up, the checks, then every suite once.

use super::{build, check, consumers, demo, pack, setup, verify};
use crate::clients;
use crate::dev_server::DevServer;
use crate::process::Shell;
use crate::progress::{note, seconds, step};
use crate::tally::{self, Tally};
use crate::tools::{Browser, Need};
use crate::wasm_tests;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail};
use std::time::{Duration, Instant};

/// Every suite runs, also after one has failed; a table closes the run. A suite in which no test
/// ran has failed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this suite (see --list); may be repeated.
    #[arg(long, value_name = "SUITE")]
    only: Vec<String>,
    /// List the suites.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    if args.list {
        SUITES.iter().for_each(|suite| println!("{:<16} {}", suite.name, suite.about));
        return Ok(());
    }
    if let Some(unknown) = args.only.iter().find(|name| SUITES.iter().all(|s| s.name != **name)) {
        bail!("there is no suite `{unknown}`; `cargo xtask test --list` names them");
    }
    let shell = setup::ensure(workspace, &Need::ALL)?;
    let context = Context { workspace, shell };
    let wanted = |s: &&Suite| args.only.is_empty() || args.only.iter().any(|o| o == s.name);
    let rows: Vec<Row> = SUITES.iter().filter(wanted).map(|suite| suite.run(&context)).collect();
    close(&rows)
}

/// What the suites work with.
struct Context<'a> {
    workspace: &'a Workspace,
    shell: Shell,
}

struct Suite {
    name: &'static str,
    about: &'static str,
    run: fn(&Context<'_>) -> Result<Tally>,
}

/// One line of the closing table.
struct Row {
    suite: &'static str,
    result: Result<Tally>,
    took: Duration,
}

const SUITES: [Suite; 9] = [
    Suite { name: "check", about: "format, lints, docs, licences", run: checks },
    Suite { name: "rust", about: "cargo test: machine, native client, server", run: rust },
    Suite { name: "verify", about: "20,000 simulated sessions", run: simulated },
    Suite { name: "wasm-node", about: "wasm-bindgen tests in Node", run: wasm_node },
    Suite { name: "wasm-chrome", about: "wasm-bindgen tests in Chromium", run: wasm_chrome },
    Suite { name: "package", about: "the packed tarball, used as its users would", run: package },
    Suite { name: "consumers-quick", about: "bundles, pages, types", run: consumers_quick },
    Suite { name: "clients", about: "the official clients and ours, together", run: real_clients },
    Suite { name: "demo", about: "`cargo xtask demo --once`", run: demonstration },
];

impl Suite {
    fn run(&self, context: &Context<'_>) -> Row {
        let began = Instant::now();
        let result = step(self.name, || (self.run)(context));
        if let Err(error) = &result {
            note(&format!("    {error:#}"));
        }
        Row { suite: self.name, result, took: began.elapsed() }
    }
}

fn checks(context: &Context<'_>) -> Result<Tally> {
    check::check_all(context.workspace, &context.shell).map(|()| Tally::default())
}

fn rust(context: &Context<'_>) -> Result<Tally> {
    tally::counted(context.shell.cmd("cargo").args(["test", "--workspace", "--locked"]))
}

/// The seed of the day would find more and tell less: a run that fails must fail again.
fn simulated(context: &Context<'_>) -> Result<Tally> {
    verify::simulate(context.workspace, &context.shell, &verify::Args::brief())?;
    Ok(Tally { passed: 1, ..Tally::default() })
}

fn wasm_node(context: &Context<'_>) -> Result<Tally> {
    let server = DevServer::start(context.workspace, &context.shell)?;
    tally::counted(wasm_tests::runner(&context.shell, &server, "web_node", &["--node"]))
}

fn wasm_chrome(context: &Context<'_>) -> Result<Tally> {
    let browser = Browser::find(&context.shell).context("set-up found a browser before")?;
    let driver = browser.driver.to_string_lossy().into_owned();
    let server = DevServer::start(context.workspace, &context.shell)?;
    let platform = ["--headless", "--chrome", "--chromedriver", &driver];
    tally::counted(wasm_tests::runner(&context.shell, &server, "web", &platform))
}

fn package(context: &Context<'_>) -> Result<Tally> {
    let Context { workspace, shell } = context;
    let browser = Browser::find(shell).context("set-up found a browser before")?;
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let server = DevServer::build(workspace, shell)?;
    let tests = shell
        .cmd("npm")
        .dir(&workspace.path("tests/package"))
        .env("METERED_TARBALL", tarball)
        .env("METERED_SERVER_BIN", server)
        .env("METERED_CHROMIUM", browser.chromium)
        .args(["test", "--silent"]);
    tally::counted(tests)
}

fn consumers_quick(context: &Context<'_>) -> Result<Tally> {
    tally::counted(consumers::quick(context.workspace, &context.shell)?)
}

fn real_clients(context: &Context<'_>) -> Result<Tally> {
    let Context { workspace, shell } = context;
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    tally::counted(clients::suite(workspace, shell, &tarball)?)
}

fn demonstration(context: &Context<'_>) -> Result<Tally> {
    demo::show(context.workspace, &context.shell, demo::Until::OneVisit).map(|()| Tally::default())
}

/// The table, the runners' own closing lines, and the verdict.
fn close(rows: &[Row]) -> Result<()> {
    println!("\n{:<16} {:<7} {:>6} {:>9}", "suite", "result", "tests", "time");
    for row in rows {
        let (result, tests) = match &row.result {
            Ok(tally) if tally.passed > 0 => ("ok", tally.passed.to_string()),
            Ok(_) => ("ok", "-".into()),
            Err(_) => ("FAILED", "-".into()),
        };
        println!("{:<16} {result:<7} {tests:>6} {:>9}", row.suite, seconds(row.took));
    }
    let mut failed = Vec::new();
    for row in rows {
        match &row.result {
            Ok(tally) => {
                tally.closing_lines.iter().for_each(|line| println!("{}: {line}", row.suite));
            }
            Err(error) => {
                println!("{}: FAILED: {error:#}", row.suite);
                failed.push(row.suite);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "suites failed: {}. One alone: `cargo xtask test --only {}`",
        failed.join(", "),
        failed[0]
    )
}

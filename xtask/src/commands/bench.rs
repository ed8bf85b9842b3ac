//! `cargo xtask bench`: how fast the package and the local server are, against others or by
//! themselves. Figures of a machine that does something else at the same time are worth little.

use super::{build, pack, setup};
use crate::dev_server::DevServer;
use crate::progress::step;
use crate::scaling;
use crate::tools::{self, Browser, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};

/// Everything is built for release.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The npm package, the official client and a bare WebSocket with JSON, taking turns.
    Client {
        /// Where they run: each measurement in a fresh process, or in a page of a fresh browser.
        #[arg(long = "in", value_enum, default_value_t = Place::Node)]
        place: Place,
        /// How often each task is measured; the table has the medians.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        /// Only tasks whose names contain this.
        #[arg(long, value_name = "TASK")]
        only: Option<String>,
    },
    /// Our Rust client and the official Python client, taking turns.
    Native {
        /// How often each task is measured; the table has the medians.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// The machine alone, at a size and at ten times that size: the cost must grow linearly.
    Machine,
    /// Idle connections, fan-out and latency of the local server.
    Server {
        /// Flags of the load driver; `-- --help` lists them.
        #[arg(last = true)]
        flags: Vec<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Place {
    Node,
    Chromium,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    match &args.what {
        What::Client { place, rounds, only } => client(workspace, *place, *rounds, only.as_deref()),
        What::Native { rounds } => native(workspace, *rounds),
        What::Machine => scaling::measure(workspace),
        What::Server { flags } => server(workspace, flags),
    }
}

fn client(workspace: &Workspace, place: Place, rounds: u32, only: Option<&str>) -> Result<()> {
    let mut needs = [&Need::FOR_BUILD[..], &[Need::PackageTestDependencies]].concat();
    if matches!(place, Place::Chromium) {
        needs.push(Need::Browser);
    }
    let shell = setup::ensure(workspace, &needs)?;
    build::build(workspace, &shell, false)?;
    let tarball = pack::pack(workspace, &shell)?;
    let home = step("install the package", || pack::install(workspace, &shell, &tarball, "bench"))?;
    let ours = home.join("node_modules/metered-realtime");
    let server = DevServer::build_release(workspace, &shell)?;
    let mut bench = shell
        .cmd("node")
        .env("BENCH_SERVER_BIN", server)
        .env("BENCH_REQUIRE_FROM", workspace.path("tests/package/package.json"))
        .args(["benches/client/run.mjs", "--rounds", &rounds.to_string()]);
    bench = match place {
        Place::Node => bench.env("BENCH_OURS", ours.join("dist/node.mjs")),
        Place::Chromium => {
            let browser = Browser::find(&shell).context("set-up found a browser before")?;
            bench
                .env("METERED_PKG", ours)
                .env("METERED_CHROMIUM", browser.chromium)
                .args(["--in", "chromium"])
        }
    };
    if let Some(task) = only {
        bench = bench.args(["--only", task]);
    }
    bench.run()
}

fn native(workspace: &Workspace, rounds: u32) -> Result<()> {
    let shell = setup::ensure(workspace, &[Need::CompilerForC, Need::PythonClients])?;
    let server = DevServer::build_release(workspace, &shell)?;
    shell
        .cmd("cargo")
        .args(["run", "--locked", "--release", "--package", "metered-realtime-bench-native", "--"])
        .arg("--server")
        .arg(server)
        .arg("--python")
        .arg(tools::python_program(workspace)?)
        .arg("--script")
        .arg(workspace.path("benches/native/worker.py"))
        .args(["--rounds", &rounds.to_string()])
        .run()
}

fn server(workspace: &Workspace, flags: &[String]) -> Result<()> {
    let shell = setup::ensure(workspace, &[Need::CompilerForC])?;
    shell
        .cmd("cargo")
        .args(["run", "--locked", "--release"])
        .args(["--package", DevServer::PACKAGE, "--example", "load", "--"])
        .args(flags)
        .run()
}

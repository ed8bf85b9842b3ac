//! `cargo xtask bench`: how fast the package, the crate and the local server are, and how the package behaves under faults.
//! Figures of a machine that does something else at the same time are worth little.

use super::{build, pack, setup};
use crate::calls;
use crate::dev_server::DevServer;
use crate::figures::Figures;
use crate::process::{Cmd, Shell};
use crate::progress::step;
use crate::tools::{self, Browser, Need};
use crate::workspace::Workspace;
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use std::path::PathBuf;

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
        #[arg(long, value_name = "TASK", default_value = "")]
        only: String,
        #[command(flatten)]
        figures: Figures,
    },
    /// MeteredPeer and the official one, taking turns: pages of Chromium that call each other.
    Calls {
        /// How often each is measured; the table has the medians.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        #[command(flatten)]
        figures: Figures,
    },
    /// Our Rust client and the official Python client, taking turns.
    Native {
        /// How often each task is measured; the table has the medians.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
        #[command(flatten)]
        figures: Figures,
    },
    /// The npm package and the official client under faults: dead links, lost acks, restarts, memory.
    Faults {
        /// Small numbers: a few minutes instead of half an hour.
        #[arg(long)]
        quick: bool,
        /// Only this measurement; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Decides what is random.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        figures: Figures,
    },
    /// The machine alone, at a size and at ten times that size.
    Machine {
        #[command(flatten)]
        figures: Figures,
    },
    /// Idle connections, fan-out and latency of the local server.
    Server {
        /// With TLS.
        #[arg(long, conflicts_with = "nodes")]
        tls: bool,
        /// One node without NATS and with it, two nodes and three.
        #[arg(long)]
        nodes: bool,
        #[command(flatten)]
        figures: Figures,
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
    let (needs, section, figures) = match &args.what {
        What::Client { place: Place::Node, figures, .. } => {
            (needs(false), "client in Node", figures)
        }
        What::Client { place: Place::Chromium, figures, .. } => {
            (needs(true), "client in Chromium", figures)
        }
        What::Calls { figures, .. } => (needs(true), "calls", figures),
        What::Native { figures, .. } => {
            (vec![Need::CompilerForC, Need::PythonClients], "native client", figures)
        }
        What::Faults { figures, .. } => (needs(true), "faults", figures),
        What::Machine { figures } => (vec![Need::CompilerForC], "machine", figures),
        What::Server { nodes: true, figures, .. } => {
            (vec![Need::CompilerForC, Need::NatsServer], "nodes of the server", figures)
        }
        What::Server { tls: true, figures, .. } => {
            (vec![Need::CompilerForC], "server with TLS", figures)
        }
        What::Server { figures, .. } => (vec![Need::CompilerForC], "server", figures),
    };
    let shell = setup::ensure(workspace, &needs)?;
    let cmd = match &args.what {
        What::Client { place, rounds, only, .. } => {
            client(workspace, &shell, *place, *rounds, only)?
        }
        What::Calls { rounds, .. } => calls::bench(workspace, &shell, *rounds)?,
        What::Native { rounds, .. } => native(workspace, &shell, *rounds)?,
        What::Faults { quick, only, seed, .. } => faults(workspace, &shell, *quick, only, *seed)?,
        What::Machine { .. } => {
            shell.cmd("cargo").args(["bench", "--locked", "--bench", "machine"])
        }
        What::Server { tls, nodes, flags, .. } => shell
            .cmd("cargo")
            .args(["run", "--locked", "--release"])
            .args(["--package", DevServer::PACKAGE, "--example", "load", "--"])
            .args(tls.then_some("--tls"))
            .args(nodes.then_some("--scale"))
            .args(flags),
    };
    figures.run(workspace, &shell, section, cmd)
}

fn needs(browser: bool) -> Vec<Need> {
    let mut needs = [&Need::FOR_BUILD[..], &[Need::PackageTestDependencies]].concat();
    needs.extend(browser.then_some(Need::Browser));
    needs
}

fn client(
    workspace: &Workspace,
    shell: &Shell,
    place: Place,
    rounds: u32,
    only: &str,
) -> Result<Cmd> {
    let ours = installed(workspace, shell)?;
    let bench = shell
        .cmd("node")
        .env("BENCH_SERVER_BIN", DevServer::build_release(workspace, shell)?)
        .env("BENCH_REQUIRE_FROM", workspace.path("tests/package/package.json"))
        .args(["benches/client/run.mjs", "--rounds", &rounds.to_string(), "--only", only]);
    Ok(match place {
        Place::Node => bench.env("BENCH_OURS", ours.join("dist/node.mjs")),
        Place::Chromium => {
            let browser = Browser::chromium(shell)?;
            bench
                .env("METERED_PKG", ours)
                .env("METERED_CHROMIUM", browser.program)
                .args(["--in", "chromium"])
        }
    })
}

/// The folder of the package, installed as any user would.
fn installed(workspace: &Workspace, shell: &Shell) -> Result<PathBuf> {
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let home = step("install the package", || pack::install(workspace, shell, &tarball, "bench"))?;
    Ok(home.join("node_modules/metered-realtime"))
}

fn native(workspace: &Workspace, shell: &Shell, rounds: u32) -> Result<Cmd> {
    let server = DevServer::build_release(workspace, shell)?;
    Ok(shell
        .cmd("cargo")
        .args(["run", "--locked", "--release", "--package", "metered-realtime-bench-native", "--"])
        .arg("--server")
        .arg(server)
        .arg("--python")
        .arg(tools::python_program(workspace, tools::CLIENTS)?)
        .arg("--script")
        .arg(workspace.path("benches/native/worker.py"))
        .args(["--rounds", &rounds.to_string()]))
}

fn faults(
    workspace: &Workspace,
    shell: &Shell,
    quick: bool,
    only: &[String],
    seed: u64,
) -> Result<Cmd> {
    let browser = Browser::chromium(shell)?;
    Ok(shell
        .cmd("node")
        .env("METERED_PKG", installed(workspace, shell)?)
        .env("METERED_SERVER_BIN", DevServer::build(workspace, shell)?)
        .env("METERED_CHROMIUM", browser.program)
        .args([
            "--no-warnings",
            "tests/package/faults/measure/main.mjs",
            "--seed",
            &seed.to_string(),
        ])
        .args(quick.then_some("--quick"))
        .args(only.iter().flat_map(|name| ["--only", name])))
}

//! `cargo xtask cluster`: several nodes of the server, with what goes wrong between machines.

use super::{pack, setup};
use crate::clients;
use crate::process::{Cmd, Shell};
use crate::progress::step;
use crate::tally;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// First simulated clusters with a model of NATS, then three processes and a real `nats-server`: killed
/// nodes, a NATS that is killed under load, a cut, a frozen node, an upgrade. Finally the clients behind a
/// balancer: the official ones and ours, for development and for production, and the faults of links and
/// restarts. Takes minutes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many clusters to simulate.
    #[arg(long, default_value_t = 5_000)]
    runs: u64,
    /// The seed of the first one.
    #[arg(long, default_value_t = 1)]
    first: u64,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::ALL)?;
    step("simulated clusters", || simulated(&shell, args))?;
    let faults = ["--include-ignored", "--nocapture", "--test-threads", "2"];
    step("faults between machines", || tests(&shell, "nats", &faults).run())?;
    behind_a_balancer(workspace, &shell)
}

fn behind_a_balancer(workspace: &Workspace, shell: &Shell) -> Result<()> {
    let suite = clients::suite(workspace, shell)?;
    let development = clients::over_nodes(suite.clone(), &[]);
    let production = clients::over_production_nodes(suite);
    let package = shell.cmd("npm").dir(&workspace.path("tests/package")).env("METERED_NODES", "3");
    let files = ["faults/links.test.mjs", "faults/restart.test.mjs"];
    let faults = package.args(["test", "--silent", "--"]).args(files);
    let faults = pack::given_to(faults, workspace, shell)?;
    for (name, suite) in [
        ("clients of three nodes", development),
        ("clients of three nodes for production", production),
        ("links and restarts, behind a balancer", faults),
    ] {
        step(name, || tally::counted(suite))?;
    }
    Ok(())
}

fn simulated(shell: &Shell, args: &Args) -> Result<()> {
    tests(shell, "nodes", &["--nocapture"])
        .env("CLUSTER_RUNS", args.runs.to_string())
        .env("CLUSTER_FIRST", args.first.to_string())
        .run()
}

fn tests(shell: &Shell, target: &str, arguments: &[&str]) -> Cmd {
    shell
        .cmd("cargo")
        .args(["test", "--locked", "--profile", "verify"])
        .args(["--package", "metered-realtime-server", "--test", target, "--"])
        .args(arguments)
}

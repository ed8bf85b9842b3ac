//! `cargo xtask cluster`: several nodes of the server, with what goes wrong between machines.

use super::setup;
use crate::process::{Cmd, Shell};
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// First made-up days with a model of NATS, then three processes and a real `nats-server`: killed
/// nodes, a NATS that is killed under load, a cut, a frozen node, an upgrade. Takes minutes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many days to make up.
    #[arg(long, default_value_t = 5_000)]
    runs: u64,
    /// The seed of the first one.
    #[arg(long, default_value_t = 1)]
    first: u64,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &[Need::CompilerForC, Need::NatsServer])?;
    simulated(&shell, args)?;
    let faults = ["--include-ignored", "--nocapture", "--test-threads", "2"];
    tests(&shell, "nats", &faults).run()
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

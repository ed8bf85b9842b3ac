//! `cargo xtask consumers`: the packed tarball in every environment that it promises to work in.
//!
//! The environments and what is done in them: `tests/package/consumers`.

use super::{pack, setup};
use crate::process::{Cmd, Shell};
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// Bundlers, frameworks, runtimes and test runners are installed below target/npm/consumers, from
/// lock files; each uses the package to talk through the local server. What has passed with
/// exactly this package is not run again. A table closes the run.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only environments whose names begin like this (see --list); may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Run only the quick ones, which `cargo xtask test` runs as well.
    #[arg(long)]
    quick: bool,
    /// Run also what has passed before.
    #[arg(long)]
    force: bool,
    /// List the environments.
    #[arg(long)]
    list: bool,
    /// Write the table into docs/PLATFORMS.md.
    #[arg(long, conflicts_with_all = ["only", "quick"])]
    write: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    if args.list {
        let shell = setup::ensure(workspace, &[Need::Node, Need::PackageTestDependencies])?;
        return shell.cmd("node").args([HARNESS, "--list"]).run();
    }
    let shell = setup::ensure(workspace, &needs())?;
    let flags = [("--quick", args.quick), ("--force", args.force), ("--write", args.write)];
    let mut harness = harness(workspace, &shell)?
        .args(flags.iter().filter(|(_, given)| *given).map(|(flag, _)| flag));
    for name in &args.only {
        harness = harness.args(["--only", name]);
    }
    harness.remedy("`cargo xtask consumers --only NAME` runs one alone").run()
}

/// The quick environments, ready to run: a part of `cargo xtask test`.
pub(crate) fn quick(workspace: &Workspace, shell: &Shell) -> Result<Cmd> {
    Ok(harness(workspace, shell)?.args(["--quick", "--force"]))
}

/// The harness with everything that it needs in its environment.
pub(crate) fn harness(workspace: &Workspace, shell: &Shell) -> Result<Cmd> {
    pack::given_to(shell.cmd("node").arg(HARNESS), workspace, shell)
}

/// What builds the package, and what the harness itself uses.
pub(crate) fn needs() -> Vec<Need> {
    [&Need::FOR_BUILD[..], &[Need::Browser, Need::PackageTestDependencies]].concat()
}

const HARNESS: &str = "tests/package/consumers/run.mjs";

//! `cargo xtask mutants`: changes to `src/wire` and `src/machine` that no machine test notices.

use super::setup;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::{Context, Result};

/// What is changed and what must notice is set in .cargo/mutants.toml; what survives is reasoned in docs/MUTANTS.md.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only a part of all mutants, such as 0/8.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Only mutants of lines that differ from this commit.
    #[arg(long, value_name = "COMMIT")]
    diff: Option<String>,
    /// How many are tried at the same time.
    #[arg(long, default_value_t = 1)]
    jobs: usize,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &[Need::CompilerForC, Need::CargoMutants])?;
    // Its own baseline would build every test of the crate.
    shell.cmd("cargo").args(["test", "--locked", "--package", TESTS, "--test", "machine"]).run()?;
    let mut mutants = shell
        .cmd("cargo")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .args(["mutants", "--baseline", "skip", "--timeout", "120"])
        .args(["--jobs", &args.jobs.to_string()]);
    if let Some(shard) = &args.shard {
        mutants = mutants.args(["--shard", shard, "--sharding", "round-robin"]);
    }
    if let Some(commit) = &args.diff {
        let diff = shell.cmd("git").args(["diff", commit, "--", "src"]).read()?;
        let file = workspace.path("target/mutants.diff");
        std::fs::create_dir_all(workspace.path("target"))?;
        std::fs::write(&file, diff).with_context(|| format!("cannot write {}", file.display()))?;
        mutants = mutants.arg("--in-diff").arg(file);
    }
    mutants.run()
}

/// The package with the machine's tests and nothing else; also in .cargo/mutants.toml.
const TESTS: &str = "metered-realtime-machine-tests";

//! `cargo xtask mutants`: changes to `crates/proto` that no machine test notices.

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
    let mut diff = None;
    if let Some(commit) = &args.diff {
        let changes = shell.cmd("git").args(["diff", commit, "--", "src"]).read()?;
        let file = workspace.path("target/mutants.diff");
        std::fs::create_dir_all(workspace.path("target"))?;
        std::fs::write(&file, changes)
            .with_context(|| format!("cannot write {}", file.display()))?;
        diff = Some(file);
    }
    let try_all = |timeout: &str, iterate: bool, skipped: &[&str]| {
        let mut mutants = shell
            .cmd("cargo")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("PROPTEST_CASES", "48")
            .args(["mutants", "--baseline", "skip", "--timeout", timeout])
            .args(["--jobs", &args.jobs.to_string()]);
        if let Some(shard) = &args.shard {
            mutants = mutants.args(["--shard", shard, "--sharding", "round-robin"]);
        }
        if let Some(file) = &diff {
            mutants = mutants.arg("--in-diff").arg(file);
        }
        if iterate {
            mutants = mutants.arg("--iterate");
        }
        let skips = skipped.iter().flat_map(|tests| ["--skip", tests]);
        mutants.args(["--", "--"]).args(skips).run()
    };
    if args.shard.is_some() {
        // A shard of what is left would be another one.
        return try_all("60", false, &SLOW[..1]);
    }
    // Most mutants fail a test of the quick ones. It is an error if some do not, which is what the others are for.
    let _ = try_all("20", false, SLOW);
    try_all("60", true, &SLOW[..1])
}

/// Tests that take longer than all others together; the first of them show time and memory, which no mutant is judged by.
const SLOW: &[&str] = &["scale::", "walk::", "properties::"];

/// The package with the machine's tests and nothing else; also in .cargo/mutants.toml.
const TESTS: &str = "metered-realtime-proto";

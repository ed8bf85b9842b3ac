//! `cargo xtask scorecard`: how the client behaves under faults, in figures, next to the official one.
//!
//! The measurements are in `tests/package/faults/measure`, in `tests/native_faults` and in `verify`; here they are run and put
//! into docs/RELIABILITY.md. A measurement's result is also kept as JSON in target/scorecard.

mod mutants;
mod notes;
mod table;

use super::{build, pack, setup};
use crate::dev_server::DevServer;
use crate::process::Shell;
use crate::progress::step;
use crate::tools::{Browser, Need};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Runs every measurement, prints the tables, and checks that each test that docs/RELIABILITY.md names exists.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Small numbers: a few minutes instead of half an hour.
    #[arg(long)]
    quick: bool,
    /// Write the tables into docs/RELIABILITY.md.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    write: bool,
    /// The seed of whatever is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Take only this measurement; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// A measurement: its name, and how large it is, in full and quick.
struct Measurement {
    name: &'static str,
    full: u64,
    quick: u64,
    take: fn(&Measuring<'_>, &Measurement) -> Result<Value>,
}

const MEASUREMENTS: [Measurement; 9] = [
    Measurement { name: "half-open", full: 5, quick: 1, take: in_node },
    Measurement { name: "native", full: 1, quick: 1, take: natively },
    Measurement { name: "dials", full: 60, quick: 60, take: in_node },
    Measurement { name: "faults", full: 1_000, quick: 100, take: in_node },
    Measurement { name: "leaks", full: 10_000, quick: 500, take: in_node },
    Measurement { name: "fleet", full: 10_000, quick: 1_000, take: in_node },
    Measurement { name: "verify", full: 1_000_000, quick: 10_000, take: simulated },
    Measurement { name: "fuzz", full: 3_000_000, quick: 30_000, take: fuzzed },
    Measurement { name: "mutants", full: 1, quick: 1, take: mutants::figures },
];

/// What the measurements work with.
struct Measuring<'a> {
    args: &'a Args,
    workspace: &'a Workspace,
    shell: &'a Shell,
    installed: Installed,
}

/// What the measurements in JavaScript are told by their environment.
struct Installed {
    tarball: PathBuf,
    server: PathBuf,
    chromium: PathBuf,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    if let Some(unknown) = args.only.iter().find(|n| MEASUREMENTS.iter().all(|m| m.name != **n)) {
        let names: Vec<_> = MEASUREMENTS.iter().map(|measurement| measurement.name).collect();
        bail!("there is no measurement `{unknown}`; there are: {}", names.join(", "));
    }
    notes::check(workspace)?;
    let shell = setup::ensure(workspace, &needs())?;
    let context =
        Measuring { args, workspace, shell: &shell, installed: install(workspace, &shell)? };
    let kept = workspace.path("target/scorecard");
    std::fs::create_dir_all(&kept)?;
    let mut results = serde_json::Map::new();
    for measurement in MEASUREMENTS.iter().filter(|measurement| context.wants(measurement.name)) {
        let result = step(measurement.name, || (measurement.take)(&context, measurement))?;
        std::fs::write(kept.join(format!("{}.json", measurement.name)), format!("{result:#}\n"))?;
        results.insert(measurement.name.to_owned(), result);
    }
    let tables = table::render(&Value::Object(results), &header(args, &shell)?);
    println!("\n{tables}");
    if args.write {
        notes::write(workspace, &tables)?;
    }
    Ok(())
}

impl Measuring<'_> {
    fn wants(&self, name: &str) -> bool {
        self.args.only.is_empty() || self.args.only.iter().any(|only| only == name)
    }

    fn size(&self, measurement: &Measurement) -> u64 {
        if self.args.quick { measurement.quick } else { measurement.full }
    }
}

fn needs() -> Vec<Need> {
    [&Need::FOR_BUILD[..], &[Need::Browser, Need::PackageTestDependencies]].concat()
}

/// Builds and installs what is measured: the tarball, as its users would.
fn install(workspace: &Workspace, shell: &Shell) -> Result<Installed> {
    let browser = Browser::find(shell).context("set-up found a browser before")?;
    build::build(workspace, shell, false)?;
    let tarball = pack::pack(workspace, shell)?;
    let server = DevServer::build(workspace, shell)?;
    let installed = Installed { tarball, server, chromium: browser.chromium };
    shell
        .cmd("node")
        .env("METERED_TARBALL", &installed.tarball)
        .arg("tests/package/support/install.mjs")
        .run()?;
    Ok(installed)
}

/// Ours and the official client, in Node and in Chromium. The result is the last line.
fn in_node(context: &Measuring<'_>, measurement: &Measurement) -> Result<Value> {
    let output = context
        .shell
        .cmd("node")
        .env("METERED_SERVER_BIN", &context.installed.server)
        .env("METERED_CHROMIUM", &context.installed.chromium)
        .args(["--no-warnings", "tests/package/faults/measure/main.mjs"])
        .args(["--task", measurement.name])
        .args(["--seed", &context.args.seed.to_string()])
        .args(["--size", &context.size(measurement).to_string()])
        .read()?;
    let last = output.lines().last().context("the measurement printed nothing")?;
    serde_json::from_str(last).with_context(|| format!("no result, but: {last}"))
}

/// The native client: its tests print the times.
fn natively(context: &Measuring<'_>, _: &Measurement) -> Result<Value> {
    let output = context
        .shell
        .cmd("cargo")
        .args(["test", "--locked", "--quiet", "--test", "native_faults", "links::"])
        .args(["--", "--nocapture", "--test-threads", "1"])
        .read()?;
    let time = |what: &str| -> Result<u64> {
        let line = output.lines().find_map(|line| line.split_once(what));
        let number = line.and_then(|(_, rest)| rest.trim().strip_suffix(" ms"));
        number.and_then(|ms| ms.parse().ok()).with_context(|| format!("no line `{what}`"))
    };
    Ok(json!({
        "timeoutMs": 1500,
        "noticedMs": time("half-open link noticed after:")?,
        "replacedMs": time("half-open link replaced after:")?,
        "resetNoticedMs": time("reset noticed after:")?,
        "closeMs": time("close() on a half-open link took:")?,
    }))
}

/// The machine in simulation. A broken rule is a result, not a failure of the measurement.
fn simulated(context: &Measuring<'_>, measurement: &Measurement) -> Result<Value> {
    let (output, result) = verify(context, "--sessions", measurement);
    let lines: Vec<_> = output.lines().take(3).collect();
    if lines.len() < 3 {
        result?;
        bail!("the simulation printed no summary");
    }
    let broken: Vec<_> = output.lines().filter(|line| line.starts_with("BROKEN")).collect();
    Ok(json!({ "summary": lines, "broken": broken, "passed": result.is_ok() }))
}

/// The fuzz targets. A panic is a result, too.
fn fuzzed(context: &Measuring<'_>, measurement: &Measurement) -> Result<Value> {
    let (output, result) = verify(context, "--fuzz", measurement);
    let Some(line) = output.lines().last() else {
        result?;
        bail!("the fuzz targets printed no summary");
    };
    Ok(json!({ "summary": line }))
}

/// What the program of `verify` prints, and whether it was content.
fn verify(context: &Measuring<'_>, what: &str, measurement: &Measurement) -> (String, Result<()>) {
    context
        .shell
        .cmd("cargo")
        .args(["run", "--locked", "--quiet", "--profile", "verify"])
        .args(["--package", "metered-realtime-verify", "--"])
        .args([what, &context.size(measurement).to_string()])
        .args(["--seed", &context.args.seed.to_string()])
        .run_and_keep()
}

/// When, of what, and with what.
fn header(args: &Args, shell: &Shell) -> Result<String> {
    let line = |program: &str, arguments: &[&str]| -> Result<String> {
        Ok(shell.cmd(program).args(arguments).read()?.trim().to_owned())
    };
    let date = line("node", &["-p", "new Date().toISOString().slice(0, 10)"])?;
    let revision = line("git", &["rev-parse", "--short", "HEAD"])?;
    let cpus = line("node", &["-p", "require('node:os').cpus().length"])?;
    let size = if args.quick { ", small numbers" } else { "" };
    let seed = args.seed;
    Ok(format!(
        "Measured on {date} at revision {revision}, seed {seed}, on {cpus} processors{size}."
    ))
}

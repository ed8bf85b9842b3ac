//! `cargo xtask check`: everything that can be found without running our code.

use super::{setup, spec};
use crate::figures::strays;
use crate::process::Shell;
use crate::progress::note;
use crate::suite::Work::Check;
use crate::suite::{self, Selection, Suite};
use crate::tools::{Need, WASM_TARGET};
use crate::workspace::Workspace;
use anyhow::{Result, bail};

/// Every check runs, also after one has failed; the last line names those that did.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let checks = args.selection.of(&CHECKS)?;
    if checks.is_empty() {
        return Ok(());
    }
    suite::run(&checks, workspace, &setup::ensure(workspace, &NEEDS)?)
}

/// All checks, once what they need is there.
pub(crate) fn check_all(workspace: &Workspace, shell: &Shell) -> Result<()> {
    suite::run(&CHECKS.iter().collect::<Vec<_>>(), workspace, shell)
}

const CHECKS: [Suite; 8] = [
    Suite { name: "lock", about: "Cargo.lock belongs to the manifests", work: Check(lock) },
    Suite { name: "fmt", about: "rustfmt", work: Check(fmt) },
    Suite {
        name: "spec",
        about: "every rule has its test, every reference leads somewhere",
        work: Check(contract),
    },
    Suite {
        name: "figures",
        about: "measured numbers stand in docs/FIGURES.md alone",
        work: Check(figures),
    },
    Suite { name: "clippy", about: "lints, for each target and feature set", work: Check(clippy) },
    Suite { name: "doc", about: "documentation without warnings", work: Check(doc) },
    Suite { name: "js", about: "eslint", work: Check(js) },
    Suite { name: "deny", about: "licences, bans, sources, advisories", work: Check(deny) },
];

const NEEDS: [Need; 6] = [
    Need::Node,
    Need::CompilerForC,
    Need::RustComponents,
    Need::WasmTarget,
    Need::PackageTestDependencies,
    Need::CargoDeny,
];

/// The Rust surface in a browser.
const WEB: [&str; 5] = ["--target", WASM_TARGET, "--no-default-features", "--features", "web,peer"];

fn contract(workspace: &Workspace, _: &Shell) -> Result<()> {
    spec::run(&spec::Args { brief: true }, workspace)
}

fn figures(workspace: &Workspace, _: &Shell) -> Result<()> {
    let strays = strays(&workspace.text_files()?);
    if !strays.is_empty() {
        bail!("measured numbers belong in docs/FIGURES.md:\n  {}", strays.join("\n  "));
    }
    Ok(())
}

fn lock(_: &Workspace, shell: &Shell) -> Result<()> {
    shell
        .cmd("cargo")
        .args(["fetch", "--locked"])
        .remedy("If Cargo.toml has changed, run `cargo check` and commit Cargo.lock")
        .run()
}

fn fmt(_: &Workspace, shell: &Shell) -> Result<()> {
    shell.cmd("cargo").args(["fmt", "--all", "--check"]).remedy("Run `cargo fmt --all`").run()
}

/// One call per target and feature set: each set must stand alone.
fn clippy(_: &Workspace, shell: &Shell) -> Result<()> {
    let sets: Vec<Vec<&str>> = vec![
        vec!["--workspace", "--all-targets"],
        vec!["--lib", "--features", "native-roots"],
        [&["--lib", "--tests", "--examples"][..], &WEB].concat(),
        vec!["--package", "metered-realtime-wasm", "--target", WASM_TARGET],
    ];
    // All sets run, also after one has failed.
    let run = |set| {
        let clippy = shell.cmd("cargo").args(["clippy", "--locked"]).args(set);
        clippy.args(["--", "-D", "warnings"]).run()
    };
    sets.into_iter().map(run).fold(Ok(()), Result::and)
}

fn doc(_: &Workspace, shell: &Shell) -> Result<()> {
    let doc = |set: &[&str]| {
        shell
            .cmd("cargo")
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["doc", "--locked", "--no-deps"])
            .args(set)
            .run()
    };
    doc(&["--workspace"])?;
    doc(&[&["--lib"][..], &WEB].concat())
}

fn js(_: &Workspace, shell: &Shell) -> Result<()> {
    shell
        .cmd("node")
        .args(["tests/package/node_modules/eslint/bin/eslint.js", "--max-warnings", "0"])
        .args(["--config", "xtask/eslint.config.mjs", "--no-error-on-unmatched-pattern"])
        .args([
            "pkg-template",
            "tests/calls",
            "tests/clients",
            "tests/package",
            "tests/support",
            "benches",
            "www-example",
            "examples-js",
            "xtask",
        ])
        .run()
}

/// Advisories need a database from the network, so they are a report of their own.
fn deny(_: &Workspace, shell: &Shell) -> Result<()> {
    shell.cmd("cargo").args(["deny", "--offline", "check", "bans", "licenses", "sources"]).run()?;
    let advisories = shell.cmd("cargo").args(["deny", "check", "advisories"]);
    match advisories.probe() {
        Some((true, _)) => note("    advisories: none"),
        Some((false, text)) if text.contains("failed to fetch advisory database") => {
            note("    advisories: NOT RUN, their database cannot be reached from here");
        }
        Some((false, text)) => bail!("{}\nadvisories were found, see above", text.trim()),
        None => bail!("cargo-deny does not start"),
    }
    Ok(())
}

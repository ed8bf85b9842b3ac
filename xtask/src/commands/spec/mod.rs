//! `cargo xtask spec`: which rule of `docs/SPEC.md` is shown by which tests, and whether references lead somewhere.
//!
//! A test says by its name which rules it shows: `e067_e068_…` in Rust, `"e067 e068 …"` in JavaScript. Elsewhere a rule is
//! called `rule 67`, `rule d07` or `rule p012`.

mod document;
mod names;
mod references;

use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use document::Document;
use names::Shown;
use std::fs;

/// Fails when a rule has neither a test nor a reason why there is none, and when a reference leads nowhere.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print only what is missing, and the sums.
    #[arg(long)]
    pub(super) brief: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let files = workspace.text_files()?;
    let document = Document::parse(&read(workspace, "docs/SPEC.md")?);
    let shown = names::shown(&files, &document);
    if !args.brief {
        print(&document, &shown);
    }
    for (family, (shown, all)) in document.sums(&shown) {
        note(&format!("rules {family}: {shown} of {all} are shown by tests"));
    }
    let dangling = references::dangling(&files, &document);
    let dangling = dangling.iter().map(|line| format!("leads nowhere: {line}"));
    let problems: Vec<_> = document.problems(&shown).into_iter().chain(dangling).collect();
    if !problems.is_empty() {
        bail!(
            "docs/SPEC.md, the tests and the references do not fit:\n  {}",
            problems.join("\n  ")
        );
    }
    Ok(())
}

fn print(document: &Document, shown: &Shown) {
    for (rule, title) in &document.rules {
        println!("{rule:>4}  {title}");
        for place in shown.get(rule).into_iter().flatten() {
            println!("        {place}");
        }
        if let Some(reason) = document.exceptions.get(rule) {
            println!("        no test: {reason}");
        }
    }
}

fn read(workspace: &Workspace, path: &str) -> Result<String> {
    fs::read_to_string(workspace.path(path)).with_context(|| format!("cannot read {path}"))
}

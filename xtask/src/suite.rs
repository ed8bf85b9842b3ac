//! Named pieces of work that all run, also after one has failed, and the table that closes such a run.

use crate::process::Shell;
use crate::progress::{note, seconds, step};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// One piece of work.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// Tests; returns how many passed.
    Tests(fn(&Workspace, &Shell) -> Result<u64>),
    /// Passes or fails as a whole.
    Check(fn(&Workspace, &Shell) -> Result<()>),
}

/// Flattened into the arguments of commands that run suites.
#[derive(clap::Args)]
pub(crate) struct Selection {
    /// Run only this (see --list); may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List what there is to run.
    #[arg(long)]
    list: bool,
}

impl Selection {
    /// What was selected. Nothing when it was only to be listed.
    pub(crate) fn of<'a>(&self, suites: &'a [Suite]) -> Result<Vec<&'a Suite>> {
        if self.list {
            suites.iter().for_each(|suite| println!("{:<16} {}", suite.name, suite.about));
            return Ok(Vec::new());
        }
        if let Some(unknown) = self.only.iter().find(|name| suites.iter().all(|s| s.name != **name))
        {
            bail!("there is nothing called `{unknown}`; --list names what there is");
        }
        let wanted =
            |suite: &&Suite| self.only.is_empty() || self.only.iter().any(|o| o == suite.name);
        Ok(suites.iter().filter(wanted).collect())
    }
}

/// Runs all of them, then prints the table.
pub(crate) fn run(suites: &[&Suite], workspace: &Workspace, shell: &Shell) -> Result<()> {
    let rows: Vec<Row> = suites.iter().map(|suite| Row::of(suite, workspace, shell)).collect();
    println!("\n{:<16} {:<7} {:>6} {:>9}", "", "result", "tests", "time");
    for Row { name, result, took } in &rows {
        let (word, tests) = match result {
            Ok(0) => ("ok", "-".into()),
            Ok(passed) => ("ok", passed.to_string()),
            Err(_) => ("FAILED", "-".into()),
        };
        println!("{name:<16} {word:<7} {tests:>6} {:>9}", seconds(*took));
    }
    for Row { name, result, .. } in &rows {
        if let Err(error) = result {
            println!("{name}: {error:#}");
        }
    }
    let failed: Vec<_> =
        rows.iter().filter(|row| row.result.is_err()).map(|row| row.name).collect();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}. One alone: `--only {}`", failed.join(", "), failed[0])
}

/// One line of the table.
struct Row {
    name: &'static str,
    result: Result<u64>,
    took: Duration,
}

impl Row {
    fn of(suite: &Suite, workspace: &Workspace, shell: &Shell) -> Row {
        let began = Instant::now();
        let result = step(suite.name, || match suite.work {
            Work::Tests(run) => run(workspace, shell),
            Work::Check(run) => run(workspace, shell).map(|()| 0),
        });
        if let Err(error) = &result {
            note(&format!("    {error:#}"));
        }
        Row { name: suite.name, result, took: began.elapsed() }
    }
}

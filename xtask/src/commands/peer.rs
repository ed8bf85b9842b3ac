//! `cargo xtask peer`: calls between real engines, every scenario.

use super::setup;
use crate::calls::{self, Scope};
use crate::tally;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// Chromium, Firefox, Node with two engines, the official Python client and a relay.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run the scenarios with the official package in the place of ours, to see what it fails in.
    #[arg(long)]
    official: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::ALL)?;
    let mut suite = calls::suite(workspace, &shell, Scope::All)?;
    if args.official {
        suite = suite.env("METERED_CALLS_LIBRARY", "official");
    }
    tally::counted(suite).map(drop)
}

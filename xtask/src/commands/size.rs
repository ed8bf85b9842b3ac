//! `cargo xtask size`: what users download, and whether it keeps its budgets.

use super::{build, setup};
use crate::figures::Figures;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// Builds the package first. Prints raw, gzip -9 and brotli sizes of each file; fails when an entry
/// is over its budget.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    figures: Figures,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build::build(workspace, &shell, false)?;
    let size = shell.cmd("node").args(["pkg-template/size.mjs", "--pkg", "pkg"]);
    args.figures.run(workspace, &shell, "size", size)
}

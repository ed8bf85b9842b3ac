//! `cargo xtask size`: what users download, what it is made of, and whether it keeps its budget.

use super::{build, setup};
use crate::figures::Figures;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// Builds the package first. Prints raw, gzip -9 and brotli sizes of each file, and the parts of the
/// default one; fails when that one is over its budget.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    figures: Figures,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build::build(workspace, &shell, false)?;
    let size = shell.cmd("node").args([
        "pkg-template/size.mjs",
        "--pkg",
        "pkg",
        "--wasm",
        build::WASM_DIR,
    ]);
    args.figures.run(workspace, &shell, "size", size)
}

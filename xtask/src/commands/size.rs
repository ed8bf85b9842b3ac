//! `cargo xtask size`: what users download, what it is made of, and whether it keeps its budget.

use super::{build, setup};
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// Builds the package first. Prints raw, gzip -9 and brotli sizes of each file, and the parts of the
/// default one; fails when that one is over its budget.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the sizes into the README of the package, too.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    let shell = setup::ensure(workspace, &Need::FOR_BUILD)?;
    build::build(workspace, &shell, false)?;
    shell
        .cmd("node")
        .args(["pkg-template/size.mjs", "--pkg", "pkg", "--wasm", build::WASM_DIR])
        .args(args.write.then_some("--write"))
        .run()
}

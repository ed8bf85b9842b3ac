//! The commands, one file each.
//!
//! A command has its `Args` and its `run(&Args, &Workspace)`. It begins with `setup::ensure` and
//! only the needs that it has, and works in the shell that it gets back. What other commands use of
//! it (`build::build`, `pack::pack`, `demo::show`) takes that shell. A long table of measurements
//! or environments is a command of its own, never a part of `test`.

pub(crate) mod bench;
pub(crate) mod browsers;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod consumers;
pub(crate) mod demo;
pub(crate) mod pack;
pub(crate) mod peer;
pub(crate) mod setup;
pub(crate) mod size;
pub(crate) mod spec;
pub(crate) mod test;
pub(crate) mod verify;

use crate::workspace::Workspace;
use anyhow::Result;
use clap::Subcommand;

/// What `cargo xtask` can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Install what the other commands need; what is already there is left alone.
    Setup(setup::Args),
    /// Build the npm package, ready to publish, in pkg/.
    Build(build::Args),
    /// Build the package and pack it into a tarball.
    Pack(pack::Args),
    /// Format, lints, documentation, licences: everything that runs no code of ours.
    Check(check::Args),
    /// Set up, check, and run every test suite once.
    Test(test::Args),
    /// Use the packed tarball in every environment that it promises to work in.
    Consumers(consumers::Args),
    /// Run the tests of the browser side in Firefox and WebKitGTK, where they can be installed.
    Browsers(browsers::Args),
    /// Measure the files of the package; the budget fails the command.
    Size(size::Args),
    /// Measure speed and behaviour under faults: the package and the crate against other clients, the local server.
    Bench(bench::Args),
    /// Show which rule of docs/SPEC.md is shown by which tests, and which by none.
    Spec(spec::Args),
    /// Run the machine against a model server, a hostile network and a hostile user, by seeds.
    Verify(verify::Args),
    /// Run several nodes of the server against what goes wrong between machines.
    Cluster(cluster::Args),
    /// Run every call between real engines: Chromium, Firefox, Node, Python, a relay.
    Peer(peer::Args),
    /// Show two Node clients and a browser page talking through the local server.
    Demo(demo::Args),
}

impl Command {
    /// Runs the command that was asked for.
    pub(crate) fn run(self, workspace: &Workspace) -> Result<()> {
        match self {
            Command::Setup(args) => setup::run(&args, workspace),
            Command::Build(args) => build::run(&args, workspace),
            Command::Pack(args) => pack::run(&args, workspace),
            Command::Check(args) => check::run(&args, workspace),
            Command::Test(args) => test::run(&args, workspace),
            Command::Consumers(args) => consumers::run(&args, workspace),
            Command::Browsers(args) => browsers::run(&args, workspace),
            Command::Size(args) => size::run(&args, workspace),
            Command::Bench(args) => bench::run(&args, workspace),
            Command::Spec(args) => spec::run(&args, workspace),
            Command::Verify(args) => verify::run(&args, workspace),
            Command::Cluster(args) => cluster::run(&args, workspace),
            Command::Peer(args) => peer::run(&args, workspace),
            Command::Demo(args) => demo::run(&args, workspace),
        }
    }
}

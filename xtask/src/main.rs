//! The tasks of this repository: `cargo xtask <command>`.
//!
//! Each command is one file under `commands`. To add one: write the file with its `Args` and its
//! `run`, and add one variant to [`commands::Command`].

#![forbid(unsafe_code)]

mod calls;
mod clients;
mod commands;
mod dev_server;
mod figures;
mod process;
mod progress;
mod stamp;
mod suite;
mod tally;
mod tools;
mod wasm_tests;
mod workspace;

use clap::Parser;
use commands::Command;
use std::process::ExitCode;
use workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds, tests and shows metered-realtime.",
    after_help = "Newcomers: `cargo xtask demo` shows it working, `cargo xtask test` runs every test.\n\
                  Both install what is missing first."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    progress::start();
    match Workspace::locate().and_then(|workspace| cli.command.run(&workspace)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::error(&error);
            ExitCode::FAILURE
        }
    }
}

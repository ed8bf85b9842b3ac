//! The command line.

mod serve;
mod token;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// A local server for the Metered Realtime Messaging protocol, for development and tests.
///
/// Standard output: `listening on ws://...`, then `publishable key: ...`, then `secret key: ...` if one was generated.
/// SIGTERM or Ctrl-C end it politely (going_away, then close 1001); a second one at once.
#[derive(Debug, Parser)]
#[command(name = "metered-realtime-server", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Mint a JWT and print it.
    Token(token::TokenArguments),
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Keys, limits and behaviour, as TOML or JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Accept any publishable key, and lift rates, quotas and caps on how many
    #[arg(long)]
    relaxed: bool,
    /// What to write to stderr; `info` has one line for each HTTP request, credentials masked
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: Log,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Log {
    Off,
    Error,
    Warn,
    Info,
    Debug,
}

/// Runs the program to its end.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::Token(arguments)) => token::run(arguments),
        None => serve::run(arguments.serve),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(message)) => {
            let _ = writeln!(std::io::stderr(), "metered-realtime-server: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Why the program ends with an error, as one sentence.
struct Failed(String);

impl Failed {
    fn new(message: impl Display) -> Failed {
        Failed(message.to_string())
    }
}

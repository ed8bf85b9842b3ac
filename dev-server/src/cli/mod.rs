//! The command line.

mod keys;
mod serve;
mod signals;
mod token;

use std::fmt::Display;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::config::{parse_listen, parse_network};

/// A server for the Metered Realtime Messaging protocol.
///
/// Without arguments it is for development and tests: it listens on this machine, knows a default key, and lets anybody order
/// faults. With --production and a configuration it is for the open network.
///
/// Standard output: `listening on ws://...` (or `wss://...`); for development also `publishable key: ...`, and `secret key: ...`
/// if one was generated. The log goes to standard error, in production as lines of JSON.
///
/// SIGTERM or Ctrl-C end it politely (going_away, then close 1001); a second one ends it at once. SIGHUP makes it read the
/// certificate again.
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
    /// Make a publishable key and a secret key, and print them as lines for a configuration.
    Keys(keys::KeysArguments),
}

#[derive(Debug, clap::Args)]
struct ServeArguments {
    /// Where to listen, such as localhost:8080; port 0 picks a free one [default: 127.0.0.1:0, in production 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_listen)]
    listen: Option<SocketAddr>,
    /// Keys, limits and behaviour, as TOML or JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Serve the open network: no default keys, no faults, TLS or a proxy in front, every resource bounded
    #[arg(long, requires = "config", conflicts_with = "relaxed")]
    production: bool,
    /// A proxy in front ends TLS: its addresses or networks, the only ones whose X-Forwarded-For is read
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = network)]
    behind_proxy: Vec<IpNet>,
    /// Check the configuration, the certificate and the arguments, and end
    #[arg(long)]
    check: bool,
    /// Be one node of several: the addresses of NATS, such as nats://127.0.0.1:4222 or tls://host:4222; users and certificates
    /// are better kept in the configuration
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    nats: Vec<String>,
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
        Some(Command::Keys(arguments)) => keys::run(&arguments),
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

fn network(text: &str) -> Result<IpNet, String> {
    parse_network(text).map_err(|mistake| format!("{}; {}", mistake.problem, mistake.remedy))
}

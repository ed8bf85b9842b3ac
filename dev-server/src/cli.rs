//! The command line.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Config, DEFAULT_KEY};
use crate::shell::Server;

/// A local server for the Metered Realtime Messaging protocol, for development and tests.
#[derive(Debug, Parser)]
#[command(name = "metered-realtime-server", version)]
struct Arguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Accept any key, and lift rate limits.
    #[arg(long)]
    relaxed: bool,
    /// What to write to stderr; `info` includes one line for each HTTP request, credentials masked.
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
    start_log(arguments.log);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start the runtime: {error}")),
    };
    runtime.block_on(serve(&arguments))
}

async fn serve(arguments: &Arguments) -> ExitCode {
    let config =
        Config { listen: arguments.listen, relaxed: arguments.relaxed, ..Config::default() };
    // Listened for before anybody can know the port, so that no early signal is lost.
    let stopped = match StopSignals::new() {
        Ok(signals) => signals,
        Err(error) => return failed(&format!("cannot listen for signals: {error}")),
    };
    let server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => return failed(&error.to_string()),
    };
    announce(&server);
    stopped.received().await;
    server.shutdown().await;
    ExitCode::SUCCESS
}

/// The first two lines on stdout, which programs read. A closed stdout is no reason to stop.
fn announce(server: &Server) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "listening on {}", server.url());
    let _ = writeln!(stdout, "publishable key: {DEFAULT_KEY}");
    let _ = stdout.flush();
}

fn start_log(log: Log) {
    let level = match log {
        Log::Off => LevelFilter::OFF,
        Log::Error => LevelFilter::ERROR,
        Log::Warn => LevelFilter::WARN,
        Log::Info => LevelFilter::INFO,
        Log::Debug => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

fn failed(message: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "metered-realtime-server: {message}");
    ExitCode::FAILURE
}

/// SIGTERM and SIGINT, or Ctrl-C where there are no signals.
struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    fn new() -> std::io::Result<StopSignals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignals {
    fn new() -> std::io::Result<StopSignals> {
        Ok(StopSignals {})
    }

    async fn received(self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

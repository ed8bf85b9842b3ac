//! Measures how much load the server takes on this machine: `cargo run --release -p metered-realtime-server --example load`.
//!
//! The server runs in a process of its own (this program again, with `--serve`), so that its memory does not mix with the
//! clients'. Both share the machine's cores, so the figures are those of both together.

#![allow(missing_docs)]

mod fanout;
mod idle;
mod latency;
mod peer;
mod target;
mod tls;

use std::error::Error;
use std::time::Duration;

use clap::Parser;
use metered_realtime_server::{Config, Server};

use target::Target;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures idle connections, fan-out and latency of the local server.
#[derive(Parser)]
struct Arguments {
    /// Idle connections to hold
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// For how many seconds to hold them
    #[arg(long, default_value_t = 60)]
    hold: u64,
    /// Subscribers of the channel for fan-out
    #[arg(long, default_value_t = 100)]
    subscribers: usize,
    /// Messages a second for latency
    #[arg(long, default_value_t = 1000)]
    rate: u32,
    /// For how many seconds to measure fan-out and latency, each
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Encrypt, with a certificate that is made for the occasion
    #[arg(long)]
    tls: bool,
    /// Be the server (used by this program itself)
    #[arg(long, hide = true)]
    serve: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.serve {
        return serve(arguments.tls).await;
    }
    let target = Target::start(arguments.tls)?;
    let time = Duration::from_secs(arguments.seconds);
    println!("{:<44}{:>14}", "measurement", "result");
    fanout::measure(&target, arguments.subscribers, time).await?;
    latency::measure(&target, arguments.rate, time).await?;
    idle::measure(&target, arguments.connections, Duration::from_secs(arguments.hold)).await
}

/// Serves until standard input ends, which means that the parent is gone.
async fn serve(tls: bool) -> Result<()> {
    let certificate = if tls { Some(tls::Certificate::make()?) } else { None };
    let files = certificate.as_ref().map(|certificate| certificate.files.clone());
    let server = Server::start(Config { tls: files, ..Config::relaxed() }).await?;
    println!("{}", server.url());
    println!(
        "{}",
        certificate.as_ref().map(|certificate| &*certificate.base64).unwrap_or_default()
    );
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
    Ok(())
}

/// One line of the table.
pub(crate) fn row(what: &str, result: &str) {
    println!("{what:<44}{result:>14}");
}

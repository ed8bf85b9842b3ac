//! Measures how much load the server takes on this machine: `cargo run --release -p metered-realtime-server --example load`.
//!
//! The server runs in a process of its own (this program again, with `--serve`), so that its memory does not mix with the
//! clients'. Both share the machine's cores, so the figures are those of both together.

#![allow(missing_docs)]

mod fanout;
mod idle;
mod latency;
mod nats;
mod peer;
mod scale;
mod target;
mod tls;

use std::error::Error;
use std::time::Duration;

use clap::Parser;
use metered_realtime_server::{Config, Nats, Server};

use target::Target;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures idle connections, fan-out and latency of the local server, or of several nodes of it.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    load: Load,
    /// Encrypt, with a certificate that is made for the occasion
    #[arg(long)]
    tls: bool,
    /// How many nodes to start
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// The address of NATS, which several nodes need
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// Servers that run already, in place of new ones (`--relaxed`); may be repeated
    #[arg(long = "url", value_name = "WS-URL", conflicts_with_all = ["nodes", "nats", "tls"])]
    urls: Vec<String>,
    /// Measure one node without NATS and with it, two nodes and three, on a `nats-server` that this program starts
    #[arg(long, conflicts_with_all = ["nodes", "nats", "tls", "urls"])]
    scale: bool,
    /// Be the server (used by this program itself)
    #[arg(long, hide = true)]
    serve: bool,
}

/// How much of it.
#[derive(clap::Args)]
pub(crate) struct Load {
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
}

impl Load {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn hold(&self) -> Duration {
        Duration::from_secs(self.hold)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.serve {
        return serve(arguments.tls, arguments.nats).await;
    }
    if arguments.nodes == 0 {
        return Err("--nodes is at least 1".into());
    }
    if arguments.nodes > 1 && arguments.nats.is_none() {
        return Err("several nodes need --nats".into());
    }
    let load = &arguments.load;
    row("measurement", "result");
    if arguments.scale {
        return scale::measure(load).await;
    }
    let target = match arguments.urls {
        urls if urls.is_empty() => {
            Target::start(arguments.nodes, arguments.tls, arguments.nats.as_deref())?
        }
        urls => Target::at(urls),
    };
    fanout::measure(&target, load.subscribers, load.time()).await?;
    latency::measure(&target, load.rate, load.time()).await?;
    idle::measure(&target, load.connections, load.hold()).await
}

/// Serves until standard input ends, which means that the parent is gone.
async fn serve(tls: bool, nats: Option<String>) -> Result<()> {
    let certificate = if tls { Some(tls::Certificate::make()?) } else { None };
    let files = certificate.as_ref().map(|certificate| certificate.files.clone());
    let nats = nats.map(|url| Nats { servers: vec![url], ..Nats::default() });
    let server = Server::start(Config { tls: files, nats, ..Config::relaxed() }).await?;
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
    println!("{what:<56}{result:>16}");
}

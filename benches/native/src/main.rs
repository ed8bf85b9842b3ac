//! Messages for each second of one core: the native client and the official Python client, taking turns at one server.
//! `cargo xtask bench native` builds and runs it.
//!
//! Each measurement runs in a fresh process (this program again, or `worker.py`), which counts its own CPU time. This process
//! publishes what it receives.

mod feeder;
mod report;
mod turn;
mod worker;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// Compares the native client with the official Python client.
#[derive(Parser)]
struct Arguments {
    /// The local server's program
    #[arg(long, required_unless_present = "worker")]
    server: Option<PathBuf>,
    /// A Python that has the official client
    #[arg(long, required_unless_present = "worker")]
    python: Option<PathBuf>,
    /// worker.py
    #[arg(long, required_unless_present = "worker")]
    script: Option<PathBuf>,
    /// How often each task is measured; the table has the medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Be the native client: the task, the address, and how many messages (used by this program itself)
    #[arg(long, hide = true, num_args = 3)]
    worker: Vec<String>,
}

/// A task to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Task {
    /// Receive messages whose frames have about 120 bytes, and read their data.
    Small,
    /// The same with about 2 KB.
    Large,
    /// Publish, with many waiting for their ack.
    Publish,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments = Arguments::parse();
    if let [task, url, count] = &*arguments.worker {
        let task = Task::from_str(task, false)?;
        return worker::run(task, url, count.parse()?).await;
    }
    let (Some(server), Some(python), Some(script)) =
        (&arguments.server, &arguments.python, &arguments.script)
    else {
        return Err("clap asks for all three".into());
    };
    let native = vec![std::env::current_exe()?.into(), "--worker".into()];
    let python = vec![python.into(), script.into()];
    report::compare(server, &native, &python, arguments.rounds).await
}

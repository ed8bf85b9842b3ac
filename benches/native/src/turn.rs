//! One measurement: a worker, and what it needs.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use crate::feeder::Feeder;
use crate::worker::BURST;
use crate::{Failed, Task};

/// A task, and with how many messages it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) task: Task,
    pub(crate) count: u64,
}

/// Starts `worker` (a program and its first arguments) and returns the CPU time that its messages cost.
pub(crate) async fn take(plan: Plan, url: &str, worker: &[OsString]) -> Result<Duration, Failed> {
    let (program, arguments) = worker.split_first().ok_or("no program")?;
    let task = plan.task.to_possible_value().ok_or("every task has a name")?;
    let mut child = Command::new(program)
        .args(arguments)
        .args([task.get_name(), url, &plan.count.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or("a piped stdout is there once")?;
    let mut lines = BufReader::new(stdout).lines();
    expect(&mut lines, "ready").await?;
    if plan.task != Task::Publish {
        let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        feed(plan, url, id.ok_or("the worker has ended")?, &mut lines).await?;
    }
    let line = lines.next_line().await?.ok_or("the worker ended too early")?;
    let used = Duration::from_nanos(line.parse()?);
    child.wait().await?;
    Ok(used)
}

/// Publishes in bursts. The worker is stopped while a burst is published, so it is never idle when it runs. This measures a
/// client at its limit, however slow the server and this process are.
async fn feed(plan: Plan, url: &str, worker: Pid, lines: &mut OutputLines) -> Result<(), Failed> {
    let mut feeder = Feeder::connect(url, plan.task).await?;
    for _ in 0..(plan.count + plan.count / 10) / BURST {
        kill_process(worker, Signal::STOP)?;
        feeder.publish(BURST).await?;
        kill_process(worker, Signal::CONT)?;
        expect(lines, "more").await?;
    }
    Ok(())
}

async fn expect(lines: &mut OutputLines, word: &str) -> Result<(), Failed> {
    match lines.next_line().await? {
        Some(line) if line == word => Ok(()),
        Some(line) => Err(format!("the worker said {line:?} in place of {word:?}").into()),
        None => Err(format!("the worker ended in place of saying {word:?}").into()),
    }
}

/// A line from a worker.
type OutputLines = Lines<BufReader<ChildStdout>>;

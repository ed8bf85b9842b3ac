//! Takes all measurements in turns and prints their table.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::turn::{Plan, take};
use crate::{Failed, Task};

/// Measures, prints, and names the tasks in which the native client misses its target.
pub(crate) async fn compare(
    server: &Path,
    native: &[OsString],
    python: &[OsString],
    rounds: usize,
) -> Result<(), Failed> {
    let (_server, url) = Server::start(server)?;
    println!("{:<16}{:>14}{:>14}{:>8}", "messages per", "native", "Python", "");
    println!("{:<16}{:>14}{:>14}{:>8}", "second and core", "client", "client", "ratio");
    let mut missed = Vec::new();
    for (plan, wanted) in PLANS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Each round starts with the other one.
            let mut workers = [(native, &mut ours), (python, &mut theirs)];
            workers.rotate_left(round % 2);
            for (worker, times) in workers {
                times.push(take(plan, &url, worker).await?);
            }
        }
        let (ours, theirs) = (rate(plan, ours), rate(plan, theirs));
        let ratio = ours / theirs;
        println!("{:<16}{ours:>14.0}{theirs:>14.0}{ratio:>7.1}x", plan.name);
        if let Some(wanted) = wanted.filter(|wanted| ratio < *wanted) {
            missed.push(format!("{}: {ratio:.1}x, wanted {wanted}x", plan.name));
        }
    }
    match missed.is_empty() {
        true => println!("\nall targets reached"),
        false => println!("\nnot reached: {}", missed.join("; ")),
    }
    Ok(())
}

/// Messages for each second of one core, by the median of the times.
fn rate(plan: Plan, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    plan.count as f64 / times[times.len() / 2].as_secs_f64()
}

/// The local server, ended when dropped.
struct Server(Child);

impl Server {
    fn start(program: &Path) -> Result<(Server, String), Failed> {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--relaxed", "--log", "warn"])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("a piped stdout is there once")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        Ok((Server(child), url.ok_or("the server did not say where it listens")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A task, and how many times better the native client should be at it.
const PLANS: [(Plan, Option<f64>); 3] = [
    (Plan { name: "inbound 120 B", task: Task::Small, count: 100_000 }, Some(8.0)),
    (Plan { name: "inbound 2 KB", task: Task::Large, count: 20_000 }, None),
    (Plan { name: "publish and ack", task: Task::Publish, count: 20_000 }, Some(5.0)),
];

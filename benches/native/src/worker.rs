//! The native client in a process of its own.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use metered_realtime::SignallingClient;
use metered_realtime::events::Message;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::mpsc;

use crate::{Failed, Task};

/// The feeder's data as a Rust program would read it. `worker.py` reads dictionaries.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and then not looked at")]
struct Small {
    n: u64,
    t: String,
}

/// One of many in a large message.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and then not looked at")]
struct Row {
    id: u64,
    name: String,
    on: bool,
}

pub(crate) async fn run(task: Task, url: &str, count: u64) -> Result<(), Failed> {
    let client = SignallingClient::builder().api_key("pk_live_local").url(url).build()?;
    client.connect().await?;
    let used = match task {
        Task::Small => inbound::<Small>(&client, count).await?,
        Task::Large => inbound::<Vec<Row>>(&client, count).await?,
        Task::Publish => publish(&client, count).await?,
    };
    say(&used.as_nanos().to_string());
    client.close().await;
    Ok(())
}

/// The CPU time of `count` messages, after a warm-up with a tenth as many.
async fn inbound<T: DeserializeOwned>(
    client: &SignallingClient,
    count: u64,
) -> Result<Duration, Failed> {
    let warm_up = count / 10;
    let (marks, mut marked) = mpsc::unbounded_channel();
    let mut seen = 0;
    client.on(move |message: &Message| {
        let data: T = message.data().expect("what the feeder publishes");
        black_box(data);
        seen += 1;
        if seen % BURST == 0 {
            say("more");
        }
        if seen == warm_up || seen == warm_up + count {
            // The receiver is there until both have come.
            let _ = marks.send(cpu());
        }
    });
    client.subscribe("bench").await?;
    say("ready");
    let (before, after) = (marked.recv().await, marked.recv().await);
    let (before, after) = before.zip(after).ok_or("the client dropped its handler")?;
    Ok(after - before)
}

/// The CPU time of `count` publishes, with many of them waiting for their ack.
async fn publish(client: &SignallingClient, count: u64) -> Result<Duration, Failed> {
    say("ready");
    publish_all(client, count / 10).await?;
    let before = cpu();
    publish_all(client, count).await?;
    Ok(cpu() - before)
}

async fn publish_all(client: &SignallingClient, count: u64) -> Result<(), Failed> {
    let data =
        json!({ "kind": "telemetry", "sensor": "T-12", "value": 92.5, "note": "x".repeat(60) });
    let lane = async |count: u64| -> Result<(), Failed> {
        for _ in 0..count {
            client.publish("bench-out", &data).await?;
        }
        Ok(())
    };
    let lanes = (0..IN_FLIGHT).map(|_| lane(count / IN_FLIGHT));
    futures_util::future::try_join_all(lanes).await.map(drop)
}

/// CPU time of all threads of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Writes one line for the process that compares.
fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}

/// After how many messages the reader says that it has read them. The server's queue holds this many.
pub(crate) const BURST: u64 = 1_000;

/// Publishes that wait for their ack at any time.
const IN_FLIGHT: u64 = 250;

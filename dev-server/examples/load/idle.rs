//! Idle connections: how fast they connect, how much memory each takes, and whether all are alive after a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::peer::Peer;
use crate::target::{Target, cpu_time};
use crate::{Result, row};

pub(crate) async fn measure(target: &Target, count: usize, hold: Duration) -> Result<()> {
    let before = target.memory();
    let times = || [("server", target.cpu_time()), ("clients", cpu_time(std::process::id()))];
    let times_before = times();
    let started = Instant::now();
    let mut peers = Vec::with_capacity(count);
    while peers.len() < count {
        let batch = (count - peers.len()).min(CONCURRENT_DIALS);
        let dials = (0..batch).map(|_| Peer::join(target.next()));
        for peer in futures_util::future::join_all(dials).await {
            peers.push(peer?);
        }
    }
    let rate = count as f64 / started.elapsed().as_secs_f64();
    row(&format!("connects a second ({count} connections)"), &format!("{rate:.0}"));
    for ((who, after), (_, before)) in times().into_iter().zip(times_before) {
        if let (Some(before), Some(after)) = (before, after) {
            let each = (after - before) / count as f64 * 1e6;
            row(&format!("CPU time for each connect, {who}"), &format!("{each:.0} µs"));
        }
    }
    sleep(Duration::from_secs(2)).await; // Let the buffers of the handshakes go.
    if let (Some(before), Some(after)) = (before, target.memory()) {
        let each = after.saturating_sub(before) as f64 / count as f64 / 1024.0;
        row("server memory for each idle connection", &format!("{each:.1} KB"));
    }
    let alive = hold_all(peers, hold).await?;
    row(&format!("alive after {} s", hold.as_secs()), &format!("{alive} of {count}"));
    Ok(())
}

/// Each one reads all the time, which answers the server's pings, and sends a ping at the end.
async fn hold_all(peers: Vec<Peer>, hold: Duration) -> Result<usize> {
    let turns = Arc::new(tokio::sync::Semaphore::new(CONCURRENT_DIALS));
    let mut holding = JoinSet::new();
    for mut peer in peers {
        let turns = Arc::clone(&turns);
        holding.spawn(async move {
            let ended = tokio::time::timeout(hold, peer.text()).await;
            let Ok(_turn) = turns.acquire().await else { return false };
            let asked = ended.is_err() && peer.say(r#"{"type":"ping"}"#).await.is_ok();
            let answer = tokio::time::timeout(ANSWER_TIMEOUT, peer.text()).await;
            asked && matches!(answer, Ok(Ok(text)) if text.contains("pong"))
        });
    }
    Ok(holding.join_all().await.into_iter().filter(|alive| *alive).count())
}

/// How many dials or pings are in flight at one time.
const CONCURRENT_DIALS: usize = 200;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

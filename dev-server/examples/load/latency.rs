//! Latency: from the moment before a publish is written to the moment its message is read, at a steady rate.

use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use crate::peer::Peer;
use crate::target::{Node, Target};
use crate::{Result, row};

/// Within the first node, and from it to another one.
pub(crate) async fn measure(target: &Target, rate: u32, time: Duration) -> Result<()> {
    let first = target.first();
    between(first, first, "", rate, time).await?;
    match target.other() {
        Some(other) => between(first, other, " across", rate, time).await,
        None => Ok(()),
    }
}

async fn between(from: &Node, to: &Node, how: &str, rate: u32, time: Duration) -> Result<()> {
    let mut subscriber = Peer::join(to).await?;
    subscriber.subscribe("latency").await?;
    let mut publisher = Peer::join(from).await?;
    let epoch = Instant::now();
    let count = u64::from(rate) * time.as_secs();
    let publishing = tokio::spawn(async move {
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 0..count {
            ticks.tick().await;
            let now = epoch.elapsed().as_nanos();
            let frame = format!(r#"{{"type":"publish","channel":"latency","data":{now}}}"#);
            publisher.say(frame).await?;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(publisher)
    });
    let mut times = Vec::new();
    while (times.len() as u64) < count {
        let text = subscriber.text().await?;
        let now = epoch.elapsed();
        let sent = text.rsplit_once(r#""data":"#).map(|(_, data)| data.trim_end_matches('}'));
        let sent = sent.and_then(|sent| sent.parse().ok()).map(Duration::from_nanos);
        times.extend(sent.map(|sent| now.saturating_sub(sent)));
    }
    publishing.await??;
    times.sort_unstable();
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
        let at = ((times.len() - 1) as f64 * share).round() as usize;
        let millis = times[at].as_secs_f64() * 1000.0;
        row(&format!("publish to delivery{how} at {rate}/s, {name}"), &format!("{millis:.2} ms"));
    }
    Ok(())
}

//! From one node to three: the same load on each, and what NATS has to carry.

use std::time::Duration;

use crate::nats::OwnNats;
use crate::peer::Peer;
use crate::target::Target;
use crate::{Load, Result, fanout, idle, latency, row};

pub(crate) async fn measure(load: &Load) -> Result<()> {
    let nats = OwnNats::start().await?;
    let bus = nats.url();
    under_load("one node, without NATS", 1, None, load).await?;
    under_load("one node on NATS", 1, Some(&bus), load).await?;
    under_load("two nodes", 2, Some(&bus), load).await?;
    let three = under_load("three nodes", 3, Some(&bus), load).await?;
    interest(&three, &nats).await?;
    idle::measure(&three, load.connections, load.hold()).await
}

async fn under_load(title: &str, nodes: usize, bus: Option<&str>, load: &Load) -> Result<Target> {
    println!("\n{title}");
    let target = Target::start(nodes, false, bus)?;
    fanout::measure(&target, load.subscribers, load.time()).await?;
    latency::measure(&target, load.rate, load.time()).await?;
    Ok(target)
}

/// What a publish at the first node costs NATS, by how many other nodes have subscribers.
async fn interest(target: &Target, nats: &OwnNats) -> Result<()> {
    let others = &target.nodes()[1..];
    for interested in 0..=others.len() {
        let channel = format!("interest-{interested}");
        let mut subscribers = Vec::new();
        for node in &others[..interested] {
            let mut peer = Peer::join(node).await?;
            peer.subscribe(&channel).await?;
            subscribers.push(peer);
        }
        let mut publisher = Peer::join(target.first()).await?;
        let before = nats.deliveries().await?;
        for _ in 0..PUBLISHES {
            publisher.publish(&channel, "1").await?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let each = (nats.deliveries().await? - before) as f64 / f64::from(PUBLISHES);
        row(
            &format!("NATS deliveries a publish, {interested} other nodes interested"),
            &format!("{each:.2}"),
        );
    }
    Ok(())
}

/// Enough that the heartbeats in between do not count.
const PUBLISHES: u32 = 5_000;

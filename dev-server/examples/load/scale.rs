//! From one node to three: the same load on each, and what NATS has to carry.

use std::time::Duration;

use crate::nats::OwnNats;
use crate::peer::Peer;
use crate::target::Target;
use crate::{Load, Result, fanout, idle, latency, row};

pub(crate) async fn measure(load: &Load) -> Result<()> {
    let nats = OwnNats::start().await?;
    let url = nats.url();
    let stages = [
        ("one node, without NATS", 1, None),
        ("one node on NATS", 1, Some(&*url)),
        ("two nodes", 2, Some(&*url)),
        ("three nodes", 3, Some(&*url)),
    ];
    for (title, nodes, bus) in stages {
        println!("\n{title}");
        let target = Target::start(nodes, false, bus)?;
        fanout::measure(&target, load.subscribers, load.time()).await?;
        latency::measure(&target, load.rate, load.time()).await?;
        if nodes == stages.len() - 1 {
            interest(&target, &nats).await?;
            idle::measure(&target, load.connections, load.hold()).await?;
        }
    }
    Ok(())
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

/// So many that the heartbeats in between do not count.
const PUBLISHES: u32 = 5_000;

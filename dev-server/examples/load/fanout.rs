//! Fan-out: one publisher as fast as its acks allow, many subscribers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use crate::peer::Peer;
use crate::target::Target;
use crate::{Result, row};

pub(crate) async fn measure(target: &Target, subscribers: usize, time: Duration) -> Result<()> {
    let delivered = Arc::new(AtomicU64::new(0));
    let mut reading = JoinSet::new();
    for _ in 0..subscribers {
        let mut peer = Peer::join(target.next()).await?;
        peer.subscribe("fanout").await?;
        let delivered = Arc::clone(&delivered);
        reading.spawn(async move {
            while let Ok(text) = peer.text().await {
                if text.starts_with(r#"{"type":"message""#) {
                    delivered.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    let publisher = Peer::join(target.first()).await?;
    let started = Instant::now();
    let published = publish(publisher, time).await?;
    let (counted, took) = (delivered.load(Ordering::Relaxed), started.elapsed().as_secs_f64());
    row(
        &format!("fan-out to {subscribers}: deliveries a second"),
        &format!("{:.0}", counted as f64 / took),
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let expected = published * subscribers as u64;
    let missing = expected - delivered.load(Ordering::Relaxed);
    row("fan-out: missing after the last ack", &format!("{missing} of {expected}"));
    Ok(())
}

/// Publishes until the time is up, with a few messages in flight. Returns how many were acked.
async fn publish(publisher: Peer, time: Duration) -> Result<u64> {
    let (mut sink, mut stream) = publisher.socket.split();
    let frame = format!(
        r#"{{"type":"publish","channel":"fanout","requestId":"p","data":"{}"}}"#,
        "x".repeat(64)
    );
    let end = Instant::now() + time;
    let (mut sent, mut acked) = (0, 0);
    while acked < sent || Instant::now() < end {
        while sent - acked < UNDER_WAY && Instant::now() < end {
            sink.feed(Message::text(frame.clone())).await?;
            sent += 1;
        }
        sink.flush().await?;
        match stream.next().await {
            Some(Ok(Message::Text(_))) => acked += 1,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the server closed the publisher".into()),
        }
    }
    Ok(acked)
}

/// Publishes that wait for their ack.
const UNDER_WAY: u64 = 16;

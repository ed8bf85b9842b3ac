//! A polite end: balancers stop using the server, it says `going_away` to one group of clients after the other and closes them,
//! and then it ends.

use std::time::Duration;

use futures_util::future::join_all;
use metered_realtime_proto::wire::CloseCode;
use tokio::time::{sleep, timeout};

use super::server::Server;
use super::shared::Shared;
use crate::hub::{ConnId, Hub};

impl Server {
    /// Ends politely: not ready for the drain delay; then no new connections, and `going_away` and close 1001 for each
    /// client, spread over the drain window; then a short wait for the clients' answers.
    pub async fn shutdown(mut self) {
        let shared = &self.shared;
        shared.set_not_ready();
        sleep(shared.config.drain_delay).await;
        shared.stop();
        let connections = match self.clients.take() {
            Some((stop, accepting)) => {
                let _ = stop.send(()); // An error would mean that it has stopped already.
                accepting.await.ok()
            }
            None => None,
        };
        let told = shared.look(Hub::connection_count);
        tracing::info!(connections = told, "going away");
        close_in_groups(shared).await;
        self.close_all(CloseCode::GoingAway.as_u16(), REASON);
        if let (Some(mut connections), true) = (connections, told > 0) {
            let drained = async { while connections.join_next().await.is_some() {} };
            let _ = timeout(DRAIN_TIMEOUT, drained).await;
        }
        if let Some(node) = self.node.take() {
            node.leave(&self.shared).await;
        }
        tracing::info!("gone");
    }
}

async fn close_in_groups(shared: &Shared) {
    let window = shared.config.drain_window;
    let ids = shared.look(|hub| hub.connections_of(None));
    let steps = usize::try_from(window.as_millis() / STEP.as_millis()).unwrap_or(usize::MAX);
    let size = ids.len().div_ceil(steps.max(1)).max(1);
    let groups = ids.chunks(size);
    let pause = window / u32::try_from(groups.len()).unwrap_or(u32::MAX).max(1);
    join_all(groups.zip(0..).map(|(group, index)| close_group(shared, group, pause * index))).await;
}

async fn close_group(shared: &Shared, group: &[ConnId], wait: Duration) {
    let retry_after = shared.config.retry_after.as_millis();
    let retry_after = u64::try_from(retry_after).unwrap_or(u64::MAX);
    sleep(wait).await;
    shared.drive(|hub, now| hub.announce_going_away(group, retry_after, now));
    sleep(shared.config.shutdown_grace).await;
    let code = CloseCode::GoingAway.as_u16();
    shared.drive(|hub, now| hub.close(group, code, REASON, now));
}

const REASON: &str = "the server is going away";

/// The time between two groups.
const STEP: Duration = Duration::from_millis(100);

/// How long a shutdown waits for closing handshakes.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

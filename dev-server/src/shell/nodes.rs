//! The shell's end of the bus between nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::shared::Shared;
use crate::bus::{self, Report, Start};
use crate::hub::{Hub, NodeId, Time};

/// The bus of a server that is one node of several.
#[derive(Debug)]
pub(super) struct Node {
    done: oneshot::Receiver<()>,
}

impl Node {
    /// Joins the other nodes, if the configuration knows a bus, and waits a little until this node takes part.
    ///
    /// # Errors
    /// The system gives no thread for it.
    pub(super) async fn join(shared: &Arc<Shared>) -> io::Result<Option<Node>> {
        let Some(nats) = shared.config.nats.clone() else { return Ok(None) };
        let (number, _) = Uuid::new_v4().as_u64_pair();
        let node = NodeId::new(number);
        let outputs = shared.join(node);
        let max_message_size = shared.config.limits.max_message_size;
        let reporter = Arc::clone(shared);
        let start = Start { nats, node, max_message_size };
        let done = bus::start(start, outputs, move |reports| {
            reporter.drive(|hub, now| reports.into_iter().for_each(|one| tell(hub, one, now)));
        })?;
        let begun = Instant::now();
        while !shared.look(Hub::is_ready) && begun.elapsed() < START_PATIENCE {
            sleep(START_STEP).await;
        }
        if !shared.look(Hub::is_ready) {
            tracing::warn!("not ready: requests get backend_error until NATS can be reached");
        }
        Ok(Some(Node { done }))
    }

    /// Tells the other nodes that this one stops, once its clients are gone.
    pub(super) async fn leave(self, shared: &Shared) {
        shared.drive(Hub::leave);
        shared.part();
        let _ = timeout(LEAVE_PATIENCE, self.done).await; // Otherwise the others notice by themselves.
    }
}

fn tell(hub: &mut Hub, report: Report, now: Time) {
    match report {
        Report::Up => hub.bus_up(now),
        Report::Down => hub.bus_down(now),
        Report::Handed(number) => hub.handed(number, now),
        Report::Unanswered(number) => hub.unanswered(number),
        Report::Received(payloads) => hub.received(&payloads, now),
        Report::Missed => hub.missed(now),
    }
}

/// How long a start waits for the bus before it serves clients without it.
const START_PATIENCE: Duration = Duration::from_secs(3);

/// How often a waiting start looks.
const START_STEP: Duration = Duration::from_millis(20);

/// How long a stop waits for the bus.
const LEAVE_PATIENCE: Duration = Duration::from_secs(1);

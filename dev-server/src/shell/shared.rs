//! What all connections share: the hub behind a lock, the clock, and the queues to the sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use metered_realtime::wire::CloseCode;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::outbox::{End, Full, Outbox};
use crate::config::Config;
use crate::hub::{ConnId, Grant, Hub, Output, Time};

/// The state of one running server.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    core: Mutex<Core>,
    stopping: watch::Sender<bool>,
    started: Instant,
    started_at: Duration,
}

#[derive(Debug)]
struct Core {
    hub: Hub,
    outboxes: BTreeMap<ConnId, Arc<Outbox>>,
}

impl Shared {
    pub(super) fn new(config: Config) -> Shared {
        let hub = Hub::new(config.limits.clone());
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Shared {
            config,
            core: Mutex::new(Core { hub, outboxes: BTreeMap::new() }),
            stopping: watch::Sender::new(false),
            started: Instant::now(),
            started_at: since_epoch.unwrap_or_default(),
        }
    }

    /// Lets the hub do something, and carries out what follows from it before anybody else gets a turn.
    pub(super) fn drive<R>(&self, act: impl FnOnce(&mut Hub, Time) -> R) -> R {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut core.hub, self.now());
        core.carry_out();
        result
    }

    /// Registers an admitted connection; its seat unregisters it when it goes.
    pub(super) fn open(self: &Arc<Self>, grant: Grant) -> Seat {
        let outbox = Arc::new(Outbox::new(self.config.queue_frames, self.config.queue_bytes));
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let id = core.hub.open(grant, self.now());
        core.outboxes.insert(id, Arc::clone(&outbox));
        core.carry_out();
        drop(core);
        Seat { shared: Arc::clone(self), id, outbox }
    }

    /// Makes [`Shared::stopping`] return.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits until the server stops.
    pub(super) async fn stopping(&self) {
        // An error would mean that the sender is gone; it lives as long as `self`.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// The time: the wall clock at the start, moved on by a clock that never goes backwards.
    pub(super) fn now(&self) -> Time {
        Time::since_epoch(self.started_at + self.started.elapsed())
    }
}

impl Core {
    fn carry_out(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { to, text } => self.send(&to, text),
                Output::Close { id, code, reason } => self.end(id, End::Close { code, reason }),
                Output::Drop { id } => self.end(id, End::Drop),
            }
        }
    }

    /// The text is shared by all receivers. Who cannot keep up is closed.
    fn send(&mut self, to: &[ConnId], text: String) {
        let text = Utf8Bytes::from(text);
        for id in to {
            let Some(outbox) = self.outboxes.get(id) else { continue };
            if outbox.push(text.clone()) == Err(Full) {
                outbox.discard();
                let code = CloseCode::PolicyViolation.as_u16();
                self.hub.close(*id, code, "slow reader: too many frames are waiting");
            }
        }
    }

    fn end(&mut self, id: ConnId, end: End) {
        if let Some(outbox) = self.outboxes.remove(&id) {
            outbox.end(end);
        }
    }
}

/// A connection's registration.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) shared: Arc<Shared>,
    pub(super) id: ConnId,
    pub(super) outbox: Arc<Outbox>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut core = self.shared.core.lock().unwrap_or_else(PoisonError::into_inner);
        core.outboxes.remove(&self.id);
        core.hub.closed(self.id);
        core.carry_out();
    }
}

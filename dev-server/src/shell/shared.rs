//! The state that all connections share: the hub behind a lock, the clock, and the queues to the sockets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use metered_realtime_proto::wire::CloseCode;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::clients::Places;
use super::counters::Counters;
use super::link::Drip;
use super::outbox::{End, Full, Outbox};
use super::tls::{Tls, TlsError};
use crate::auth::Keyring;
use crate::config::Config;
use crate::hub::{
    Answer, BusOutput, ConnId, Grant, Hub, NodeId, Output, Plan, Reply, Ticket, Time,
};

/// The state of one running server.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) keyring: Keyring,
    pub(super) tls: Option<Tls>,
    pub(super) places: Arc<Places>,
    pub(super) metrics_places: Arc<Places>,
    pub(super) counters: Counters,
    ready: AtomicBool,
    core: Mutex<Core>,
    alarm: Notify,
    stopping: watch::Sender<bool>,
    started: Instant,
    started_at: Duration,
}

#[derive(Debug)]
struct Core {
    hub: Hub,
    outboxes: BTreeMap<ConnId, Arc<Outbox>>,
    /// What the alarm task is waiting for.
    armed: Option<Time>,
    /// What the bus between the nodes is to do.
    bus: Option<UnboundedSender<BusOutput>>,
    calls: BTreeMap<Ticket, oneshot::Sender<Answer>>,
}

impl Shared {
    pub(super) fn new(mut config: Config) -> Result<Shared, TlsError> {
        if config.relaxed {
            config.limits = config.limits.relaxed();
        }
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let started_at = since_epoch.unwrap_or_default();
        let hub = Hub::new(config.limits.clone(), Time::since_epoch(started_at));
        let core =
            Core { hub, outboxes: BTreeMap::new(), armed: None, bus: None, calls: BTreeMap::new() };
        Ok(Shared {
            keyring: Keyring::new(&config),
            tls: config.tls.as_ref().map(Tls::load).transpose()?,
            places: Places::new(config.bounds.connections, config.bounds.connections_per_address),
            metrics_places: Places::new(Some(METRICS_CONNECTIONS), None),
            counters: Counters::new(),
            ready: AtomicBool::new(true),
            config,
            core: Mutex::new(core),
            alarm: Notify::new(),
            stopping: watch::Sender::new(false),
            started: Instant::now(),
            started_at,
        })
    }

    /// Whether new clients are welcome.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && self.look(Hub::is_ready)
    }

    /// From now on `/readyz` answers 503, so that balancers stop using the server.
    pub(super) fn set_not_ready(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }

    /// Calls the hub and carries out its outputs, under one lock.
    pub(super) fn drive<R>(&self, act: impl FnOnce(&mut Hub, Time) -> R) -> R {
        let now = self.now();
        let mut core = self.core();
        let result = act(&mut core.hub, now);
        self.carry_out(core, now);
        result
    }

    /// Makes a call, and waits for its answer without the lock.
    pub(super) async fn call(&self, act: impl FnOnce(&mut Hub, Time) -> Reply) -> Answer {
        let (sender, receiver) = oneshot::channel();
        {
            let now = self.now();
            let mut core = self.core();
            let reply = act(&mut core.hub, now);
            if let Reply::Later(ticket) = reply {
                core.calls.insert(ticket, sender);
            }
            self.carry_out(core, now);
            if let Reply::Now(answer) = reply {
                return answer;
            }
        }
        receiver.await.unwrap_or(Answer::Unavailable)
    }

    /// From now on this server is one node of several; what the bus is to do comes out here.
    pub(super) fn join(&self, node: NodeId) -> UnboundedReceiver<BusOutput> {
        let (sender, receiver) = unbounded_channel();
        self.core().bus = Some(sender);
        self.drive(|hub, now| hub.join(node, now));
        receiver
    }

    /// Nothing is said to other nodes any more.
    pub(super) fn part(&self) {
        self.core().bus = None;
    }

    /// Reads from the hub.
    pub(super) fn look<R>(&self, read: impl FnOnce(&Hub) -> R) -> R {
        read(&self.core().hub)
    }

    /// Registers an admitted connection; its seat unregisters it when it goes.
    pub(super) fn open(self: &Arc<Self>, grant: Grant, plan: Plan) -> Seat {
        self.seat(|hub, now| hub.open(grant, plan, now))
    }

    /// A connection that is closed as soon as it is there.
    pub(super) fn reject(self: &Arc<Self>, code: u16, reason: &str) -> Seat {
        self.seat(|hub, now| hub.reject(code, reason, now))
    }

    fn seat(self: &Arc<Self>, act: impl FnOnce(&mut Hub, Time) -> ConnId) -> Seat {
        let outbox = Arc::new(Outbox::new(self.config.queue_frames, self.config.queue_bytes));
        let now = self.now();
        let mut core = self.core();
        let id = act(&mut core.hub, now);
        core.outboxes.insert(id, Arc::clone(&outbox));
        self.carry_out(core, now);
        Seat { shared: Arc::clone(self), id, outbox }
    }

    /// Wakes the hub when something is due. Runs as long as the server.
    pub(super) async fn keep_time(&self) {
        loop {
            let now = self.now();
            let due = {
                let mut core = self.core();
                core.armed = core.hub.poll_timeout();
                core.armed
            };
            match due {
                None => self.alarm.notified().await,
                Some(at) if at <= now => self.drive(Hub::wake),
                Some(at) => tokio::select! {
                    () = sleep(at.since(now)) => {}
                    () = self.alarm.notified() => {}
                },
            }
        }
    }

    /// Makes [`Shared::stopping`] return.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the server has stopped accepting.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
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

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, mut core: MutexGuard<'_, Core>, now: Time) {
        core.carry_out(now);
        let due = core.hub.poll_timeout();
        let sooner = due.is_some_and(|due| core.armed.is_none_or(|armed| due < armed));
        drop(core);
        if sooner {
            self.alarm.notify_one();
        }
    }
}

impl Core {
    fn carry_out(&mut self, now: Time) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { to, text } => self.send(&to, text, now),
                Output::SendBinary { id, data } => self.push(id, Message::Binary(data.into()), now),
                Output::Drip { id, bytes, interval } => {
                    if let Some(outbox) = self.outboxes.get(&id) {
                        outbox.drip(Drip { bytes, interval });
                    }
                }
                Output::HalfOpen { id } => {
                    if let Some(outbox) = self.outboxes.get(&id) {
                        outbox.end(End::HalfOpen);
                    }
                }
                Output::Close { id, code, reason } => self.end(id, End::Close { code, reason }),
                Output::Drop { id } => self.end(id, End::Drop),
                Output::Bus(output) => {
                    if let Some(bus) = &self.bus {
                        let _ = bus.send(output); // The bus has stopped only if the server has.
                    }
                }
                Output::Answer { ticket, answer } => {
                    if let Some(call) = self.calls.remove(&ticket) {
                        let _ = call.send(answer); // Nobody waits for it any more.
                    }
                }
            }
        }
    }

    /// The text is shared by all receivers.
    fn send(&mut self, to: &[ConnId], text: String, now: Time) {
        let text = Utf8Bytes::from(text);
        for id in to {
            self.push(*id, Message::Text(text.clone()), now);
        }
    }

    /// A reader that is too slow is closed.
    fn push(&mut self, id: ConnId, message: Message, now: Time) {
        let Some(outbox) = self.outboxes.get(&id) else { return };
        if outbox.push(message) == Err(Full) {
            outbox.discard();
            let code = CloseCode::PolicyViolation.as_u16();
            self.hub.close(&[id], code, "slow reader: too much is waiting", now);
        }
    }

    /// The queue itself lives on in the connection's seat.
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
        let now = self.shared.now();
        let mut core = self.shared.core();
        core.outboxes.remove(&self.id);
        core.hub.closed(self.id, now);
        self.shared.carry_out(core, now);
    }
}

/// How many connections monitoring may have at one time.
const METRICS_CONNECTIONS: usize = 64;

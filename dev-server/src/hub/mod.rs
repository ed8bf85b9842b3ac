//! The rules of the service, as a pure state machine.
//!
//! The hub owns who is connected, who subscribed to what, and every decision that follows from it.
//! It may not touch sockets, clocks or entropy: whoever drives it brings `now`, ids and verified credentials, and
//! carries out what [`Hub::poll_output`] says. It compiles for any target, wasm included.
//!
//! ```text
//!  knock, open, text, closed, wake, ...        poll_output, poll_timeout
//!  ────────────────────────────────►  Hub  ──────────────────────────────►  the shell (tokio), or a test
//! ```

mod admin;
mod admission;
mod app;
mod connection;
mod fault;
mod faults;
mod frames;
mod grant;
mod io;
mod later;
mod nodes;
mod pattern;
mod rate;
mod request;
mod requests;
mod stats;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use app::App;
use connection::Connection;
use faults::Faults;
use later::Agenda;
use nodes::Nodes;
use rate::Connects;

pub use admission::TurnedAway;
pub use fault::{Fault, Rule, Target, Trigger};
pub use faults::Plan;
pub use grant::{Action, Actions, Grant};
pub use io::{BusOutput, ConnId, FrameKind, Limits, Output, Time};
pub use nodes::{Answer, NodeId, Reply, Ticket};
pub use pattern::{Pattern, Scope};
pub use rate::{ConnectRate, Rate};
pub use requests::{is_peer_id, is_reserved};
pub use stats::{Stats, Usage};

/// Everything that the server knows about its connections.
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    connections: BTreeMap<ConnId, Connection>,
    apps: BTreeMap<Arc<str>, App>,
    next_id: u64,
    /// The time of the current call.
    now: Time,
    started: Time,
    agenda: Agenda,
    faults: Faults,
    connects: Connects,
    /// The other nodes, if this is one of several.
    nodes: Option<Box<Nodes>>,
    outputs: VecDeque<Output>,
    stats: Stats,
}

impl Hub {
    /// A hub without connections.
    #[must_use]
    pub fn new(limits: Limits, now: Time) -> Hub {
        Hub {
            limits,
            connections: BTreeMap::new(),
            apps: BTreeMap::new(),
            next_id: 1,
            now,
            started: now,
            agenda: Agenda::default(),
            faults: Faults::default(),
            connects: Connects::default(),
            nodes: None,
            outputs: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// A connection ended by itself: its peer or the network closed it. News about an unknown one is ignored.
    pub fn closed(&mut self, id: ConnId, now: Time) {
        self.begin(now);
        self.remove(id);
        self.settle();
    }

    /// What to do next, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether a connection is registered.
    #[must_use]
    pub fn is_open(&self, id: ConnId) -> bool {
        self.connections.contains_key(&id)
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many connections are registered.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// How many channels have subscribers.
    #[must_use]
    pub fn channel_count(&self) -> usize {
        self.apps.values().map(App::channel_count).sum()
    }

    /// Time does not go backwards.
    fn begin(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// Forgets a connection and tells those who shared a channel with it.
    fn remove(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.remove(&id) else { return false };
        self.stats.closed += 1;
        if let Some(due) = connection.expiry() {
            self.agenda.cancel(due);
        }
        self.faults.muted -= usize::from(connection.is_mute());
        self.faults.forget(id);
        let grant = connection.grant();
        let Some(app) = self.apps.get_mut(&grant.app) else { return true };
        let last = app.remove_socket(&grant.peer, id);
        let channels = connection.channels().iter();
        let moves: Vec<_> =
            channels.map(|channel| (channel, app.unsubscribe(channel, id, grant))).collect();
        if last {
            self.peer_moved(&grant.app, &grant.peer, false);
        }
        for (channel, moved) in moves {
            self.tell_moved(&grant.app, channel, moved, false);
            self.close_channel_if_empty(&grant.app, channel);
        }
        true
    }

    fn end_with_close(&mut self, id: ConnId, code: u16, reason: &str) {
        if self.remove(id) {
            self.stats.count_close(code);
            self.outputs.push_back(Output::Close { id, code, reason: reason.to_owned() });
        }
    }

    fn end_without_close(&mut self, id: ConnId) {
        if self.remove(id) {
            self.outputs.push_back(Output::Drop { id });
        }
    }
}

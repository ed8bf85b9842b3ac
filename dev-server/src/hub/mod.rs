//! The rules of the service, as a pure state machine.
//!
//! The hub owns who is connected, who subscribed to what, and every decision that follows from it (spec A.2 to A.7).
//! It may not touch sockets, clocks or entropy: whoever drives it brings `now`, ids and verified credentials, and
//! carries out what [`Hub::poll_output`] says. It compiles for any target, wasm included.
//!
//! ```text
//!  open, text, closed, wake, ...        poll_output, poll_timeout
//!  ──────────────────────────►  Hub  ──────────────────────────►  the shell (tokio), or a test
//! ```

mod admin;
mod app;
mod connection;
mod frames;
mod grant;
mod io;
mod request;
mod requests;
mod stats;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use app::App;
use connection::Connection;

pub use grant::{Action, Actions, Grant};
pub use io::{ConnId, FrameKind, Limits, Output, Time};
pub use stats::Stats;

/// Everything that the server knows about its connections.
#[derive(Debug)]
pub struct Hub {
    limits: Limits,
    connections: BTreeMap<ConnId, Connection>,
    apps: BTreeMap<Arc<str>, App>,
    next_id: u64,
    outputs: VecDeque<Output>,
    stats: Stats,
}

impl Hub {
    /// A hub without connections.
    #[must_use]
    pub fn new(limits: Limits) -> Hub {
        Hub {
            limits,
            connections: BTreeMap::new(),
            apps: BTreeMap::new(),
            next_id: 1,
            outputs: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// A connection was admitted: registers it and welcomes it.
    pub fn open(&mut self, grant: Grant, now: Time) -> ConnId {
        let id = ConnId(self.next_id);
        self.next_id += 1;
        let app = Arc::clone(&grant.app);
        self.apps.entry(Arc::clone(&app)).or_default().add_socket(&grant.peer, id);
        let welcome = frames::welcome(&grant, &self.limits, now);
        self.connections.insert(id, Connection::new(grant));
        self.stats.opened += 1;
        self.send(FrameKind::Welcome, vec![id], welcome);
        id
    }

    /// A connection ended by itself: its peer or the network closed it. News about an unknown one is ignored.
    pub fn closed(&mut self, id: ConnId) {
        self.remove(id);
    }

    /// What to do next, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether a connection is still registered.
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

    fn send(&mut self, kind: FrameKind, to: Vec<ConnId>, text: String) {
        if to.is_empty() {
            return;
        }
        self.stats.count_out(kind, to.len());
        self.outputs.push_back(Output::Send { to, text });
    }

    /// Forgets a connection and tells those who shared a channel with it.
    fn remove(&mut self, id: ConnId) -> bool {
        let Some(connection) = self.connections.remove(&id) else { return false };
        self.stats.closed += 1;
        let grant = connection.grant();
        let Some(app) = self.apps.get_mut(&grant.app) else { return true };
        app.remove_socket(&grant.peer, id);
        let mut notices = Vec::new();
        for channel in connection.channels() {
            notices.extend(app.unsubscribe(channel, id, grant));
        }
        if app.is_idle() {
            self.apps.remove(&grant.app);
        }
        for (to, text) in notices {
            self.send(FrameKind::Presence, to, text);
        }
        true
    }
}

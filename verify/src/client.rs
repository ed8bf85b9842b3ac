//! The state of a client: its machine, and what its driver keeps.

use metered_realtime_proto::machine::{Instant, Machine, SocketId};

use crate::invariants::Checker;
use crate::options::Facts;
use crate::schedule::Scheduled;

/// A client: its machine and the state of its driver.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) machine: Machine<String>,
    pub(crate) facts: Facts,
    pub(crate) checker: Checker,
    /// The sockets whose events the driver handles.
    pub(crate) held: Vec<Held>,
    /// How far its clock is ahead of the world's, in milliseconds.
    pub(crate) skew: i64,
    /// When the alarm fires.
    pub(crate) armed: Option<Instant>,
    /// Counts how often it was set.
    pub(crate) alarm_set: u32,
    pub(crate) pumping: bool,
    /// Whether outputs wait to be carried out later.
    pub(crate) undrained: bool,
    pub(crate) asleep: bool,
    /// What would have happened while the process was asleep.
    pub(crate) deferred: Vec<Scheduled>,
    /// How many asynchronous handlers are running.
    pub(crate) handlers: u32,
    pub(crate) drain_wanted: bool,
    /// Whether messages and acks take the short way past the queue.
    pub(crate) short_path: bool,
}

/// A socket whose events the driver handles.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) socket: SocketId,
    /// `None` until the socket exists.
    pub(crate) link: Option<usize>,
    pub(crate) opened: bool,
    pub(crate) closing: bool,
}

impl Client {
    pub(crate) fn new(machine: Machine<String>, facts: Facts, short_path: bool) -> Client {
        Client {
            machine,
            checker: Checker::new(facts.clone()),
            facts,
            held: Vec::new(),
            skew: 0,
            armed: None,
            alarm_set: 0,
            pumping: false,
            undrained: false,
            asleep: false,
            deferred: Vec::new(),
            handlers: 0,
            drain_wanted: false,
            short_path,
        }
    }

    /// What the client's clock shows.
    pub(crate) fn clock(&self, now: u64) -> Instant {
        Instant::from_millis(now.saturating_add_signed(self.skew))
    }

    /// The links of the sockets that are not closing.
    pub(crate) fn links(&self) -> Vec<usize> {
        self.held.iter().filter(|held| !held.closing).filter_map(|held| held.link).collect()
    }

    /// Whether a socket that does not exist yet is still needed.
    pub(crate) fn wants(&self, socket: SocketId) -> bool {
        self.held.iter().any(|held| held.socket == socket && held.link.is_none())
    }

    /// The link of the socket in use.
    pub(crate) fn link(&self) -> Option<usize> {
        let current = self.checker.current_socket()?;
        self.held.iter().find(|held| held.socket == current)?.link
    }
}

//! A connection between a page and the server, and what travels on it.

use metered_realtime_proto::machine::CallError;
use metered_realtime_proto::peer::{RequestId, Signal};

use super::load::Load;

/// The channel of all.
pub(crate) const CHANNEL: &str = "room";

/// What travels from a page to the server.
#[derive(Clone, Debug)]
pub(crate) enum Up {
    Subscribe(Option<RequestId>),
    Unsubscribe,
    Publish(Option<RequestId>, Load),
    Send(Option<RequestId>, String, Load),
    Signal(String, Signal<Load>),
}

/// What travels from the server to a page.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Done(RequestId, Result<(), CallError>),
    Presence { joined: Vec<String>, left: Vec<String> },
    Message { from: String, data: Load },
    Direct { from: String, data: Load },
    Signal { from: String, signal: Signal<Load> },
}

/// A connection between a page and the server.
#[derive(Debug)]
pub(crate) struct Link {
    /// `None`: a member that means harm has no page.
    pub(crate) page: Option<usize>,
    pub(crate) peer_id: String,
    /// The server takes it for alive.
    pub(crate) alive: bool,
    pub(crate) subscribed: bool,
    /// When the last frame of each direction arrives.
    pub(crate) up: u64,
    pub(crate) down: u64,
    /// Who came and went, where it is not told at once.
    pub(crate) pending_presence: Option<PresenceUpdate>,
    /// Frames that it may send now, in thousandths, and when that was counted.
    budget: (u64, u64),
}

/// Who came and went since a link was told last: first went, then came.
#[derive(Debug, Default)]
pub(crate) struct PresenceUpdate {
    pub(crate) joined: Vec<String>,
    pub(crate) left: Vec<String>,
}

impl PresenceUpdate {
    pub(crate) fn add(&mut self, id: &str, joined: bool) {
        if joined {
            self.joined.push(id.to_owned());
        } else if let Some(at) = self.joined.iter().position(|it| it == id) {
            self.joined.remove(at);
        } else {
            self.left.push(id.to_owned());
        }
    }
}

impl Link {
    pub(crate) fn new(page: Option<usize>, peer_id: String, now: u64) -> Link {
        let budget = (200_000, now);
        Link {
            page,
            peer_id,
            alive: true,
            subscribed: false,
            up: now,
            down: now,
            pending_presence: None,
            budget,
        }
    }

    /// A hundred frames a second, two hundred at once; `false`: too many.
    fn spend(&mut self, now: u64) -> bool {
        let (left, at) = self.budget;
        let left = (left + (now - at) * 100).min(200_000);
        let enough = left >= 1_000;
        self.budget = (left.saturating_sub(1_000), now);
        enough
    }
}

impl Link {
    /// Members that mean harm may talk as fast as they like.
    pub(crate) fn spend_or_fail(&mut self, now: u64) -> bool {
        self.page.is_none() || self.spend(now)
    }
}

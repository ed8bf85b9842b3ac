//! The connection's states, each with the data that only it has.

use super::io::{Connected, SocketId, TokenRequestId};
use super::liveness::Liveness;
use super::state::State;
use super::subscriptions::Replays;
use super::time::Instant;
use crate::wire::Secret;

/// ```text
///            connect()                       welcome
/// Idle ────────────────► Fetching ─► Dialling ─────────► Ready
///   ▲ (key: no Fetching)    ▲            │                 │ lost
/// Closed ◄──────────────────┼────────────┴─────────────────┤ (and not to be retried: Closed)
///                           └────────── Waiting ◄──────────┘
/// ```
#[derive(Debug)]
pub(super) enum Link {
    /// Nothing has happened yet.
    Idle,
    /// Nothing happens until `connect()`.
    Closed,
    /// The token provider is asked.
    Fetching {
        request: TokenRequestId,
        /// Whether the driver was told.
        asked: bool,
        deadline: Instant,
    },
    /// A socket is opening, or open and not welcomed.
    Dialling {
        socket: SocketId,
        /// The address, until the driver was told.
        address: Option<Secret>,
        deadline: Instant,
        /// From the moment the socket opened, unless the watchdog is off.
        liveness: Option<Liveness>,
    },
    /// Welcomed.
    Ready {
        socket: SocketId,
        since: Instant,
        liveness: Option<Liveness>,
        stage: Stage,
        /// What the server's `going_away` asked for, in milliseconds.
        going_away_ms: Option<f64>,
    },
    /// Until the next dial.
    Waiting {
        until: Instant,
        /// The network's return cuts the wait short, but not below this.
        not_before: Instant,
    },
}

/// What is left to do after a welcome, in this order. Done one by one when nothing else is queued, so that a handler that
/// closes the client in between stops the rest.
#[derive(Debug)]
pub(super) enum Stage {
    /// Tell the user, and then bring back these subscriptions.
    Announce(Box<Connected>, Replays),
    /// Bring back these subscriptions.
    Replay(Replays),
    /// Nothing.
    Steady,
}

impl Link {
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Link::Ready { .. })
    }

    /// The socket that is in use, unless the driver was not even told of it.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self {
            Link::Dialling { socket, address: None, .. } | Link::Ready { socket, .. } => {
                Some(*socket)
            }
            Link::Dialling { address: Some(_), .. }
            | Link::Idle
            | Link::Closed
            | Link::Fetching { .. }
            | Link::Waiting { .. } => None,
        }
    }

    pub(super) fn liveness(&mut self) -> Option<&mut Liveness> {
        match self {
            Link::Dialling { liveness, .. } | Link::Ready { liveness, .. } => liveness.as_mut(),
            Link::Idle | Link::Closed | Link::Fetching { .. } | Link::Waiting { .. } => None,
        }
    }

    /// When something is to be done about it.
    pub(super) fn deadline(&self) -> Instant {
        let alive_until = |liveness: &Option<Liveness>, may_ask| {
            liveness.as_ref().map_or(Instant::NEVER, |liveness| liveness.deadline(may_ask))
        };
        match self {
            Link::Idle | Link::Closed => Instant::NEVER,
            Link::Fetching { deadline, .. } => *deadline,
            Link::Dialling { deadline, liveness, .. } => {
                (*deadline).min(alive_until(liveness, false))
            }
            Link::Ready { liveness, .. } => alive_until(liveness, true),
            Link::Waiting { until, .. } => *until,
        }
    }

    /// The state that users see; `ever`: there was a welcome since the last `connect()`.
    pub(super) fn state(&self, ever: bool) -> State {
        match self {
            Link::Idle => State::Idle,
            Link::Closed => State::Closed,
            Link::Ready { .. } => State::Connected,
            Link::Waiting { .. } => State::Reconnecting,
            Link::Fetching { .. } | Link::Dialling { .. } if ever => State::Reconnecting,
            Link::Fetching { .. } | Link::Dialling { .. } => State::Connecting,
        }
    }
}

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
    /// `connect()` was never called.
    Idle,
    /// Closed until the next `connect()`.
    Closed,
    /// The token provider is called.
    Fetching {
        request: TokenRequestId,
        /// Whether the driver has the output.
        asked: bool,
        deadline: Instant,
    },
    /// A socket is opening, or is open and waits for the welcome.
    Dialling {
        socket: SocketId,
        /// The address, until the driver has the output.
        address: Option<Secret>,
        deadline: Instant,
        /// Set when the socket opens, unless the watchdog is off.
        liveness: Option<Liveness>,
    },
    /// Welcomed.
    Ready {
        socket: SocketId,
        since: Instant,
        liveness: Option<Liveness>,
        stage: Stage,
        /// The delay that the server's `going_away` asked for, in milliseconds.
        going_away_ms: Option<f64>,
    },
    /// Waiting for the next dial.
    Waiting {
        until: Instant,
        /// If the network comes back, the wait is cut short, but not below this.
        not_before: Instant,
    },
}

/// What is left to do after a welcome. Each step is taken when nothing else is queued, so that a handler that closes the client
/// in between stops the rest.
#[derive(Debug)]
pub(super) enum Stage {
    /// Tell the user, then bring these subscriptions back.
    Announce(Box<Connected>, Replays),
    /// Bring these subscriptions back.
    Replay(Replays),
    /// Nothing.
    Steady,
}

impl Link {
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Link::Ready { .. })
    }

    /// The socket in use, once the driver knows of it.
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

    /// The next deadline.
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

    /// The state that users see. `ever`: whether there was a welcome since the last `connect()`.
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

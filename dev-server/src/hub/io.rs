//! The hub's boundary: ids, time, limits and outputs.

use std::time::Duration;

use super::nodes::{Answer, Ticket};
use super::rate::{ConnectRate, Rate};

/// A connection, for as long as the server runs. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub(super) u64);

/// A moment: the time since the Unix epoch, from a clock that never goes backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Duration);

impl Time {
    /// The moment that lies this long after the Unix epoch.
    #[must_use]
    pub const fn since_epoch(duration: Duration) -> Time {
        Time(duration)
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// The time that has passed since an earlier moment; zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment and a while.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Time {
        Time(self.0.saturating_add(duration))
    }

    /// This moment less a while, but not before the epoch.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Time {
        Time(self.0.saturating_sub(duration))
    }
}

/// What the hub wants done. Carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send one text to these connections.
    Send {
        /// The receivers, each once.
        to: Vec<ConnId>,
        /// The frame, serialised once for all of them.
        text: String,
    },
    /// Send what is queued, then close. The hub has already forgotten the connection.
    Close {
        /// The connection.
        id: ConnId,
        /// The close code.
        code: u16,
        /// The close reason.
        reason: String,
    },
    /// Send one binary frame.
    SendBinary {
        /// The connection.
        id: ConnId,
        /// The frame's payload.
        data: Vec<u8>,
    },
    /// Keep the TCP connection up, but neither read nor write any more.
    HalfOpen {
        /// The connection.
        id: ConnId,
    },
    /// From now on, write only a few bytes at a time.
    Drip {
        /// The connection.
        id: ConnId,
        /// How many bytes.
        bytes: usize,
        /// How long between two times.
        interval: Duration,
    },
    /// End the TCP connection at once, without a close frame. The hub has already forgotten the connection.
    Drop {
        /// The connection.
        id: ConnId,
    },
    /// Something for the bus between the nodes.
    Bus(BusOutput),
    /// A call is answered.
    Answer {
        /// The call.
        ticket: Ticket,
        /// The answer.
        answer: Answer,
    },
}

/// What the bus between the nodes is to do. Carried out in order, and forgotten when the bus goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusOutput {
    /// Subscribe to a subject.
    Subscribe {
        /// The subject.
        subject: String,
    },
    /// End a subscription.
    Unsubscribe {
        /// The subject.
        subject: String,
    },
    /// Publish to the subscribers of a subject, but not to this node.
    Publish {
        /// Grows from one to the next; reported by [`Hub::handed`](super::Hub::handed).
        number: u64,
        /// The subject.
        subject: String,
        /// The message.
        payload: String,
        /// Report by [`Hub::unanswered`](super::Hub::unanswered) if nobody subscribes.
        needs_subscriber: bool,
    },
}

/// The frames that a server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameKind {
    /// `welcome`
    Welcome,
    /// `ack`
    Ack,
    /// `error`
    Error,
    /// `message`
    Message,
    /// `direct`
    Direct,
    /// `presence`
    Presence,
    /// `going_away`
    GoingAway,
    /// `pong`
    Pong,
}

impl FrameKind {
    /// The `type` on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FrameKind::Welcome => "welcome",
            FrameKind::Ack => "ack",
            FrameKind::Error => "error",
            FrameKind::Message => "message",
            FrameKind::Direct => "direct",
            FrameKind::Presence => "presence",
            FrameKind::GoingAway => "going_away",
            FrameKind::Pong => "pong",
        }
    }
}

/// The limits that the hub enforces. `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest inbound frame in bytes, advertised in the welcome.
    pub max_message_size: usize,
    /// Channels that one connection may hold.
    pub channels_per_connection: usize,
    /// The longest channel name in bytes of UTF-8.
    pub channel_name_bytes: usize,
    /// Frames that one connection may send; beyond it is closed with 4011.
    pub message_rate: Option<Rate>,
    /// How often one address may connect; beyond it gets HTTP 429.
    pub connect_rate: Option<ConnectRate>,
    /// Connections that one app may have; beyond they are closed with 4010.
    pub connections_per_app: Option<usize>,
    /// Messages that one app may publish and send until the server restarts; beyond they get `over_message_quota`.
    pub messages_per_period: Option<u64>,
    /// The largest `metadata` of a token, in bytes of JSON. Checked with the credential.
    pub metadata_bytes: usize,
    /// The largest `peerMetadata` of a token, in bytes of JSON. Checked with the credential.
    pub peer_metadata_bytes: usize,
    /// Close with 4003 on a channel outside of the patterns, in place of an error frame.
    pub close_unauthorized: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_message_size: 65_536,
            channels_per_connection: 100,
            channel_name_bytes: 256,
            message_rate: Some(Rate { per_second: 100, burst: 200 }),
            connect_rate: Some(ConnectRate { connects: 60, window: Duration::from_secs(60) }),
            connections_per_app: None,
            messages_per_period: None,
            metadata_bytes: 8 << 10,
            peer_metadata_bytes: 4 << 10,
            close_unauthorized: false,
        }
    }
}

impl Limits {
    /// The same without rates, quotas and caps on how many; sizes and names stay as they are.
    #[must_use]
    pub fn relaxed(self) -> Limits {
        Limits {
            channels_per_connection: usize::MAX,
            message_rate: None,
            connect_rate: None,
            connections_per_app: None,
            messages_per_period: None,
            ..self
        }
    }
}

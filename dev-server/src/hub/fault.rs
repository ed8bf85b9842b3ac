//! Faults on demand: what may go wrong, for whom, and when.
//!
//! The JSON form is that of `POST /_dev/faults`.

use serde::{Deserialize, Serialize};

use metered_realtime_proto::wire::INBOUND_CAP;

/// A fault and where it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// For whom.
    #[serde(default)]
    pub target: Target,
    /// At which frame; at once if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Trigger>,
}

/// Whom a fault strikes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Every connection.
    #[default]
    All,
    /// The connections of one peer.
    Peer(String),
    /// This many of the next connects.
    Next(u32),
}

/// The frame that sets a fault off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its `type`: of a frame to the client (`ack`, `message`, ...) or from it (`publish`, `subscribe`, ...).
    #[serde(rename = "type")]
    pub kind: String,
    /// The how many-th such frame, from now on; the first is 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many such frames in a row, from that one on; 0 is every one.
    #[serde(default = "one")]
    pub count: u32,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Fault {
    /// The TCP connection ends without a close frame.
    Drop,
    /// The server closes.
    Close {
        /// The close code.
        code: u16,
        /// The reason.
        #[serde(default)]
        reason: String,
    },
    /// TCP stays up, but nothing is read, sent or answered any more, not even a close.
    HalfOpen,
    /// No frame is sent any more; requests are carried out and closes are answered.
    Silence {
        /// For how long; for ever if it is missing.
        #[serde(default)]
        for_ms: Option<u64>,
    },
    /// Bytes trickle.
    Drip {
        /// How many bytes at a time.
        #[serde(default = "one")]
        bytes: u32,
        /// How long between two times.
        #[serde(default = "drip_interval")]
        interval_ms: u64,
    },
    /// No welcome is sent.
    NoWelcome,
    /// The welcome is late.
    LateWelcome {
        /// By how much.
        delay_ms: u64,
    },
    /// Another welcome is sent.
    SecondWelcome,
    /// The frame is not sent, or the request not carried out.
    Swallow,
    /// The frame is sent, or the request carried out, later.
    Delay {
        /// How much later.
        delay_ms: u64,
    },
    /// An error frame; in place of carrying out a request if a request sets it off.
    Error {
        /// The error code.
        code: String,
        /// The text for people.
        #[serde(default)]
        message: String,
    },
    /// A binary frame.
    Binary,
    /// A text frame that is larger than clients accept.
    Oversize {
        /// Its size.
        #[serde(default = "oversize")]
        bytes: usize,
    },
    /// A text frame that is not JSON.
    BadJson,
    /// A frame of a type that does not exist.
    UnknownType,
    /// Any text frame.
    Frame {
        /// The text.
        text: String,
    },
    /// `going_away`, then close 1001.
    GoingAway {
        /// What it tells clients to wait.
        #[serde(default = "retry_after")]
        retry_after_ms: u64,
        /// When the close follows.
        #[serde(default = "close_after")]
        close_after_ms: u64,
    },
    /// The handshake is answered with this HTTP status in place of 101.
    Http {
        /// The status, such as 401, 429 or 503.
        status: u16,
    },
}

impl Rule {
    /// A fault that strikes at once.
    #[must_use]
    pub fn now(fault: Fault, target: Target) -> Rule {
        Rule { fault, target, on: None }
    }

    /// A fault that waits for the n-th frame of a type.
    #[must_use]
    pub fn on(fault: Fault, target: Target, kind: &str, nth: u32) -> Rule {
        Rule { fault, target, on: Some(Trigger { kind: kind.to_owned(), nth, count: 1 }) }
    }

    /// Whether the parts fit together.
    ///
    /// # Errors
    /// The rule that is broken, as a sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        let next = matches!(self.target, Target::Next(_));
        if self.target == Target::Next(0) {
            return Err("target.next must be at least 1");
        }
        if let Some(trigger) = &self.on {
            self.check_trigger(trigger)?;
        }
        match self.fault.class() {
            Class::Handshake if !next || self.on.is_some() => {
                Err("this fault needs a target {\"next\": n} and no \"on\"")
            }
            Class::Delivery if self.on.is_none() => Err("this fault needs \"on\": {\"type\": ...}"),
            Class::Handshake
            | Class::Delivery
            | Class::Ending
            | Class::Link
            | Class::Following
            | Class::Extra => self.fault.check_numbers(),
        }
    }

    fn check_trigger(&self, trigger: &Trigger) -> Result<(), &'static str> {
        let kind = &*trigger.kind;
        if trigger.nth == 0 {
            return Err("on.nth must be at least 1");
        }
        if !FRAMES_OUT.contains(&kind) && !FRAMES_IN.contains(&kind) {
            return Err("on.type must be the type of a frame of the protocol");
        }
        if matches!(self.fault, Fault::Error { .. }) && !FRAMES_IN.contains(&kind) {
            return Err("the fault error needs an on.type that a client sends");
        }
        Ok(())
    }
}

/// What a fault does to the frame that sets it off, and when it strikes at a connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Only before or in place of the welcome.
    Handshake,
    /// Changes how the frame is delivered.
    Delivery,
    /// Takes the frame's place; nothing follows.
    Ending,
    /// Changes the connection below; the frame follows.
    Link,
    /// Comes after the frame.
    Following,
    /// Takes the frame's place.
    Extra,
}

impl Fault {
    pub(super) const fn class(&self) -> Class {
        match self {
            Fault::Http { .. } | Fault::NoWelcome | Fault::LateWelcome { .. } => Class::Handshake,
            Fault::Swallow | Fault::Delay { .. } => Class::Delivery,
            Fault::Drop | Fault::Close { .. } | Fault::HalfOpen | Fault::Silence { .. } => {
                Class::Ending
            }
            Fault::Drip { .. } => Class::Link,
            Fault::SecondWelcome | Fault::GoingAway { .. } => Class::Following,
            Fault::Error { .. }
            | Fault::Binary
            | Fault::Oversize { .. }
            | Fault::BadJson
            | Fault::UnknownType
            | Fault::Frame { .. } => Class::Extra,
        }
    }

    fn check_numbers(&self) -> Result<(), &'static str> {
        if matches!(self, Fault::Http { status: ..400 | 600.. }) {
            return Err("status must be 400 to 599");
        }
        if matches!(self, Fault::Close { code: ..1000 | 1004..=1006 | 1015 | 5000.., .. }) {
            return Err("code cannot stand in a close frame; for 1006 use the fault drop");
        }
        if matches!(self, Fault::Oversize { bytes: MAX_OVERSIZE.. }) {
            return Err("bytes must be below 64 MiB");
        }
        Ok(())
    }
}

const FRAMES_IN: [&str; 5] = ["subscribe", "unsubscribe", "publish", "send", "ping"];
const FRAMES_OUT: [&str; 8] =
    ["welcome", "ack", "error", "message", "direct", "presence", "going_away", "pong"];

/// No test needs more, and it is copied for each target.
const MAX_OVERSIZE: usize = 64 << 20;

const fn one() -> u32 {
    1
}

const fn drip_interval() -> u64 {
    10
}

const fn oversize() -> usize {
    INBOUND_CAP + 1
}

const fn retry_after() -> u64 {
    1000
}

const fn close_after() -> u64 {
    250
}

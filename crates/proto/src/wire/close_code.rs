//! Close codes, how a client reacts to each of them, and which ones may be sent (rules 110, 111, 116 and 201).

/// The close codes that mean something in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum CloseCode {
    /// 1001: the server restarts.
    GoingAway = 1001,
    /// 1008: a rule was broken.
    PolicyViolation = 1008,
    /// 1009: a frame was larger than the receiver takes.
    MessageTooBig = 1009,
    /// 4000: the client gave up on a silent connection.
    ClientInactivity = 4000,
    /// 4001: bad signature or unknown key.
    InvalidToken = 4001,
    /// 4002: the token's `exp` has passed.
    TokenExpired = 4002,
    /// 4003: a channel is outside of the allowed patterns.
    ChannelNotAuthorized = 4003,
    /// 4010: the plan's number of connections is reached.
    OverConcurrentLimit = 4010,
    /// 4011: too many messages a second.
    OverMessageRate = 4011,
    /// 4012: billing or terms of service.
    AccountSuspended = 4012,
    /// 4020: disconnected by an administrator.
    AdminDisconnect = 4020,
}

impl CloseCode {
    /// Every code, in ascending order of the numbers.
    pub const ALL: [CloseCode; 11] = [
        CloseCode::GoingAway,
        CloseCode::PolicyViolation,
        CloseCode::MessageTooBig,
        CloseCode::ClientInactivity,
        CloseCode::InvalidToken,
        CloseCode::TokenExpired,
        CloseCode::ChannelNotAuthorized,
        CloseCode::OverConcurrentLimit,
        CloseCode::OverMessageRate,
        CloseCode::AccountSuspended,
        CloseCode::AdminDisconnect,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self as u16
    }

    /// The code with this number, if the protocol has one.
    #[must_use]
    pub fn from_u16(code: u16) -> Option<CloseCode> {
        CloseCode::ALL.into_iter().find(|known| known.as_u16() == code)
    }
}

/// What a client does when an established connection closes (rules 110, 111 and 116).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Try again by the ordinary backoff.
    Retry,
    /// Try again, but not within 30 s.
    RetrySlowly,
    /// Trying again cannot help.
    GiveUp,
}

impl Reaction {
    /// The reaction to a close code, known or not.
    #[must_use]
    pub fn to(code: u16) -> Reaction {
        match code {
            4001 | 4003 | 4012 | 4020 => Reaction::GiveUp,
            4010 => Reaction::RetrySlowly,
            _ => Reaction::Retry,
        }
    }
}

/// The code to send: browsers let a script send 1000 and 3000 to 4999, so any other code becomes 1000.
#[must_use]
pub fn sendable_code(code: u16) -> u16 {
    match code {
        1000 | 3000..=4999 => code,
        _ => 1000,
    }
}

/// The longest reason that fits into a close frame.
pub const REASON_MAX_BYTES: usize = 123;

/// The reason, cut at a character boundary so that it fits into a close frame.
#[must_use]
pub fn fit_reason(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_MAX_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

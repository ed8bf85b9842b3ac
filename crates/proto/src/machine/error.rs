//! Why a call failed, and what that says about its effect on the server.

use super::state::State;
use crate::wire::scrub;

/// Whether the server may have acted on a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was never sent, so it is safe to repeat.
    NotSent,
    /// The server refused it.
    Rejected,
    /// It was sent, and no answer came. The server may have carried it out.
    Unknown,
}

impl Outcome {
    /// The outcome's name on the JavaScript surface.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NotSent => "notSent",
            Outcome::Rejected => "rejected",
            Outcome::Unknown => "unknown",
        }
    }
}

/// How a connection ended, or why a dial failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Close {
    /// The close code; 1006 where there was none.
    pub code: u16,
    /// The reason that the peer or the client gave; may be empty.
    pub reason: String,
    /// The platform's message if the socket could not be made, without credentials: see [`scrub`].
    pub cause: Option<String>,
    /// The platform's code for the cause, such as `ECONNREFUSED`.
    pub cause_code: Option<String>,
    /// The HTTP status, if the server answered without opening a WebSocket and the platform tells.
    pub http_status: Option<u16>,
    /// The header `Retry-After` of that answer, in milliseconds from now.
    pub retry_after_ms: Option<f64>,
}

impl Close {
    /// A close with a code and a reason alone.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Close {
        let reason = reason.into();
        Close {
            code,
            reason,
            cause: None,
            cause_code: None,
            http_status: None,
            retry_after_ms: None,
        }
    }

    /// A socket that could not be made, with the platform's message, which is scrubbed of credentials.
    #[must_use]
    pub fn failed(reason: &str, cause: &str) -> Close {
        Close { cause: Some(scrub(cause)), ..Close::new(1006, reason) }
    }

    /// The same with the platform's code for the cause, which is scrubbed too.
    #[must_use]
    pub fn with_cause_code(self, code: &str) -> Close {
        Close { cause_code: Some(scrub(code)), ..self }
    }

    /// How long the server asks not to be dialled, in milliseconds. Only a 429 or 503 can ask for that.
    #[must_use]
    pub fn pause_ms(&self) -> Option<f64> {
        let asks = matches!(self.http_status, Some(429 | 503));
        self.retry_after_ms.filter(|ms| asks && *ms > 0.0)
    }
}

/// How the user's token provider failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFailure {
    /// The name of the provider's error.
    pub name: String,
    /// Its message, without credentials: see [`scrub`].
    pub message: String,
}

impl ProviderFailure {
    /// A failure with the provider's message, which is scrubbed of credentials.
    #[must_use]
    pub fn new(name: &str, message: &str) -> ProviderFailure {
        ProviderFailure { name: name.into(), message: scrub(message) }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// `connect()` in a state other than idle and closed.
    WrongState {
        /// The state in which it was called.
        state: State,
    },
    /// The connection ended before its welcome.
    Connect(Close),
    /// The runtime has no WebSocket.
    Unavailable,
    /// The token provider failed in the first connect.
    Token(ProviderFailure),
    /// The caller withdrew the call.
    Aborted {
        /// Whether the server may have acted on it.
        outcome: Outcome,
    },
    /// There is no connection; nothing was sent.
    NotConnected,
    /// The server refused the request.
    Rejected {
        /// Its code.
        code: String,
        /// Its message for people.
        message: Option<String>,
    },
    /// No answer came in time.
    AckTimeout {
        /// How long the client waited, in milliseconds.
        timeout_ms: u64,
    },
    /// The connection ended before an answer came.
    Disconnected {
        /// The close code.
        close_code: u16,
        /// Whether the server may have acted on it.
        outcome: Outcome,
    },
    /// The payload is larger than the server takes; nothing was sent.
    Oversized {
        /// Bytes of the payload's JSON.
        size: usize,
        /// The most bytes that the server takes.
        cap: f64,
    },
}

impl CallError {
    /// Whether the server may have acted on the failed request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            CallError::Aborted { outcome } | CallError::Disconnected { outcome, .. } => *outcome,
            CallError::Rejected { .. } => Outcome::Rejected,
            CallError::AckTimeout { .. } => Outcome::Unknown,
            CallError::WrongState { .. }
            | CallError::Connect(_)
            | CallError::Unavailable
            | CallError::Token(_)
            | CallError::NotConnected
            | CallError::Oversized { .. } => Outcome::NotSent,
        }
    }
}

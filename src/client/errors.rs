//! What can go wrong, one type per operation.
//!
//! | operation | error |
//! |---|---|
//! | [`Builder::build`](crate::Builder::build) | [`ConfigError`] |
//! | [`connect`](crate::SignallingClient::connect) | [`ConnectError`] |
//! | `subscribe`, `unsubscribe`, `publish`, `send` | [`RequestError`] |
//! | [`Message::data`](crate::events::Message::data) and its like | [`DataError`] |
//!
//! The texts are fixed; the server's words are in fields only. No error ever holds a credential.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use metered_realtime_proto::machine::{CallError, CallId, OptionError, OptionName};
use metered_realtime_proto::wire::NameError;

#[doc(inline)]
pub use crate::data::DataError;
#[doc(inline)]
pub use metered_realtime_proto::machine::{Outcome, State};

/// An option that breaks a rule. The error never quotes the value, which may be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigError {
    option: &'static str,
    rule: &'static str,
}

impl ConfigError {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn new(option: &'static str, rule: &'static str) -> ConfigError {
        ConfigError { option, rule }
    }

    /// Which option, such as `reconnect.initial_delay`.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// The rule that is broken, as the end of a sentence that starts with the option's name.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.option, self.rule)
    }
}

impl Error for ConfigError {}

impl From<OptionError> for ConfigError {
    fn from(error: OptionError) -> ConfigError {
        let option = match error.option {
            OptionName::Credential => "api_key or token_provider",
            OptionName::Url => "url",
            OptionName::TokenProviderTimeout => "token_provider_timeout",
            OptionName::InactivityTimeout => "inactivity_timeout",
            OptionName::InitialDelay => "reconnect.initial_delay",
            OptionName::Multiplier => "reconnect.multiplier",
            OptionName::MaxDelay => "reconnect.max_delay",
            OptionName::JitterRatio => "reconnect.jitter_ratio",
            OptionName::MaxAttempts => "reconnect.max_attempts",
            OptionName::MaxDialsPerMinute => "reconnect.max_dials_per_minute",
            OptionName::FleetSpread => "reconnect.fleet_spread",
            OptionName::RenewBeforeExpiry => "renew_before_expiry",
        };
        ConfigError { option, rule: error.rule }
    }
}

/// Why `connect()` failed. The client is `closed` when this is seen, and `connect()` may be called again, except
/// after [`WrongState`](ConnectError::WrongState), where nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// The connection ended before its welcome: refused, rejected, timed out, or closed by this side.
    Closed {
        /// The close code; see [`WsCloseCode`](crate::WsCloseCode). 1006 where there was none, 4000 if no welcome came
        /// within ten seconds.
        close_code: u16,
        /// The server's words. Do not trust them.
        close_reason: String,
        /// The HTTP status with which the server refused the upgrade; browsers do not tell.
        http_status: Option<u16>,
        /// Why there was no connection, in the words of the operating system or of TLS; scrubbed of credentials.
        cause: Option<String>,
    },
    /// The token provider failed, or did not answer in time.
    TokenProvider(TokenProviderFailure),
    /// `connect()` is legal in the states `idle` and `closed` only.
    WrongState {
        /// The state it was called in.
        state: State,
    },
    /// No socket can be opened here. Natively `connect()` must be called inside a tokio runtime; in a browser there must be a
    /// global `WebSocket`.
    Unavailable,
}

impl ConnectError {
    /// The close code, if the connection ended with one.
    ///
    /// ```
    /// # use metered_realtime::{WsCloseCode, errors::ConnectError};
    /// # fn show_login() {}
    /// # fn example(error: ConnectError) {
    /// if error.close_code() == Some(WsCloseCode::InvalidToken.as_u16()) {
    ///     show_login();
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        match self {
            ConnectError::Closed { close_code, .. } => Some(*close_code),
            ConnectError::TokenProvider(_)
            | ConnectError::WrongState { .. }
            | ConnectError::Unavailable => None,
        }
    }

    /// The HTTP status with which the server refused the upgrade, if it did. Browsers do not tell.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        match self {
            ConnectError::Closed { http_status, .. } => *http_status,
            ConnectError::TokenProvider(_)
            | ConnectError::WrongState { .. }
            | ConnectError::Unavailable => None,
        }
    }

    pub(super) fn of(error: CallError) -> ConnectError {
        match error {
            CallError::Connect(close) => ConnectError::Closed {
                close_code: close.code,
                close_reason: close.reason,
                http_status: close.http_status,
                cause: close.cause,
            },
            CallError::Token(failure) => {
                ConnectError::TokenProvider(TokenProviderFailure { message: failure.message })
            }
            CallError::WrongState { state } => ConnectError::WrongState { state },
            CallError::Unavailable => ConnectError::Unavailable,
            CallError::Aborted { .. }
            | CallError::NotConnected
            | CallError::Rejected { .. }
            | CallError::AckTimeout { .. }
            | CallError::Disconnected { .. }
            | CallError::Oversized { .. } => ConnectError::abandoned(),
        }
    }

    /// The runtime was shut down, so there is no result.
    pub(super) fn abandoned() -> ConnectError {
        ConnectError::Closed {
            close_code: ABNORMAL,
            close_reason: String::new(),
            http_status: None,
            cause: None,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Closed { close_code, http_status: Some(status), .. } => {
                write!(
                    f,
                    "the server refused the connection (close code {close_code}, HTTP status {status})"
                )
            }
            ConnectError::Closed { close_code, .. } => {
                write!(f, "the connection closed before the welcome (close code {close_code})")
            }
            ConnectError::TokenProvider(failure) => failure.fmt(f),
            ConnectError::WrongState { state } => {
                write!(f, "connect() is not allowed in the state {:?}", state.name())
            }
            ConnectError::Unavailable => f.write_str(if cfg!(target_arch = "wasm32") {
                "connect() needs a WebSocket, and there is none here"
            } else {
                "connect() needs a tokio runtime"
            }),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ConnectError::TokenProvider(failure) => Some(failure),
            ConnectError::Closed { .. }
            | ConnectError::WrongState { .. }
            | ConnectError::Unavailable => None,
        }
    }
}

/// Why a request failed. [`outcome`](RequestError::outcome) says whether it is safe to repeat.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RequestError {
    /// There is no connection; nothing was sent.
    NotConnected,
    /// The server refused the request. The connection stays.
    ServerRequest {
        /// The code; see [`ErrorCode`](crate::ErrorCode). Unknown codes are possible.
        code: String,
        /// The server's words. Do not trust them.
        message: Option<String>,
        /// The request's id on the wire.
        request_id: String,
    },
    /// No answer came in time. The request may have been carried out.
    AckTimeout {
        /// The request's id on the wire.
        request_id: String,
        /// How long the client waited.
        timeout: Duration,
    },
    /// The connection ended before an answer came.
    Disconnected {
        /// The close code.
        close_code: u16,
        /// Whether the request may have been carried out.
        outcome: Outcome,
    },
    /// The payload is larger than the server accepts; nothing was sent.
    OversizedPayload {
        /// The payload's size, in bytes of JSON.
        size: usize,
        /// The largest payload that the server accepts.
        cap: u64,
    },
    /// An argument breaks a rule; nothing was sent.
    InvalidArgument {
        /// Which argument: `channel`, `to_peer_id` or `data`.
        argument: &'static str,
        /// The rule, as the end of a sentence that starts with the argument's name.
        rule: String,
    },
}

impl RequestError {
    /// Whether the server may have acted on the request. Only [`Outcome::NotSent`] is always safe to repeat.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            RequestError::NotConnected
            | RequestError::OversizedPayload { .. }
            | RequestError::InvalidArgument { .. } => Outcome::NotSent,
            RequestError::ServerRequest { .. } => Outcome::Rejected,
            RequestError::AckTimeout { .. } => Outcome::Unknown,
            RequestError::Disconnected { outcome, .. } => *outcome,
        }
    }

    /// The server's code, if it refused the request.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            RequestError::ServerRequest { code, .. } => Some(code),
            RequestError::NotConnected
            | RequestError::AckTimeout { .. }
            | RequestError::Disconnected { .. }
            | RequestError::OversizedPayload { .. }
            | RequestError::InvalidArgument { .. } => None,
        }
    }

    pub(super) fn invalid_name(argument: &'static str, error: NameError) -> RequestError {
        RequestError::InvalidArgument { argument, rule: error.rule().into() }
    }

    pub(super) fn invalid_data(rule: String) -> RequestError {
        RequestError::InvalidArgument { argument: "data", rule }
    }

    pub(super) fn of(call: CallId, error: CallError) -> RequestError {
        let request_id = || call.0.to_string();
        match error {
            CallError::Rejected { code, message } => {
                RequestError::ServerRequest { code, message, request_id: request_id() }
            }
            CallError::AckTimeout { timeout_ms } => RequestError::AckTimeout {
                request_id: request_id(),
                timeout: Duration::from_millis(timeout_ms),
            },
            CallError::Disconnected { close_code, outcome } => {
                RequestError::Disconnected { close_code, outcome }
            }
            CallError::Aborted { outcome } => {
                RequestError::Disconnected { close_code: ABNORMAL, outcome }
            }
            CallError::WrongState { .. }
            | CallError::Connect(_)
            | CallError::Unavailable
            | CallError::Token(_)
            | CallError::NotConnected
            | CallError::Oversized { .. } => RequestError::refused(error),
        }
    }

    /// The machine did not accept the request.
    pub(super) fn refused(error: CallError) -> RequestError {
        match error {
            CallError::Oversized { size, cap } => {
                RequestError::OversizedPayload { size, cap: cap as u64 }
            }
            CallError::WrongState { .. }
            | CallError::Connect(_)
            | CallError::Unavailable
            | CallError::Token(_)
            | CallError::Aborted { .. }
            | CallError::NotConnected
            | CallError::Rejected { .. }
            | CallError::AckTimeout { .. }
            | CallError::Disconnected { .. } => RequestError::NotConnected,
        }
    }

    /// The runtime was shut down, so there is no result.
    pub(super) fn abandoned() -> RequestError {
        RequestError::Disconnected { close_code: ABNORMAL, outcome: Outcome::Unknown }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::NotConnected => f.write_str("not connected; nothing was sent"),
            RequestError::ServerRequest { code, .. } => {
                write!(f, "the server refused the request ({code:?})")
            }
            RequestError::AckTimeout { timeout, .. } => {
                write!(f, "no answer within {timeout:?}; the request may have been carried out")
            }
            RequestError::Disconnected { close_code, outcome: Outcome::NotSent } => {
                write!(f, "the connection closed (code {close_code}) before the request was sent")
            }
            RequestError::Disconnected { close_code, .. } => write!(
                f,
                "the connection closed (code {close_code}) before an answer came; the request may have been carried out"
            ),
            RequestError::OversizedPayload { size, cap } => {
                write!(
                    f,
                    "the payload has {size} bytes and the server accepts {cap}; nothing was sent"
                )
            }
            RequestError::InvalidArgument { argument, rule } => {
                write!(f, "{argument} {rule}; nothing was sent")
            }
        }
    }
}

impl Error for RequestError {}

/// What the public error of a failed call says, for whoever has the call of another type.
#[cfg(all(target_arch = "wasm32", feature = "web", feature = "peer"))]
pub(crate) fn in_words(error: &CallError) -> String {
    match error {
        CallError::Connect(_)
        | CallError::Token(_)
        | CallError::Unavailable
        | CallError::WrongState { .. } => ConnectError::of(error.clone()).to_string(),
        CallError::Aborted { .. }
        | CallError::NotConnected
        | CallError::Rejected { .. }
        | CallError::AckTimeout { .. }
        | CallError::Disconnected { .. }
        | CallError::Oversized { .. } => RequestError::of(CallId(0), error.clone()).to_string(),
    }
}

/// How the token provider failed: the text of its error, scrubbed of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenProviderFailure {
    pub(super) message: String,
}

impl TokenProviderFailure {
    /// The text of the provider's error. Everything that looks like a credential is replaced by `***`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for TokenProviderFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token provider failed: {}", self.message)
    }
}

impl Error for TokenProviderFailure {}

/// The close code of a connection that ended without one.
const ABNORMAL: u16 = 1006;

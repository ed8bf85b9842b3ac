//! From `connect()` to `close()`: dialling, the welcome, losing the connection, and the end (rules 29 to 50, 107 to 132 and
//! 187 to 204).

use super::backoff::Loss;
use super::error::{CallError, Close, Outcome, ProviderFailure};
use super::io::{CallId, Connected, Event, Level, SocketId, TokenRequestId};
use super::link::{Link, Stage};
use super::liveness::Liveness;
use super::options::CredentialSource;
use super::requests::Purpose;
use super::state::State;
use super::subscriptions::{Failure, Subscriptions};
use super::time::Instant;
use super::{Machine, Output};
use crate::wire::{CredentialKind, Reaction, Secret, Welcome};

/// How long a socket may take from the dial to the welcome, in milliseconds (rule d10).
pub const WELCOME_TIMEOUT_MS: u64 = 10_000;

/// How long `close()` waits for the socket and the handlers, in milliseconds (rule d04).
pub const CLOSE_FLUSH_MS: u64 = 1_000;

/// The reason of a `close()` without one.
pub const DEFAULT_CLOSE_REASON: &str = "client requested close";

/// The next dial after a session shorter than this, in milliseconds, counts against the dial budget (rule d15).
const SHORT_SESSION_MS: u64 = 10_000;

/// After this many failures of the token provider in a row, each one is an event.
const TOKEN_FAILURES_TOLD: u32 = 3;

/// What has happened since the last `connect()`.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The `connect()` that is not answered yet.
    pub(super) connect: Option<CallId>,
    /// Whether there was a welcome.
    pub(super) ever_connected: bool,
}

/// A `close()` that waits for the socket and the handlers.
#[derive(Debug)]
pub(super) struct Closing {
    calls: Vec<CallId>,
    pub(super) deadline: Instant,
    socket: Option<SocketId>,
    handlers_running: bool,
}

impl<P, N> Machine<P, N> {
    /// Makes the first attempt to connect. If it fails, it is not repeated.
    ///
    /// # Errors
    /// [`CallError::WrongState`] outside of idle and closed; nothing changes.
    pub fn connect(&mut self, now: Instant) -> Result<CallId, CallError> {
        self.tick(now);
        let from = self.state();
        if !matches!(from, State::Idle | State::Closed) {
            return Err(CallError::WrongState { state: from });
        }
        self.finish_closing();
        let call = CallId(self.ids.next());
        self.session = Session { connect: Some(call), ever_connected: false };
        self.backoff.reset();
        self.dial();
        self.emit_state_change(from);
        Ok(call)
    }

    /// Closes at once. The answer comes when the socket is closed and the handlers are done, or after a second.
    pub fn close(&mut self, code: u16, reason: &str, now: Instant) -> CallId {
        let now = self.tick(now);
        let call = CallId(self.ids.next());
        if let Some(closing) = &mut self.closing {
            closing.calls.push(call);
            return call;
        }
        let from = self.state();
        let socket = self.end_link();
        self.fail_requests(code);
        if self.session.ever_connected && from != State::Closed {
            self.emit_disconnected(code, reason, false);
        }
        self.emit_state_change(from);
        if let Some(connect) = self.session.connect.take() {
            self.settle(connect, Err(CallError::Connect(Close::new(code, reason))));
        }
        self.subscriptions = Subscriptions::default();
        if let Some(socket) = socket {
            self.close_socket(socket, code, reason, true);
        }
        self.queue.push_back(Output::DrainHandlers);
        self.closing = Some(Closing {
            calls: vec![call],
            deadline: now.after(CLOSE_FLUSH_MS),
            socket,
            handlers_running: true,
        });
        call
    }

    pub(super) fn abort_connect(&mut self, call: CallId) {
        let from = self.state();
        let (code, reason) = (1000, "connect aborted");
        if let Some(socket) = self.end_link() {
            self.close_socket(socket, code, reason, false);
        }
        self.fail_requests(code);
        if self.session.ever_connected {
            self.emit_disconnected(code, reason, false);
        }
        self.emit_state_change(from);
        self.session.connect = None;
        self.settle(call, Err(CallError::Aborted { outcome: Outcome::NotSent }));
    }

    /// Ends the link in any state. Returns the socket that has to be closed, if there is one.
    fn end_link(&mut self) -> Option<SocketId> {
        let socket = self.link.socket();
        if let Link::Fetching { request, asked: true, .. } = self.link {
            self.queue.push_back(Output::ForgetToken { request });
        }
        self.link = Link::Closed;
        self.drop_renewal();
        self.subscriptions.connection_lost();
        socket
    }

    pub(super) fn on_flushed(&mut self, socket: SocketId) {
        if let Some(closing) = &mut self.closing
            && closing.socket == Some(socket)
        {
            closing.socket = None;
            self.finish_closing_if_done();
        }
    }

    pub(super) fn on_handlers_drained(&mut self) {
        if let Some(closing) = &mut self.closing {
            closing.handlers_running = false;
            self.finish_closing_if_done();
        }
    }

    fn finish_closing_if_done(&mut self) {
        let done = |closing: &Closing| closing.socket.is_none() && !closing.handlers_running;
        if self.closing.as_ref().is_some_and(done) {
            self.finish_closing();
        }
    }

    /// Drops listeners, ends streams and answers `close()`. A socket that is still closing is abandoned.
    pub(super) fn finish_closing(&mut self) {
        let Some(closing) = self.closing.take() else { return };
        if let Some(socket) = closing.socket {
            self.close_socket(socket, 1000, "", false);
        }
        self.queue.push_back(Output::ForgetListeners);
        self.queue.push_back(Output::EndStreams);
        for call in closing.calls {
            self.settle(call, Ok(()));
        }
    }

    /// Starts an attempt: asks for a token, or dials at once.
    pub(super) fn dial(&mut self) {
        match &self.options.credential {
            CredentialSource::Key(key) => {
                let address = self.options.endpoint.address(CredentialKind::Key, key);
                self.open(address);
            }
            CredentialSource::Provider => {
                self.link = Link::Fetching {
                    request: TokenRequestId(self.ids.next()),
                    asked: false,
                    deadline: self.now.after(self.options.token_provider_timeout_ms),
                };
            }
        }
    }

    fn open(&mut self, address: Secret) {
        let origin = self.options.endpoint.origin().into();
        let attempt = self.backoff.attempts().into();
        let details = vec![("origin", origin), ("attempt", attempt)];
        self.log_with(Level::Debug, "opening a socket", details);
        self.link = Link::Dialling {
            socket: SocketId(self.ids.next()),
            address: Some(address),
            deadline: self.now.after(WELCOME_TIMEOUT_MS),
            liveness: None,
        };
    }

    pub(super) fn on_token(
        &mut self,
        asked: TokenRequestId,
        result: Result<Secret, ProviderFailure>,
    ) {
        if self.on_renewal_token(asked, &result) {
            return;
        }
        let Link::Fetching { request, .. } = self.link else { return };
        if request != asked {
            return;
        }
        match result {
            Ok(token) if !token.expose().is_empty() => {
                self.token_failures = 0;
                let address = self.options.endpoint.address(CredentialKind::Token, &token);
                self.open(address);
            }
            Ok(_) => self
                .on_token_failed("Error", "the token provider did not return a non-empty string"),
            Err(failure) => self.on_token_failed(&failure.name, &failure.message),
        }
    }

    pub(super) fn on_token_failed(&mut self, name: &str, message: &str) {
        let failure = ProviderFailure { name: name.to_owned(), message: message.to_owned() };
        self.token_failures = self.token_failures.saturating_add(1);
        let consecutive_failures = self.token_failures;
        let details = vec![("consecutiveFailures", consecutive_failures.into())];
        self.log_with(Level::Warn, "the token provider failed", details);
        if consecutive_failures >= TOKEN_FAILURES_TOLD {
            self.emit(Event::TokenProviderError { consecutive_failures, error: failure.clone() });
        }
        let from = self.state();
        if let Some(connect) = self.session.connect.take() {
            self.link = Link::Closed;
            self.emit_state_change(from);
            self.settle(connect, Err(CallError::Token(failure)));
        } else if !self.schedule_retry(Loss::default()) {
            self.emit_disconnected(1006, "token provider failed", false);
            self.emit_state_change(from);
            self.queue.push_back(Output::EndStreams);
        }
    }

    /// The socket is open. From now on silence counts.
    pub(super) fn opened(&mut self) {
        if let Link::Dialling { liveness: liveness @ None, .. } = &mut self.link {
            *liveness = self.options.inactivity_timeout_ms.map(|ms| Liveness::new(ms, self.now));
        }
    }

    pub(super) fn on_welcome(&mut self, welcome: Welcome) {
        let Link::Dialling { socket, liveness, .. } = self.link else {
            self.log(Level::Warn, "ignored a second welcome");
            return;
        };
        let from = self.state();
        let connected = Connected::new(socket, welcome, self.session.ever_connected);
        self.session.ever_connected = true;
        self.max_message_size = connected.max_message_size;
        self.plan_renewal(&connected);
        self.backoff.reset();
        self.subscriptions.start_over();
        let stage = Stage::Announce(Box::new(connected), self.subscriptions.replays());
        self.link = Link::Ready { socket, since: self.now, liveness, stage, going_away_ms: None };
        self.emit_state_change(from);
    }

    /// Reports the welcome, if that has not been done: first the event, then the answer to `connect()`. The subscriptions follow.
    pub(super) fn announce(&mut self) {
        let Link::Ready { stage: stage @ Stage::Announce(..), .. } = &mut self.link else { return };
        let Stage::Announce(connected, replays) = std::mem::replace(stage, Stage::Steady) else {
            return;
        };
        *stage = Stage::Replay(replays);
        self.emit(Event::Connected(*connected));
        if let Some(connect) = self.session.connect.take() {
            self.settle(connect, Ok(()));
        }
    }

    /// The current socket is gone. `error` makes the error for a `connect()` that still waits.
    pub(super) fn lose(&mut self, close: Close, error: fn(Close) -> CallError) {
        self.announce();
        let from = self.state();
        let loss = self.loss(close.code);
        let slept = self.link.liveness().is_some_and(|liveness| liveness.is_asked(self.now));
        self.drop_renewal();
        self.note_close(&close);
        self.subscriptions.connection_lost();
        self.fail_requests(close.code);
        let first = self.session.connect.take();
        let reaction = Reaction::to(close.code);
        if reaction == Reaction::RetrySlowly {
            self.backoff.raise_floor();
        }
        let retries = first.is_none() && reaction != Reaction::GiveUp && self.schedule_retry(loss);
        if !retries {
            self.link = Link::Closed;
        }
        if self.session.ever_connected {
            self.emit_disconnected(close.code, &close.reason, retries);
        }
        self.emit_state_change(from);
        if let Some(connect) = first {
            self.settle(connect, Err(error(close)));
        } else if !retries {
            self.queue.push_back(Output::EndStreams);
        } else if slept {
            // The link broke while the process was asleep. The server is well, so there is no need to wait.
            self.wake();
        }
    }

    /// Logs how a connection ended, and remembers how long the server asked not to be dialled (rule d21).
    pub(super) fn note_close(&mut self, close: &Close) {
        let mut details = vec![("code", close.code.into())];
        details.extend(close.cause.as_deref().map(|cause| ("cause", cause.into())));
        details.extend(close.cause_code.as_deref().map(|code| ("causeCode", code.into())));
        details.extend(close.http_status.map(|status| ("httpStatus", status.into())));
        details.extend(close.retry_after_ms.map(|ms| ("retryAfterMs", ms.into())));
        if details.len() > 1 {
            self.log_with(Level::Warn, "the connection failed", details);
        } else {
            self.log_with(Level::Debug, "the connection closed", details);
        }
        if let Some(ms) = close.pause_ms()
            && self.options.reconnect.as_ref().is_some_and(|knobs| knobs.honour_going_away)
        {
            self.backoff.pause(ms, self.now);
        }
    }

    /// What the end of the current connection means for the next dial.
    fn loss(&self, code: u16) -> Loss {
        let fleet = matches!(code, 1001 | 1012 | 1013);
        let Link::Ready { since, going_away_ms, .. } = self.link else {
            return Loss { fleet, ..Loss::default() };
        };
        Loss {
            short: self.now.since(since) < SHORT_SESSION_MS,
            fleet: fleet || going_away_ms.is_some(),
            hint_ms: going_away_ms,
        }
    }

    /// Plans the next dial. `false`: there is none, so the link is closed.
    fn schedule_retry(&mut self, loss: Loss) -> bool {
        let plan = self
            .options
            .reconnect
            .as_ref()
            .and_then(|knobs| self.backoff.next(knobs, loss, &mut self.jitter, self.now));
        let Some(plan) = plan else {
            self.link = Link::Closed;
            return false;
        };
        self.link = Link::Waiting { until: plan.at, not_before: plan.not_before };
        let delay_ms = plan.at.since(self.now) as f64;
        let attempt = self.backoff.attempts().into();
        let details = vec![("attempt", attempt), ("delayMs", delay_ms.into())];
        self.log_with(Level::Info, "will reconnect", details);
        true
    }

    fn fail_requests(&mut self, close_code: u16) {
        self.fail_requests_up_to(CallId(u32::MAX), close_code);
    }

    /// Fails requests whose connection is gone. Nobody waits for the client's own subscribes.
    pub(super) fn fail_requests_up_to(&mut self, last: CallId, close_code: u16) {
        while let Some(request) = self.requests.take_oldest(last) {
            match request.purpose {
                Purpose::Plain | Purpose::Subscribe(_) => {
                    let outcome = request.outcome();
                    let failure = match outcome {
                        Outcome::NotSent => Failure::Definite,
                        Outcome::Rejected | Outcome::Unknown => Failure::Uncertain,
                    };
                    let error = CallError::Disconnected { close_code, outcome };
                    self.fail(request, failure, error);
                }
                Purpose::Replay(_) | Purpose::Join(_) => {}
            }
        }
    }

    fn emit_disconnected(&mut self, code: u16, reason: &str, will_reconnect: bool) {
        let reason = reason.to_owned();
        self.emit(Event::Disconnected { code, reason, will_reconnect });
    }
}

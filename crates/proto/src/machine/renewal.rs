//! A new connection that takes over before the token of the present one expires (option `renew_before_expiry`).
//!
//! ```text
//! Off ─► Due ─► Fetching ─► Dialling ─► Joining ─► (takes over) ─► Leaving ─► Due
//!         ▲         └──────────┴───────────┘ failed: a little later
//! ```
//!
//! Make before break: the new connection subscribes to everything first. Until it takes over, messages come from the old one
//! alone; after that from both, until the old one has answered a ping, so that nothing that was on its way is lost. A message
//! that crosses this moment may come twice. The server's clock decides when a token expires, not the local one.

use super::error::ProviderFailure;
use super::io::{CallId, Connected, Event, Level, Outgoing, Output, SocketId, TokenRequestId};
use super::liveness::Liveness;
use super::options::CredentialSource;
use super::requests::Purpose;
use super::session::WELCOME_TIMEOUT_MS;
use super::subscriptions::{Attempt, Replays};
use super::time::Instant;
use super::{ACK_TIMEOUT_MS, Link, Machine};
use crate::wire::{ApplicationFrame, CredentialKind, Secret, ServerFrame};

#[derive(Debug)]
pub(super) struct Renewal {
    phase: Phase,
    /// When the phase ends at the latest.
    deadline: Instant,
    /// When the latest token expires.
    expires: Instant,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nothing is renewed, or a welcome has not yet come.
    #[default]
    Off,
    /// Until it begins; never, if nothing expires or the option is off.
    Due,
    /// The token provider is asked.
    Fetching { request: TokenRequestId, asked: bool },
    /// The new socket is opening, or open and not welcomed.
    Dialling { socket: SocketId, address: Option<Secret> },
    /// Welcomed; the subscriptions are brought over.
    Joining {
        socket: SocketId,
        connected: Box<Connected>,
        /// What is still to be asked for.
        replays: Option<Replays>,
        /// How many answers are awaited.
        waiting: u32,
    },
    /// The new one has taken over; the old one may still bring what was on its way.
    Leaving {
        old: SocketId,
        /// Requests up to this one were sent on it.
        last_call: CallId,
        ponged: bool,
        /// When the next renewal begins.
        next: Instant,
    },
}

impl Renewal {
    pub(super) fn off() -> Renewal {
        Renewal { phase: Phase::Off, deadline: Instant::NEVER, expires: Instant::NEVER }
    }

    fn due(at: Instant, expires: Instant) -> Renewal {
        Renewal { phase: Phase::Due, deadline: at, expires }
    }

    fn enter(&mut self, phase: Phase, deadline: Instant) {
        self.phase = phase;
        self.deadline = deadline;
    }

    /// The socket beside the current one, once the driver was told of it.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self.phase {
            Phase::Dialling { socket, address: None } | Phase::Joining { socket, .. } => {
                Some(socket)
            }
            Phase::Leaving { old, .. } => Some(old),
            Phase::Off | Phase::Due | Phase::Fetching { .. } | Phase::Dialling { .. } => None,
        }
    }

    pub(super) fn token_request(&self) -> Option<TokenRequestId> {
        let Phase::Fetching { request, asked: true } = self.phase else { return None };
        Some(request)
    }

    /// Whether this is the old connection, which may still bring what was on its way.
    pub(super) fn is_leaving(&self, socket: SocketId) -> bool {
        matches!(self.phase, Phase::Leaving { old, .. } if old == socket)
    }

    /// Whether this is the new connection, before it takes over.
    pub(super) fn is_joining(&self, socket: SocketId) -> bool {
        matches!(self.phase, Phase::Joining { socket: new, .. } if new == socket)
    }

    /// Whether there is something to tell the driver.
    pub(super) fn has_step(&self) -> bool {
        matches!(
            self.phase,
            Phase::Fetching { asked: false, .. }
                | Phase::Dialling { address: Some(_), .. }
                | Phase::Joining { replays: Some(_), .. }
        )
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl<P, N> Machine<P, N> {
    /// A welcome of the current connection: plans the renewal of its token.
    pub(super) fn plan_renewal(&mut self, connected: &Connected) {
        self.renewal = self.next_renewal(connected).unwrap_or(Renewal::off());
    }

    fn next_renewal(&self, connected: &Connected) -> Option<Renewal> {
        let before = self.options.renew_before_expiry_ms? as f64;
        // Without a provider there is no other token to be had, and without tracking nothing to bring over.
        if matches!(self.options.credential, CredentialSource::Key(_))
            || !self.options.auto_resubscribe
        {
            return None;
        }
        // Both times are the server's.
        let lifetime = (connected.expires_at? - connected.server_time) * 1000.0;
        let wait = (lifetime - before).max(lifetime / 2.0).max(SHORTEST_WAIT_MS);
        Some(Renewal::due(self.now.after(wait as u64), self.now.after(lifetime.max(0.0) as u64)))
    }

    /// Gives up on a renewal, with everything that belongs to it. The current connection is not touched.
    pub(super) fn drop_renewal(&mut self) {
        if let Some(request) = self.renewal.token_request() {
            self.queue.push_back(Output::ForgetToken { request });
        }
        if let Some(socket) = self.renewal.socket() {
            self.close_superseded(socket);
        }
        while self.requests.take_join().is_some() {}
        self.renewal = Renewal::off();
        self.held = Vec::new();
    }

    /// Tells the driver what the renewal needs next. `false`: nothing.
    pub(super) fn take_renewal_step(&mut self) -> bool {
        match &mut self.renewal.phase {
            Phase::Fetching { request, asked } if !*asked => {
                *asked = true;
                self.queue.push_back(Output::FetchToken { request: *request });
            }
            Phase::Dialling { socket, address } => {
                let Some(address) = address.take() else { return false };
                self.queue.push_back(Output::OpenSocket { socket: *socket, address });
            }
            Phase::Joining { replays: Some(replays), .. } => {
                match self.subscriptions.next_replay(replays) {
                    Some(attempt) => self.subscribe_beside(attempt),
                    None => self.all_asked(),
                }
            }
            Phase::Off
            | Phase::Due
            | Phase::Fetching { .. }
            | Phase::Joining { .. }
            | Phase::Leaving { .. } => return false,
        }
        true
    }

    pub(super) fn check_renewal(&mut self) {
        let now = self.now;
        if self.renewal.deadline() > now {
            return;
        }
        match self.renewal.phase {
            Phase::Off => {}
            Phase::Due => {
                let request = TokenRequestId(self.ids.next());
                let deadline = now.after(self.options.token_provider_timeout_ms);
                self.renewal.enter(Phase::Fetching { request, asked: false }, deadline);
            }
            Phase::Fetching { .. } | Phase::Dialling { .. } => self.renewal_failed("timeout"),
            // What is not answered by now is tried again once it has taken over.
            Phase::Joining { .. } => self.take_over(),
            Phase::Leaving { .. } => self.leave(),
        }
    }

    /// `true`: the token was for a renewal.
    pub(super) fn on_renewal_token(
        &mut self,
        request: TokenRequestId,
        result: &Result<Secret, ProviderFailure>,
    ) -> bool {
        if self.renewal.token_request() != Some(request) {
            return false;
        }
        match result {
            Ok(token) if !token.expose().is_empty() => {
                let dialling = Phase::Dialling {
                    socket: SocketId(self.ids.next()),
                    address: Some(self.options.endpoint.address(CredentialKind::Token, token)),
                };
                self.renewal.enter(dialling, self.now.after(WELCOME_TIMEOUT_MS));
            }
            Ok(_) | Err(_) => {
                // It has answered, so there is nothing to forget.
                self.renewal.phase = Phase::Off;
                self.renewal_failed("token provider");
            }
        }
        true
    }

    /// The socket beside the current one closed.
    pub(super) fn on_renewal_closed(&mut self) {
        match self.renewal.phase {
            Phase::Leaving { .. } => self.leave(),
            Phase::Dialling { .. } | Phase::Joining { .. } => self.renewal_failed("closed"),
            Phase::Off | Phase::Due | Phase::Fetching { .. } => {}
        }
    }

    /// A frame on the socket beside the current one. Gives back what counts as if it came on the current one.
    pub(super) fn on_renewal_frame(
        &mut self,
        frame: ServerFrame<P, N>,
    ) -> Option<ServerFrame<P, N>> {
        match (&mut self.renewal.phase, frame) {
            (Phase::Dialling { socket, .. }, ServerFrame::Welcome(welcome)) => {
                let joining = Phase::Joining {
                    socket: *socket,
                    connected: Box::new(Connected::new(*socket, welcome, true)),
                    replays: Some(self.subscriptions.replays()),
                    waiting: 0,
                };
                self.renewal.enter(joining, self.now.after(ACK_TIMEOUT_MS));
                None
            }
            (Phase::Leaving { ponged, .. }, ServerFrame::Pong) => {
                *ponged = true;
                self.leave_if_done();
                None
            }
            (Phase::Leaving { .. }, ServerFrame::GoingAway { .. }) => None,
            (Phase::Leaving { .. }, frame) => Some(frame),
            // Presence is told once the new connection has taken over, as after any welcome.
            (
                Phase::Joining { .. },
                ServerFrame::Application(frame @ ApplicationFrame::Presence { .. }),
            ) => {
                self.held.push(frame);
                None
            }
            // Messages come from the old connection until the new one takes over.
            (
                _,
                frame @ (ServerFrame::Ack { .. } | ServerFrame::Error { request_id: Some(_), .. }),
            ) => Some(frame),
            (_, _) => None,
        }
    }

    /// The answer to one of the subscribes on the new connection.
    pub(super) fn on_joined(&mut self, attempt: Attempt, failed: bool) {
        if failed {
            self.subscriptions.retry(attempt, self.now);
        } else {
            self.subscriptions.replayed(attempt);
        }
        if let Phase::Joining { waiting, replays, .. } = &mut self.renewal.phase {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 && replays.is_none() {
                self.take_over();
            }
        }
    }

    /// What is subscribed to while the subscriptions are brought over is brought over too.
    pub(super) fn subscribe_beside(&mut self, attempt: Attempt) {
        if let Phase::Joining { socket, waiting, .. } = &mut self.renewal.phase {
            *waiting += 1;
            let socket = *socket;
            self.send_attempt(socket, attempt, Purpose::Join(attempt));
        }
    }

    /// What the user does not want any more while the subscriptions are brought over is not brought over either.
    pub(super) fn send_beside(&mut self, frame: Outgoing) {
        if let Phase::Joining { socket, .. } = self.renewal.phase {
            self.queue.push_back(Output::Send { socket, frame, call: None });
        }
    }

    /// Ends the old connection once it owes nothing any more.
    pub(super) fn leave_if_done(&mut self) {
        if let Phase::Leaving { ponged: true, last_call, .. } = self.renewal.phase
            && self.requests.none_up_to(last_call)
        {
            self.leave();
        }
    }

    fn all_asked(&mut self) {
        if let Phase::Joining { replays, waiting, .. } = &mut self.renewal.phase {
            *replays = None;
            if *waiting == 0 {
                self.take_over();
            }
        }
    }

    fn take_over(&mut self) {
        let Link::Ready { socket: current, since, liveness, going_away_ms, .. } = &mut self.link
        else {
            return;
        };
        let Phase::Joining { socket, connected, .. } = std::mem::take(&mut self.renewal.phase)
        else {
            return;
        };
        let old = std::mem::replace(current, socket);
        *since = self.now;
        *liveness = self.options.inactivity_timeout_ms.map(|ms| Liveness::new(ms, self.now));
        *going_away_ms = None;
        self.max_message_size = connected.max_message_size;
        self.token_failures = 0;
        self.subscriptions.forget_failures();
        while let Some(attempt) = self.requests.take_join() {
            self.subscriptions.retry(attempt, self.now);
        }
        self.plan_renewal(&connected);
        let leaving = Phase::Leaving {
            old,
            last_call: CallId(self.ids.last()),
            ponged: false,
            next: self.renewal.deadline,
        };
        self.renewal.enter(leaving, self.now.after(LEAVE_MS));
        self.log(Level::Info, "a connection with a fresh token took over");
        self.queue.push_back(Output::Send { socket: old, frame: Outgoing::Ping, call: None });
        self.emit(Event::Connected(*connected));
        for presence in std::mem::take(&mut self.held) {
            self.emit(Event::Application(presence));
        }
    }

    fn leave(&mut self) {
        let Phase::Leaving { old, last_call, next, .. } = std::mem::take(&mut self.renewal.phase)
        else {
            return;
        };
        self.close_superseded(old);
        // The time to renew again may have been slept over.
        self.renewal.enter(Phase::Due, next.max(self.now.after(SHORTEST_WAIT_MS as u64)));
        self.fail_requests_up_to(last_call, 1000);
    }

    fn close_superseded(&mut self, socket: SocketId) {
        self.close_socket(socket, 1000, "superseded", false);
    }

    /// Tries again before the token expires, if there is time.
    fn renewal_failed(&mut self, reason: &'static str) {
        self.log_with(Level::Warn, "renewing the token failed", vec![("reason", reason.into())]);
        let expires = self.renewal.expires;
        self.drop_renewal();
        let wait = (expires.since(self.now) / 4).clamp(SHORTEST_WAIT_MS as u64, LONGEST_WAIT_MS);
        let wait = wait.max(self.backoff.paused_until().since(self.now));
        if self.now.after(wait) < expires {
            self.renewal = Renewal::due(self.now.after(wait), expires);
        }
    }
}

/// A renewal never begins sooner than this, in milliseconds, after a welcome or a failure.
const SHORTEST_WAIT_MS: f64 = 1_000.0;

/// Nor later than this after a failure.
const LONGEST_WAIT_MS: u64 = 30_000;

/// How long the old connection may take to bring what was on its way, in milliseconds.
const LEAVE_MS: u64 = 5_000;

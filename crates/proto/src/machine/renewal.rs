//! Replacing a connection by a new one before its token expires (option `renew_before_expiry`).
//!
//! ```text
//! Off ─► Due ─► Fetching ─► Dialling ─► Joining ─► (takes over) ─► Leaving ─► Due
//!         ▲         └──────────┴───────────┘ failed: try again later
//! ```
//!
//! The new connection subscribes to everything before it takes over. Until then messages come from the old one alone. After
//! that they come from both until the old one has answered a ping, so that no message on its way is lost; a message may come
//! twice. The server's clock decides when a token expires, not the local one.

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
    /// There is no welcomed connection, or it is not renewed.
    #[default]
    Off,
    /// Waits for the time to begin.
    Due,
    /// The token provider is called.
    Fetching { request: TokenRequestId, asked: bool },
    /// The new socket is opening, or is open and waits for the welcome.
    Dialling { socket: SocketId, address: Option<Secret> },
    /// Welcomed. The subscriptions are brought over.
    Joining {
        socket: SocketId,
        connected: Box<Connected>,
        /// The subscriptions that are still to be sent.
        replays: Option<Replays>,
        /// How many answers are still missing.
        waiting: u32,
    },
    /// The new connection has taken over. Frames on their way may still arrive on the old one.
    Leaving {
        old: SocketId,
        /// Requests up to this one were sent on the old connection.
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

    /// The socket beside the current one, once the driver knows of it.
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

    /// Whether this is the socket of the old connection.
    pub(super) fn is_leaving(&self, socket: SocketId) -> bool {
        matches!(self.phase, Phase::Leaving { old, .. } if old == socket)
    }

    /// Whether there is an output for the driver.
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
    /// Plans the renewal of the current connection after its welcome.
    pub(super) fn plan_renewal(&mut self, connected: &Connected) {
        self.renewal = self.next_renewal(connected).unwrap_or(Renewal::off());
    }

    fn next_renewal(&self, connected: &Connected) -> Option<Renewal> {
        let before = self.options.renew_before_expiry_ms? as f64;
        // Without a provider there is no other token, and without tracked channels nothing can be brought over.
        if matches!(self.options.credential, CredentialSource::Key(_))
            || !self.options.auto_resubscribe
        {
            return None;
        }
        // Both times are those of the server's clock.
        let lifetime = (connected.expires_at? - connected.server_time) * 1000.0;
        let wait = (lifetime - before).max(lifetime / 2.0).max(SHORTEST_WAIT_MS);
        Some(Renewal::due(self.now.after(wait as u64), self.now.after(lifetime.max(0.0) as u64)))
    }

    /// Gives a renewal up, with its socket and its requests. The current connection stays.
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

    /// Queues the next output of the renewal. `false`: there is none.
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
            // Subscribes without an answer are tried again after the takeover.
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
                // The provider has answered, so there is no call to forget.
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

    /// A frame on the socket beside the current one. Returns the frame if it counts as one of the current socket.
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
            // Users see presence after the takeover, as they do after any welcome.
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

    /// Subscribes on the new connection as well, if the user subscribes while it is about to take over.
    pub(super) fn subscribe_beside(&mut self, attempt: Attempt) {
        if let Phase::Joining { socket, waiting, .. } = &mut self.renewal.phase {
            *waiting += 1;
            let socket = *socket;
            self.send_attempt(socket, attempt, Purpose::Join(attempt));
        }
    }

    /// Sends a frame on the new connection as well, if it is about to take over.
    pub(super) fn send_beside(&mut self, frame: Outgoing) {
        if let Phase::Joining { socket, .. } = self.renewal.phase {
            self.queue.push_back(Output::Send { socket, frame, call: None });
        }
    }

    /// Ends the old connection once it has answered everything.
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
        // If the process was asleep, the time for the next renewal may have passed.
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

/// The shortest wait for a renewal after a welcome or a failure, in milliseconds.
const SHORTEST_WAIT_MS: f64 = 1_000.0;

/// The longest wait after a failure, in milliseconds.
const LONGEST_WAIT_MS: u64 = 30_000;

/// How long frames may still arrive on the old connection, in milliseconds.
const LEAVE_MS: u64 = 5_000;

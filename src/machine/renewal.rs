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

use super::error::{Close, ProviderFailure};
use super::io::{
    CallId, Connected, Event, Level, LogValue, Outgoing, Output, SocketId, TokenRequestId,
};
use super::liveness::Liveness;
use super::options::CredentialSource;
use super::requests::Purpose;
use super::session::WELCOME_TIMEOUT_MS;
use super::subscriptions::{Attempt, Replay, Replays};
use super::time::Instant;
use super::{ACK_TIMEOUT_MS, Link, Machine};
use crate::wire::{CredentialKind, OutgoingFrame, Secret, ServerFrame};

#[derive(Debug, Default)]
pub(super) enum Renewal {
    /// Nothing expires, or the option is off.
    #[default]
    Off,
    /// Until it begins.
    Due { at: Instant, expires: Instant },
    /// The token provider is asked.
    Fetching { request: TokenRequestId, asked: bool, deadline: Instant, expires: Instant },
    /// The new socket is opening, or open and not welcomed.
    Dialling { socket: SocketId, address: Option<Secret>, deadline: Instant, expires: Instant },
    /// Welcomed; the subscriptions are brought over.
    Joining {
        socket: SocketId,
        connected: Box<Connected>,
        /// What is still to be asked for.
        replays: Option<Replays>,
        /// How many answers are awaited.
        waiting: u32,
        deadline: Instant,
        expires: Instant,
    },
    /// The new one has taken over; the old one may still bring what was on its way.
    Leaving {
        old: SocketId,
        /// Requests up to this one were sent on it.
        last_call: CallId,
        ponged: bool,
        deadline: Instant,
        /// When the next renewal begins, and its token expires.
        next: Option<(Instant, Instant)>,
    },
}

impl Renewal {
    /// The socket beside the current one, once the driver was told of it.
    pub(super) fn socket(&self) -> Option<SocketId> {
        match self {
            Renewal::Dialling { socket, address: None, .. } | Renewal::Joining { socket, .. } => {
                Some(*socket)
            }
            Renewal::Leaving { old, .. } => Some(*old),
            Renewal::Off
            | Renewal::Due { .. }
            | Renewal::Fetching { .. }
            | Renewal::Dialling { .. } => None,
        }
    }

    pub(super) fn token_request(&self) -> Option<TokenRequestId> {
        match self {
            Renewal::Fetching { request, asked: true, .. } => Some(*request),
            Renewal::Off
            | Renewal::Due { .. }
            | Renewal::Fetching { .. }
            | Renewal::Dialling { .. }
            | Renewal::Joining { .. }
            | Renewal::Leaving { .. } => None,
        }
    }

    /// Whether there is something to tell the driver.
    pub(super) fn has_step(&self) -> bool {
        matches!(
            self,
            Renewal::Fetching { asked: false, .. }
                | Renewal::Dialling { address: Some(_), .. }
                | Renewal::Joining { replays: Some(_), .. }
        )
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Renewal::Off => None,
            Renewal::Due { at, .. } => Some(*at),
            Renewal::Fetching { deadline, .. }
            | Renewal::Dialling { deadline, .. }
            | Renewal::Joining { deadline, .. }
            | Renewal::Leaving { deadline, .. } => Some(*deadline),
        }
    }

    fn expires(&self) -> Option<Instant> {
        match self {
            Renewal::Off | Renewal::Leaving { .. } => None,
            Renewal::Due { expires, .. }
            | Renewal::Fetching { expires, .. }
            | Renewal::Dialling { expires, .. }
            | Renewal::Joining { expires, .. } => Some(*expires),
        }
    }
}

impl<P> Machine<P> {
    /// A welcome of the current connection: plans the renewal of its token.
    pub(super) fn plan_renewal(&mut self, connected: &Connected) {
        self.renewal = match self.renewal_plan(connected) {
            Some((at, expires)) => Renewal::Due { at, expires },
            None => Renewal::Off,
        };
    }

    fn renewal_plan(&self, connected: &Connected) -> Option<(Instant, Instant)> {
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
        Some((self.now.after(wait as u64), self.now.after(lifetime.max(0.0) as u64)))
    }

    /// Gives up on a renewal, with everything that belongs to it. The current connection is not touched.
    pub(super) fn drop_renewal(&mut self) {
        if let Some(request) = self.renewal.token_request() {
            self.queue.push(Output::ForgetToken { request });
        }
        if let Some(socket) = self.renewal.socket() {
            self.close_socket(socket, &Close::new(1000, "superseded"), false);
        }
        self.requests.take_joins();
        self.renewal = Renewal::Off;
        self.held = Vec::new();
    }

    /// Tells the driver what the renewal needs next. `false`: nothing.
    pub(super) fn take_renewal_step(&mut self) -> bool {
        match &mut self.renewal {
            Renewal::Fetching { request, asked, .. } if !*asked => {
                *asked = true;
                self.queue.push(Output::FetchToken { request: *request });
            }
            Renewal::Dialling { socket, address, .. } => {
                let Some(address) = address.take() else { return false };
                self.queue.push(Output::OpenSocket { socket: *socket, address });
            }
            Renewal::Joining { replays: Some(replays), .. } => {
                match self.subscriptions.next_replay(replays) {
                    Some(replay) => self.send_join(replay),
                    None => self.all_asked(),
                }
            }
            Renewal::Off
            | Renewal::Due { .. }
            | Renewal::Fetching { .. }
            | Renewal::Joining { .. }
            | Renewal::Leaving { .. } => return false,
        }
        true
    }

    pub(super) fn check_renewal(&mut self) {
        let now = self.now;
        if self.renewal.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match &self.renewal {
            Renewal::Off => {}
            Renewal::Due { expires, .. } => {
                self.renewal = Renewal::Fetching {
                    request: TokenRequestId(self.ids.next()),
                    asked: false,
                    deadline: now.after(self.options.token_provider_timeout_ms),
                    expires: *expires,
                };
            }
            Renewal::Fetching { .. } | Renewal::Dialling { .. } => self.renewal_failed("timeout"),
            // What is not answered by now is tried again once it has taken over.
            Renewal::Joining { .. } => self.take_over(),
            Renewal::Leaving { .. } => self.leave(),
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
        let expires = self.renewal.expires().unwrap_or(self.now);
        match result {
            Ok(token) if !token.expose().is_empty() => {
                self.renewal = Renewal::Dialling {
                    socket: SocketId(self.ids.next()),
                    address: Some(self.options.endpoint.address(CredentialKind::Token, token)),
                    deadline: self.now.after(WELCOME_TIMEOUT_MS),
                    expires,
                };
            }
            Ok(_) | Err(_) => {
                // It has answered, so there is nothing to forget.
                self.renewal = Renewal::Due { at: self.now, expires };
                self.renewal_failed("token provider");
            }
        }
        true
    }

    /// The socket beside the current one closed.
    pub(super) fn on_renewal_closed(&mut self) {
        match &self.renewal {
            Renewal::Leaving { .. } => self.leave(),
            Renewal::Dialling { .. } | Renewal::Joining { .. } => self.renewal_failed("closed"),
            Renewal::Off | Renewal::Due { .. } | Renewal::Fetching { .. } => {}
        }
    }

    /// A frame on the socket beside the current one. Gives back what counts as if it came on the current one.
    pub(super) fn on_renewal_frame(&mut self, frame: ServerFrame<P>) -> Option<ServerFrame<P>> {
        match (&mut self.renewal, frame) {
            (Renewal::Dialling { socket, expires, .. }, ServerFrame::Welcome(welcome)) => {
                self.renewal = Renewal::Joining {
                    socket: *socket,
                    connected: Box::new(Connected::new(welcome, true)),
                    replays: Some(self.subscriptions.replays()),
                    waiting: 0,
                    deadline: self.now.after(ACK_TIMEOUT_MS),
                    expires: *expires,
                };
                None
            }
            (Renewal::Leaving { ponged, .. }, ServerFrame::Pong) => {
                *ponged = true;
                self.leave_if_done();
                None
            }
            (Renewal::Leaving { .. }, ServerFrame::GoingAway { .. }) => None,
            (Renewal::Leaving { .. }, frame) => Some(frame),
            // Who is there is told once the new one has taken over, as after any welcome.
            (Renewal::Joining { .. }, ServerFrame::Presence { channel, joined, left }) => {
                self.held.push(Event::Presence { channel, joined, left });
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
        if let Renewal::Joining { waiting, replays, .. } = &mut self.renewal {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 && replays.is_none() {
                self.take_over();
            }
        }
    }

    /// What is subscribed to while the subscriptions are brought over is brought over too.
    pub(super) fn subscribe_beside(&mut self, attempt: Attempt) {
        if let Some(replay) = self.subscriptions.replay_of(attempt) {
            self.send_join(replay);
        }
    }

    fn send_join(&mut self, replay: Replay) {
        let Renewal::Joining { socket, waiting, .. } = &mut self.renewal else { return };
        *waiting += 1;
        let socket = *socket;
        let call = CallId(self.ids.next());
        self.requests.add(call, Purpose::Join(replay.attempt), ACK_TIMEOUT_MS, self.now);
        let frame = Outgoing::Text(replay.frame(call).to_text());
        self.queue.push(Output::Send { socket, frame, call: Some(call) });
    }

    /// What the user does not want any more while the subscriptions are brought over is not brought over either.
    pub(super) fn send_beside(&mut self, frame: OutgoingFrame<'_>) {
        if let Renewal::Joining { socket, .. } = self.renewal {
            let frame = Outgoing::Text(frame.to_text());
            self.queue.push(Output::Send { socket, frame, call: None });
        }
    }

    /// Ends the old connection once it owes nothing any more.
    pub(super) fn leave_if_done(&mut self) {
        if let Renewal::Leaving { ponged: true, last_call, .. } = &self.renewal
            && self.requests.none_up_to(*last_call)
        {
            self.leave();
        }
    }

    fn all_asked(&mut self) {
        if let Renewal::Joining { replays, waiting, .. } = &mut self.renewal {
            *replays = None;
            if *waiting == 0 {
                self.take_over();
            }
        }
    }

    fn take_over(&mut self) {
        let unanswered = self.requests.take_joins();
        let Link::Ready { socket: current, since, liveness, going_away_ms, .. } = &mut self.link
        else {
            return;
        };
        let Renewal::Joining { socket, connected, .. } = std::mem::take(&mut self.renewal) else {
            return;
        };
        let old = std::mem::replace(current, socket);
        *since = self.now;
        *liveness = self.options.inactivity_timeout_ms.map(|ms| Liveness::new(ms, self.now));
        *going_away_ms = None;
        self.max_message_size = connected.max_message_size;
        self.token_failures = 0;
        self.subscriptions.forget_failures();
        for attempt in unanswered {
            self.subscriptions.retry(attempt, self.now);
        }
        self.renewal = Renewal::Leaving {
            old,
            last_call: CallId(self.ids.last()),
            ponged: false,
            deadline: self.now.after(LEAVE_MS),
            next: self.renewal_plan(&connected),
        };
        self.log(Level::Info, "a connection with a fresh token took over");
        let frame = Outgoing::Text(OutgoingFrame::Ping.to_text());
        self.queue.push(Output::Send { socket: old, frame, call: None });
        self.emit(Event::Connected(*connected));
        for presence in std::mem::take(&mut self.held) {
            self.emit(presence);
        }
    }

    fn leave(&mut self) {
        let Renewal::Leaving { old, last_call, next, .. } = std::mem::take(&mut self.renewal)
        else {
            return;
        };
        self.close_socket(old, &Close::new(1000, "superseded"), false);
        if let Some((at, expires)) = next {
            // The time to renew again may have been slept over.
            let soon = self.now.after(SHORTEST_WAIT_MS as u64);
            self.renewal = Renewal::Due { at: at.max(soon), expires };
        }
        for (call, request) in self.requests.take_up_to(last_call) {
            self.fail_request(call, &request, 1000);
        }
    }

    /// Tries again before the token expires, if there is time.
    fn renewal_failed(&mut self, reason: &'static str) {
        self.log_with(
            Level::Warn,
            "renewing the token failed",
            "reason",
            LogValue::Text(reason.into()),
        );
        let expires = self.renewal.expires();
        self.drop_renewal();
        if let Some(expires) = expires {
            let wait =
                (expires.since(self.now) / 4).clamp(SHORTEST_WAIT_MS as u64, LONGEST_WAIT_MS);
            if self.now.after(wait) < expires {
                self.renewal = Renewal::Due { at: self.now.after(wait), expires };
            }
        }
    }
}

/// A renewal never begins sooner than this, in milliseconds, after a welcome or a failure.
const SHORTEST_WAIT_MS: f64 = 1_000.0;

/// Nor later than this after a failure.
const LONGEST_WAIT_MS: u64 = 30_000;

/// How long the old connection may take to bring what was on its way, in milliseconds.
const LEAVE_MS: u64 = 5_000;

//! Sockets, dials, backoff, the dial budget, liveness.

use metered_realtime_proto::machine::{Instant, SocketId};
use metered_realtime_proto::wire::Welcome;

use super::{Broken, Checker, rule};

/// The socket that is in use.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) socket: SocketId,
    pub(super) dialled: Instant,
    /// When the peer last showed that it lives. `None` until the socket is open.
    pub(super) last_alive: Option<Instant>,
    /// When the welcome came.
    pub(super) welcomed: Option<Instant>,
    /// A ping was sent since then.
    asked: bool,
    clock: Instant,
}

/// The end of a link, or of an attempt to have one.
#[derive(Debug)]
pub(super) struct Loss {
    pub(super) at: Instant,
    pub(super) code: u16,
    /// The session was welcomed and lived under ten seconds.
    pub(super) short: bool,
    /// The server disconnects all its clients at once.
    pub(super) fleet: bool,
    /// The delay that the server asked for, if that is honoured.
    pub(super) hint: Option<f64>,
    /// A wake ended the wait.
    pub(super) woken: bool,
}

impl Link {
    pub(super) fn opened(&mut self) {
        self.last_alive.get_or_insert(self.clock);
    }
}

impl Checker {
    /// The socket in use, if it is this one.
    pub(super) fn current(&mut self, socket: SocketId) -> Option<&mut Link> {
        let clock = self.clock;
        let link = self.link.as_mut().filter(|link| link.socket == socket)?;
        link.clock = clock;
        Some(link)
    }

    /// The socket in use.
    pub(crate) fn current_socket(&self) -> Option<SocketId> {
        self.link.as_ref().map(|link| link.socket)
    }

    /// A text arrived.
    pub(crate) fn note_alive(&mut self, socket: SocketId) {
        let clock = self.clock;
        if let Some(link) = self.current(socket) {
            link.last_alive = Some(clock);
            link.asked = false;
            self.probe = None;
        }
    }

    pub(super) fn welcomed(&mut self, welcome: &Welcome) {
        let clock = self.clock;
        let Some(link) = self.link.as_mut().filter(|link| link.welcomed.is_none()) else { return };
        link.welcomed = Some(clock);
        self.welcomes += 1;
        self.unannounced = self.undecided.take();
        self.hint = None;
        self.paused = Instant::START;
        self.plan_renewal(welcome);
        self.attempts = 0;
        self.counts = false;
        self.cap = welcome.max_message_size;
        self.last_welcome = Some(welcome.clone());
    }

    pub(super) fn lost(&mut self, socket: SocketId, code: u16) {
        let clock = self.clock;
        if self.current(socket).is_none() {
            return;
        }
        let Some(link) = self.link.take() else { return };
        self.undecided = None;
        self.unannounced = None;
        let short = link.welcomed.is_some_and(|since| clock.since(since) < 10_000);
        let hint = self.hint.filter(|_| link.welcomed.is_some());
        let fleet = matches!(code, 1001 | 1012 | 1013) || hint.is_some();
        // A link that breaks right after a wake broke while the process was asleep. Then the next dial is made at once.
        let woken = self.probe.is_some_and(|(_, last)| clock.since(last) < 5_000);
        self.loss = Some(Loss { at: clock, code, short, fleet, hint, woken });
        self.probe = None;
        self.drop_renewal();
    }

    /// The token provider failed.
    fn attempt_failed(&mut self) {
        self.undecided = None;
        self.token_failures += 1;
        self.untold_failures += u32::from(self.token_failures >= 3);
        let loss = Loss {
            at: self.clock,
            code: 1006,
            short: false,
            fleet: false,
            hint: None,
            woken: false,
        };
        self.loss = Some(loss);
    }

    pub(super) fn token_arrived(&mut self, request: u32, usable: bool) {
        // A call that was given up a moment ago may still have to be forgotten.
        let wanted = self.fetching.is_some_and(|(asked, _)| asked == request);
        if wanted || self.fetching_next == Some(request) {
            self.asked.retain(|asked| *asked != request);
        }
        if self.fetching_next == Some(request) {
            self.fetching_next = None;
            self.token_next = usable.then_some(request);
            if !usable {
                self.renewal_failed();
            }
            return;
        }
        if self.fetching.is_none_or(|(asked, _)| asked != request) {
            return;
        }
        self.fetching = None;
        if usable {
            self.token_failures = 0;
            self.token = Some(request);
        } else {
            self.attempt_failed();
        }
    }

    /// The call of the token provider that is not answered.
    pub(crate) fn token_request(&self) -> Option<u32> {
        self.fetching.map(|(request, _)| request)
    }

    pub(super) fn woken(&mut self) {
        if let Some(loss) = &mut self.loss {
            loss.woken = true;
        }
        if self.link.as_ref().is_some_and(|link| link.welcomed.is_some()) {
            self.probes();
        }
    }

    pub(super) fn fetches(&mut self, request: u32) -> Result<(), Broken> {
        rule(
            "the token provider is called only if there is one",
            self.facts.provider,
            String::new,
        )?;
        rule("one token is fetched at a time", self.fetching.is_none(), || {
            format!("{:?}", self.fetching)
        })?;
        self.asked.push(request);
        if self.link.is_some() {
            return self.renewal_begins(request);
        }
        self.attempt()?;
        self.fetching = Some((request, self.clock));
        Ok(())
    }

    pub(super) fn forgets_token(&mut self, request: u32) -> Result<(), Broken> {
        let asked = self.asked.iter().position(|asked| *asked == request);
        rule("only unanswered calls of the token provider are forgotten", asked.is_some(), || {
            format!("{request}")
        })?;
        asked.map(|at| self.asked.swap_remove(at));
        if self.fetching_next == Some(request) {
            self.fetching_next = None;
            self.renewal_failed();
            return Ok(());
        }
        if let Some((asked, since)) = self.fetching.take() {
            rule("the call that is running is forgotten", asked == request, || {
                format!("{request}")
            })?;
            let waited = self.clock.since(since) + BATCH_MS;
            rule("the token provider gets its time", waited >= self.facts.token_timeout, || {
                format!("{request}")
            })?;
            self.attempt_failed();
        }
        Ok(())
    }

    pub(super) fn opens(&mut self, socket: SocketId, address: &str) -> Result<(), Broken> {
        let beside = self.link.is_some();
        let expected = if self.facts.provider {
            let token = if beside { self.token_next.take() } else { self.token.take() };
            rule("a dial has a token of its own", token.is_some(), || format!("{socket:?}"))?;
            format!("wss://rms.metered.ca/v1?token=token-{}", token.unwrap_or_default())
        } else {
            rule("there is at most one socket", !beside, || format!("{:?}", self.link))?;
            self.attempt()?;
            "wss://rms.metered.ca/v1?key=pk_live_sim".to_owned()
        };
        rule("the address has the right credential", address == expected, || address.to_owned())?;
        rule("nothing is dialled after close()", !self.shut, || format!("{socket:?}"))?;
        if beside {
            let alone = self.next.is_none() && self.old.is_none();
            rule("one connection at a time takes over", alone, || format!("{:?}", self.next))?;
        } else {
            self.check_budget()?;
        }
        self.sockets.push((socket.0, false));
        self.opened.push(socket.0);
        let link = Link {
            socket,
            dialled: self.clock,
            last_alive: None,
            welcomed: None,
            asked: false,
            clock: self.clock,
        };
        if beside {
            self.next = Some(link);
        } else {
            self.link = Some(link);
        }
        Ok(())
    }

    pub(super) fn closes_socket(
        &mut self,
        socket: SocketId,
        code: u16,
        reason: &str,
        report: bool,
    ) -> Result<(), Broken> {
        let sendable = matches!(code, 1000 | 3000..=4999) && reason.len() <= 123;
        rule("a close frame has a code and a reason that may be sent", sendable, || {
            format!("{code} {reason}")
        })?;
        let known = self.sockets.iter_mut().find(|(other, _)| *other == socket.0);
        let Some((_, closing)) = known else {
            // It may have been refused meanwhile, but it was there once.
            let opened = self.opened.contains(&socket.0);
            return rule("only sockets that were opened are closed", opened, || {
                format!("{socket:?}")
            });
        };
        rule("a socket is closed once", !(*closing && report), || format!("{socket:?}"))?;
        *closing = true;
        if !report {
            self.sockets.retain(|(other, _)| *other != socket.0);
        }
        if !report && self.current(socket).is_some() {
            self.check_abandoned(reason)?;
            self.lost(socket, code);
        }
        if !report {
            self.lost_beside(socket);
        }
        Ok(())
    }

    /// A peer does not count as dead too early.
    fn check_abandoned(&self, reason: &str) -> Result<(), Broken> {
        let Some(link) = &self.link else { return Ok(()) };
        let about = || format!("{reason}: {link:?}, probe {:?}", self.probe);
        match reason {
            "welcome timeout" => {
                let waited = self.clock.since(link.dialled);
                rule("a dial gets its ten seconds", waited + BATCH_MS >= 10_000, about)
            }
            "inactivity timeout" => {
                let timeout = self.facts.inactivity.unwrap_or(u64::MAX);
                let silent = self.clock.since(link.last_alive.unwrap_or(link.dialled));
                let probe = (timeout / 3).clamp(1, 5_000);
                let asked = self.probe.map(|(first, _)| first);
                let unanswered = asked.is_some_and(|first| self.clock.since(first) >= probe);
                rule(
                    "the peer is silent for the whole timeout",
                    silent + BATCH_MS >= timeout || unanswered,
                    about,
                )?;
                let asked = link.welcomed.is_none() || link.asked || timeout < 2_000;
                rule("a ping comes before the end", asked, about)
            }
            _ => Ok(()),
        }
    }

    /// A frame goes to a socket.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn sends(
        &mut self,
        socket: SocketId,
        call: Option<metered_realtime_proto::machine::CallId>,
    ) -> Result<(), Broken> {
        rule("nothing is sent after close()", !self.shut, || format!("{call:?}"))?;
        let links = [&mut self.link, &mut self.next, &mut self.old];
        let link = links.into_iter().flatten().find(|link| link.socket == socket);
        let Some(link) = link else {
            return rule("frames go to the socket in use", false, || format!("{socket:?}"));
        };
        rule("nothing is sent before the welcome", link.welcomed.is_some(), || {
            format!("{call:?}")
        })?;
        match call {
            Some(call) => self.gives(call),
            None => {
                link.asked = true;
                Ok(())
            }
        }
    }

    pub(super) fn check_sockets(&self, held: usize) -> Result<(), Broken> {
        let open = self.sockets.iter().filter(|(_, closing)| !closing).count();
        let about = || format!("{:?}, {held} held", self.sockets);
        let beside = usize::from(self.next.is_some() || self.old.is_some());
        let few = open <= 1 + beside && held <= 2 + beside;
        rule("there is at most one socket, and another that is closing", few, about)?;
        if self.shut {
            rule("close() closes the socket", open == 0, about)?;
        }
        Ok(())
    }
}

/// Outputs may be carried out this many milliseconds late.
pub(super) const BATCH_MS: u64 = 8;

//! Every call is answered once, in time, and truthfully.

use metered_realtime::machine::{CallError, CallId, Instant, Machine, Outcome, Outgoing, State};

use super::{Broken, Watch, rule};
use crate::dice::Dice;

/// What a call asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `connect()`
    Connect,
    /// `close()`
    Close,
    /// `subscribe()`
    Subscribe {
        /// Which channel.
        channel: usize,
        /// Whether with metadata.
        metadata: bool,
    },
    /// `unsubscribe()`
    Unsubscribe {
        /// Which channel.
        channel: usize,
    },
    /// `publish()` or `send()`
    Plain {
        /// Bytes of the payload.
        size: usize,
    },
    /// A subscribe of the machine's own.
    Replay,
}

/// One call.
#[derive(Debug)]
struct Call {
    id: CallId,
    what: What,
    at: Instant,
    timeout: u64,
    /// The machine gave the frame away.
    given: bool,
    /// The socket took it.
    written: bool,
    /// It turned out that the frame was not written.
    send_failed: bool,
    acked: bool,
    refused: Vec<String>,
    aborted: bool,
    /// The user's part is over.
    settled: Option<Option<Outcome>>,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    /// In the order of their ids.
    calls: Vec<Call>,
    /// Those that are not answered.
    pending: Vec<CallId>,
}

impl Calls {
    fn find(&self, id: CallId) -> Option<usize> {
        self.calls.binary_search_by_key(&id, |call| call.id).ok()
    }

    fn get(&mut self, id: CallId) -> Option<&mut Call> {
        let at = self.find(id)?;
        self.calls.get_mut(at)
    }

    /// The id as the machine writes it, and nothing that looks like it.
    fn named(&mut self, id: &str) -> Option<&mut Call> {
        let call = CallId(id.parse().ok()?);
        if call.0.to_string() != id {
            return None;
        }
        self.get(call)
    }

    fn add(&mut self, id: CallId, what: What, at: Instant, timeout: u64) -> Result<(), Broken> {
        let Err(place) = self.calls.binary_search_by_key(&id, |call| call.id) else {
            return rule("each call has an id of its own", false, || format!("{id:?}"));
        };
        if what != What::Replay {
            self.pending.push(id);
        }
        // A replay is known once it is sent, and others may have been called meanwhile.
        let call = Call {
            id,
            what,
            at,
            timeout,
            given: false,
            written: false,
            send_failed: false,
            acked: false,
            refused: Vec::new(),
            aborted: false,
            settled: None,
        };
        self.calls.insert(place, call);
        Ok(())
    }

    pub(super) fn send_failed(&mut self, id: CallId) {
        if let Some(call) = self.get(id) {
            call.send_failed = true;
        }
    }

    pub(super) fn heard_ack(&mut self, id: &str) {
        if let Some(call) = self.named(id) {
            call.acked = true;
        }
    }

    pub(super) fn heard_error(&mut self, id: &str, code: &str) {
        if let Some(call) = self.named(id).filter(|call| call.settled.is_none()) {
            call.refused.push(code.to_owned());
        }
    }

    pub(super) fn all_settled(&self) -> Result<(), Broken> {
        rule("every call is answered", self.pending.is_empty(), || {
            format!("{:?} are not", self.pending)
        })
    }

    fn waiting(&self) -> impl Iterator<Item = &Call> {
        self.pending.iter().filter_map(|id| self.find(*id)).map(|at| &self.calls[at])
    }

    /// When the first request times out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting()
            .filter(|call| !matches!(call.what, What::Connect))
            .map(|call| call.at.after(call.timeout))
            .min()
    }

    /// Whether the user asked for something just now and does not want to wait at all.
    pub(super) fn is_out_of_patience(&self, now: Instant) -> bool {
        self.waiting().filter(|call| call.at == now).any(|call| call.timeout == 0)
    }

    fn requests_pending(&self) -> usize {
        let requests = |call: &&Call| !matches!(call.what, What::Connect | What::Close);
        self.waiting().filter(requests).count()
    }
}

impl Watch {
    /// The user called `connect()`.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn connects(
        &mut self,
        before: State,
        result: &Result<CallId, CallError>,
    ) -> Result<(), Broken> {
        match result {
            Ok(call) => {
                let legal = matches!(before, State::Idle | State::Closed);
                rule("connect() is legal when idle or closed", legal, || format!("{before:?}"))?;
                self.calls.add(*call, What::Connect, self.clock, 0)?;
                self.last_connect = Some(*call);
                self.undecided = Some(*call);
                self.first_dial = true;
                self.shut = false;
                self.silent = false;
                self.attempts = 0;
                self.counts = false;
                self.loss = None;
                Ok(())
            }
            Err(error) => {
                let right = *error == CallError::WrongState { state: before }
                    && !matches!(before, State::Idle | State::Closed);
                rule("connect() is refused in other states only", right, || format!("{error:?}"))
            }
        }
    }

    /// The user called `close()`; this is the state then.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn closes(&mut self, call: CallId, state: State) -> Result<(), Broken> {
        rule("close() closes at once", state == State::Closed, || format!("{state:?}"))?;
        self.calls.add(call, What::Close, self.clock, 1_000)?;
        self.listeners_gone = false;
        self.shut = true;
        self.first_dial = false;
        self.link = None;
        self.drop_renewal();
        self.fetching = None;
        self.token = None;
        self.loss = None;
        self.subscriptions.forget_all();
        Ok(())
    }

    /// The user asked for something; this is the state then.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn requests(
        &mut self,
        what: What,
        timeout: u64,
        result: &Result<CallId, CallError>,
        state: State,
    ) -> Result<(), Broken> {
        let connected = state == State::Connected;
        let too_large = matches!(what, What::Plain { size } if size as f64 > self.cap);
        // A connection that is about to take over may have done so already.
        let unsure = self.next.as_ref().is_some_and(|next| next.welcomed.is_some());
        match result {
            Ok(call) => {
                rule("requests need a connection", connected, || format!("{state:?}"))?;
                rule("large payloads are refused", !too_large || unsure, || format!("{what:?}"))?;
                self.calls.add(*call, what, self.clock, timeout)?;
            }
            Err(CallError::Oversized { cap, .. }) => {
                let right = too_large && *cap == self.cap || unsure;
                rule("only large payloads are refused", right, || format!("{what:?}, {cap}"))?;
            }
            Err(error) => {
                let right = !connected && *error == CallError::NotConnected;
                rule("requests fail without a connection", right, || format!("{error:?}"))?;
            }
        }
        let welcomes = self.welcomes;
        match what {
            What::Subscribe { channel, metadata } => {
                self.subscriptions.subscribes(channel, metadata, result.as_ref().ok(), welcomes);
            }
            What::Unsubscribe { channel } => {
                self.subscriptions.unsubscribes(channel, result.as_ref().ok(), welcomes);
            }
            What::Connect | What::Close | What::Plain { .. } | What::Replay => {}
        }
        Ok(())
    }

    /// The user withdraws a call.
    pub(crate) fn aborts(&mut self, call: CallId) {
        let is_connect = self.calls.get(call).is_some_and(|call| {
            if call.aborted {
                return false;
            }
            call.aborted |= call.settled.is_none() && call.what != What::Close;
            call.what == What::Connect && call.settled.is_none()
        });
        if is_connect && self.undecided == Some(call) {
            self.shut = true;
            self.link = None;
            self.fetching = None;
            self.token = None;
            self.first_dial = false;
        }
    }

    /// The socket took the frame of a call.
    pub(crate) fn written(&mut self, call: Option<CallId>) {
        if let Some(call) = call.and_then(|call| self.calls.get(call)) {
            call.written = true;
        }
    }

    /// The frame of a call reached the server.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn reached(&mut self, id: CallId) -> Result<(), Broken> {
        let call = self.calls.get(id);
        let settled = call.as_ref().and_then(|call| call.settled);
        rule("what reaches the server was written", call.is_some_and(|call| call.written), || {
            format!("{id:?}")
        })?;
        rule("what was not sent does not arrive", settled != Some(Some(Outcome::NotSent)), || {
            format!("{id:?} was answered with notSent")
        })
    }

    pub(super) fn sends_frame(
        &mut self,
        frame: &Outgoing<String>,
        call: Option<CallId>,
    ) -> Result<(), Broken> {
        let (Outgoing::Text(text) | Outgoing::Ready(text)) = frame;
        let Some(call) = call else {
            let ping = text == r#"{"type":"ping"}"#;
            let mirrored = self.next.is_some() && !text.contains("requestId");
            return rule("only pings belong to no call", ping || mirrored, || text.clone());
        };
        let id = format!("\"requestId\":\"{}\"}}", call.0);
        rule("a frame has the id of its call", text.ends_with(&id), || text.clone())
    }

    /// A frame is handed to a socket.
    pub(super) fn gives(&mut self, id: CallId) -> Result<(), Broken> {
        if self.calls.find(id).is_none() {
            let replays = self.facts.auto_resubscribe && self.welcomes > 0;
            rule("frames belong to calls", replays, || format!("{id:?}"))?;
            self.calls.add(id, What::Replay, self.clock, 15_000)?;
        }
        let Some(call) = self.calls.get(id) else { return Ok(()) };
        rule("a frame is sent once", !call.given, || format!("{id:?}"))?;
        rule("nothing is sent for an answered call", call.settled.is_none(), || {
            format!("{id:?} {:?}", call.settled)
        })?;
        call.given = true;
        Ok(())
    }

    pub(super) fn settles(
        &mut self,
        id: CallId,
        result: &Result<(), CallError>,
    ) -> Result<(), Broken> {
        let clock = self.clock;
        let Some(at) = self.calls.find(id) else {
            return rule("only calls are answered", false, || format!("{id:?}"));
        };
        let call = &self.calls.calls[at];
        let about = || format!("{} {:?}: {result:?}", id.0, call.what);
        rule("a call is answered once", call.settled.is_none(), about)?;
        rule("nobody is told of replays", call.what != What::Replay, about)?;
        rule("the answer fits the call", fits(call.what, result), about)?;
        match result {
            Ok(()) => match call.what {
                What::Connect => {
                    rule("connect() needs a welcome", self.connected_events > 0, about)?;
                }
                What::Close => {
                    let done = self.listeners_gone && self.streams_ended;
                    rule("close() drops listeners and ends streams first", done, about)?;
                }
                What::Subscribe { .. }
                | What::Unsubscribe { .. }
                | What::Plain { .. }
                | What::Replay => rule("success needs an ack", call.acked, about)?,
            },
            Err(CallError::Rejected { code, .. }) => {
                rule("a rejection needs an error frame", call.refused.contains(code), about)?;
            }
            Err(CallError::AckTimeout { timeout_ms }) => {
                let due = call.at.after(call.timeout);
                rule("nobody is given up early", clock >= due, about)?;
                rule(
                    "a timeout is the one that was asked for",
                    *timeout_ms == call.timeout,
                    about,
                )?;
            }
            Err(CallError::Aborted { .. }) => {
                rule("an aborted call was withdrawn", call.aborted, about)?;
            }
            Err(CallError::NotConnected) => {
                rule("a frame that was not sent had failed", call.send_failed, about)?;
            }
            Err(CallError::Connect(close)) => {
                let cause = close.cause.as_deref().unwrap_or_default();
                rule("errors hold no credential", !cause.contains("pk_live"), about)?;
            }
            Err(CallError::Token(failure)) => {
                let leaks = failure.message.contains("hidden");
                rule("errors hold no credential", !leaks, about)?;
            }
            Err(
                CallError::Disconnected { .. }
                | CallError::Unavailable
                | CallError::WrongState { .. }
                | CallError::Oversized { .. },
            ) => {}
        }
        let outcome = result.as_ref().err().map(CallError::outcome);
        if !matches!(call.what, What::Connect | What::Close) {
            match outcome {
                Some(Outcome::NotSent) => {
                    rule("notSent means that it was not sent", !call.written, about)?;
                }
                Some(Outcome::Unknown) => {
                    // A timeout before the frame is even carried out counts as unknown too, to be on the safe side.
                    let timeout = matches!(result, Err(CallError::AckTimeout { .. }));
                    rule("unknown means that it was sent", call.given || timeout, about)?;
                }
                Some(Outcome::Rejected) | None => {}
            }
        }
        if call.what == What::Close {
            // A connect() came after it, or another close() waits: there is more to say.
            let last = !self.calls.waiting().any(|call| call.what == What::Close && call.id != id);
            let reopened = self.last_connect.is_some_and(|connect| connect > id);
            self.silent = self.shut && last && !reopened;
        }
        self.subscriptions.settled(id, outcome, matches!(result, Err(CallError::Aborted { .. })));
        self.calls.calls[at].settled = Some(outcome);
        self.calls.pending.retain(|pending| *pending != id);
        Ok(())
    }

    /// The driver answered a call itself.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn acked_directly(&mut self, call: CallId) -> Result<(), Broken> {
        self.calls.heard_ack(&call.0.to_string());
        self.settles(call, &Ok(()))
    }

    pub(super) fn check_calls(&self, machine: &Machine<String>) -> Result<(), Broken> {
        for call in self.calls.waiting() {
            let about = || format!("{} {:?}", call.id.0, call.what);
            rule("an aborted call is answered at once", !call.aborted, about)?;
            if self.shown == State::Closed {
                let waits = call.what == What::Close;
                rule("a closed client answers everybody", waits, about)?;
            }
        }
        let known = self.calls.requests_pending();
        let in_flight = machine.requests_in_flight();
        // Each channel may have a replay of its own, and some whose channel was meanwhile given up.
        let replays = crate::server::CHANNELS.len() * 6;
        let plausible = (known..=known + replays).contains(&in_flight);
        rule("requests are neither lost nor kept", plausible, || {
            format!("{in_flight} in flight, {known} known")
        })?;
        let channels = machine.tracked_channels();
        rule("only known channels are tracked", channels <= crate::server::CHANNELS.len(), || {
            format!("{channels}")
        })
    }

    /// Whether the call waits for an answer.
    #[must_use]
    pub(crate) fn is_pending(&self, call: CallId) -> bool {
        self.calls.pending.contains(&call)
    }

    /// Whether any call waits for an answer.
    #[must_use]
    pub(crate) fn has_pending(&self) -> bool {
        !self.calls.pending.is_empty()
    }

    /// A call, most likely one that waits for an answer.
    pub(crate) fn draw_call(&self, dice: &mut Dice) -> CallId {
        let Calls { calls, pending } = &self.calls;
        if !pending.is_empty() && dice.below(4) != 3 {
            return pending[dice.below(pending.len() as u64) as usize];
        }
        if calls.is_empty() || dice.below(8) == 7 {
            return CallId(1_000_000 + dice.below(1_000) as u32);
        }
        let call = &calls[dice.below(calls.len() as u64) as usize];
        // Nobody outside knows the ids of replays.
        if call.what == What::Replay { CallId(0) } else { call.id }
    }

    /// Calls whose users would wait for longer than anybody does.
    #[must_use]
    pub(crate) fn patient_calls(&self) -> Vec<CallId> {
        let waiting = self.calls.waiting();
        waiting.filter(|call| call.timeout > 60_000).map(|call| call.id).collect()
    }
}

fn fits(what: What, result: &Result<(), CallError>) -> bool {
    match what {
        What::Close => result.is_ok(),
        What::Connect => matches!(
            result,
            Ok(())
                | Err(CallError::Connect(_)
                    | CallError::Unavailable
                    | CallError::Token(_)
                    | CallError::Aborted { .. })
        ),
        What::Subscribe { .. } | What::Unsubscribe { .. } | What::Plain { .. } | What::Replay => {
            matches!(
                result,
                Ok(())
                    | Err(CallError::Rejected { .. }
                        | CallError::AckTimeout { .. }
                        | CallError::Disconnected { .. }
                        | CallError::NotConnected
                        | CallError::Aborted { .. })
            )
        }
    }
}

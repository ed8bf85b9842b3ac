//! Calls are made and sent by the rules.

use metered_realtime_proto::machine::{CallError, CallId, Instant, Outcome, SocketId, State};

use super::{Broken, Checker, rule};
use crate::dice::Dice;
use crate::messages::channel_index;

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
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) what: What,
    pub(super) at: Instant,
    pub(super) timeout: u64,
    /// The driver got the frame.
    pub(super) given: bool,
    /// The socket took it.
    pub(super) written: bool,
    /// The driver reported that the frame was not written.
    pub(super) send_failed: bool,
    pub(super) acked: bool,
    pub(super) refused: Vec<String>,
    /// The socket and the channel of a replay.
    pub(super) replays: Option<(SocketId, usize)>,
    pub(super) aborted: bool,
    /// The outcome, once the user has the answer.
    pub(super) settled: Option<Option<Outcome>>,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    /// In the order of their ids.
    pub(super) calls: Vec<Call>,
    /// Those without an answer.
    pub(super) pending: Vec<CallId>,
}

impl Calls {
    pub(super) fn find(&self, id: CallId) -> Option<usize> {
        self.calls.binary_search_by_key(&id, |call| call.id).ok()
    }

    fn get(&mut self, id: CallId) -> Option<&mut Call> {
        let at = self.find(id)?;
        self.calls.get_mut(at)
    }

    /// The call with this id, if the id is written as the machine writes it.
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
        // A replay becomes known when it is sent, when newer calls may already be known.
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
            replays: None,
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

    pub(super) fn note_ack(&mut self, id: &str) {
        if let Some(call) = self.named(id) {
            call.acked = true;
        }
    }

    pub(super) fn note_error(&mut self, id: &str, code: &str) {
        if let Some(call) = self.named(id).filter(|call| call.settled.is_none()) {
            call.refused.push(code.to_owned());
        }
    }

    /// A subscribe is sent.
    pub(super) fn subscribes(&mut self, id: CallId, socket: SocketId, channel: &str) {
        let channel = channel_index(channel);
        if let Some(call) = self.get(id).filter(|call| call.what == What::Replay) {
            call.replays = channel.map(|channel| (socket, channel));
        }
    }

    /// The replay that a request id names: its id, its socket and its channel.
    pub(super) fn replay(&mut self, id: &str) -> Option<(CallId, SocketId, usize)> {
        let call = self.named(id)?;
        let (socket, channel) = call.replays?;
        Some((call.id, socket, channel))
    }

    /// Whether a replay was refused with this code.
    pub(super) fn is_refused_replay(&self, code: &str) -> bool {
        let refused = |call: &Call| call.refused.iter().any(|refusal| refusal == code);
        self.calls.iter().any(|call| call.what == What::Replay && refused(call))
    }

    pub(super) fn all_settled(&self) -> Result<(), Broken> {
        rule("every call is answered", self.pending.is_empty(), || {
            format!("{:?} are not", self.pending)
        })
    }

    pub(super) fn waiting(&self) -> impl Iterator<Item = &Call> {
        self.pending.iter().filter_map(|id| self.find(*id)).map(|at| &self.calls[at])
    }

    /// When the first request times out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting()
            .filter(|call| !matches!(call.what, What::Connect))
            .map(|call| call.at.after(call.timeout))
            .min()
    }

    /// Whether a request was made at this moment with a timeout of zero.
    pub(super) fn is_out_of_patience(&self, now: Instant) -> bool {
        self.waiting().filter(|call| call.at == now).any(|call| call.timeout == 0)
    }

    pub(super) fn requests_pending(&self) -> usize {
        let requests = |call: &&Call| !matches!(call.what, What::Connect | What::Close);
        self.waiting().filter(requests).count()
    }
}

impl Checker {
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
                self.paused = Instant::START;
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

    /// The user called `close()`; `state`: the state after that.
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

    /// The user made a request; `state`: the state after that.
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
        self.doubtful |= is_connect && self.unannounced == Some(call);
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
        rule(
            "a frame that reaches the server was written",
            call.is_some_and(|call| call.written),
            || format!("{id:?}"),
        )?;
        rule(
            "a frame that was not sent does not arrive",
            settled != Some(Some(Outcome::NotSent)),
            || format!("{id:?} was answered with notSent"),
        )
    }

    pub(super) fn sends_frame(&mut self, text: &str, call: Option<CallId>) -> Result<(), Broken> {
        let Some(call) = call else {
            let ping = text == r#"{"type":"ping"}"#;
            let mirrored = self.next.is_some() && !text.contains("requestId");
            return rule("only pings belong to no call", ping || mirrored, || text.to_owned());
        };
        let id = format!("\"requestId\":\"{}\"}}", call.0);
        rule("a frame has the id of its call", text.ends_with(&id), || text.to_owned())
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

    /// A random call, most likely one that waits for an answer.
    pub(crate) fn draw_call(&self, dice: &mut Dice) -> CallId {
        let Calls { calls, pending } = &self.calls;
        if !pending.is_empty() && dice.below(4) != 3 {
            return pending[dice.below(pending.len() as u64) as usize];
        }
        if calls.is_empty() || dice.below(8) == 7 {
            return CallId(1_000_000 + dice.below(1_000) as u32);
        }
        let call = &calls[dice.below(calls.len() as u64) as usize];
        // Only the machine knows the ids of replays.
        if call.what == What::Replay { CallId(0) } else { call.id }
    }

    /// Calls with very long timeouts.
    #[must_use]
    pub(crate) fn patient_calls(&self) -> Vec<CallId> {
        let waiting = self.calls.waiting();
        waiting.filter(|call| call.timeout > 60_000).map(|call| call.id).collect()
    }
}

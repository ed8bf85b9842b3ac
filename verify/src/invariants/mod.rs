//! What must hold after every step. The checker sees all inputs, calls and outputs of a machine. It keeps a state of its own,
//! which follows the rules and not the machine's code.
//!
//! | file | rules |
//! |---|---|
//! | `calls`, `answers` | every call is answered once, in time, and truthfully |
//! | `links` | sockets and liveness |
//! | `attempts` | backoff, dial budget, delays that the server asked for |
//! | `renewal` | a new connection takes over before a token expires |
//! | `events` | states and events come in their order |
//! | `deadlines` | the alarm is set, never in the past and never too late |
//! | `subscriptions` | which channels are subscribed at the server |

mod answers;
mod attempts;
mod calls;
mod deadlines;
mod events;
mod links;
mod renewal;
mod subscriptions;

use std::collections::VecDeque;
use std::fmt;

use metered_realtime_proto::machine::{
    CallId, Event, Input, Instant, Machine, Outgoing, Output, SocketId, State,
};
use metered_realtime_proto::wire::{ServerFrame, Welcome};

use crate::options::Facts;

pub(crate) use calls::What;

use calls::Calls;
use events::event_of;
use links::{Link, Loss};
use subscriptions::Subscriptions;

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule.
    pub rule: &'static str,
    /// What happened instead.
    pub detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.rule, self.detail)
    }
}

/// An error, unless the rule holds.
pub(crate) fn rule(
    rule: &'static str,
    holds: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { rule, detail: detail() }) }
}

/// The checker of one client.
#[derive(Debug)]
pub(crate) struct Checker {
    facts: Facts,
    /// The latest time that the machine got.
    clock: Instant,
    calls: Calls,
    subscriptions: Subscriptions,
    // Links.
    link: Option<Link>,
    /// The connection that is to take over.
    next: Option<Link>,
    /// The connection that was replaced.
    old: Option<Link>,
    /// The call of the token provider for the next connection.
    fetching_next: Option<u32>,
    token_next: Option<u32>,
    /// When the next renewal may begin; `None`: it must not.
    renewal: Option<Instant>,
    /// What the server's `going_away` asked for on this connection.
    hint: Option<f64>,
    /// Until when the server asked not to be dialled, if that is honoured.
    paused: Instant,
    /// Codes of refusals that end a subscription and have to become events.
    refusals: Vec<String>,
    /// The call of the token provider that is not answered yet, and since when.
    fetching: Option<(u32, Instant)>,
    /// All calls of the token provider that were neither answered nor forgotten.
    asked: Vec<u32>,
    /// The token for the next dial.
    token: Option<u32>,
    /// Whether the first dial after a `connect()` is still to come.
    first_dial: bool,
    loss: Option<Loss>,
    /// Retries since the last welcome.
    attempts: u32,
    /// The next dial follows a short session.
    counts: bool,
    /// When such dials were made.
    budgeted: Vec<Instant>,
    /// Sockets that were ever opened.
    opened: Vec<u32>,
    /// Sockets that the machine has not abandoned; the flag: it has asked to close them.
    sockets: Vec<(u32, bool)>,
    /// Welcomes since the start of the session.
    welcomes: u32,
    /// The server's limit, as last advertised.
    cap: f64,
    last_welcome: Option<Welcome>,
    next_welcome: Option<Welcome>,
    last_connect: Option<CallId>,
    /// The `connect()` that was neither welcomed nor lost.
    undecided: Option<CallId>,
    /// The `connect()` that was welcomed, until `connected` is emitted. It can still be withdrawn.
    unannounced: Option<CallId>,
    /// Whether it was withdrawn. Then the next outputs tell whether the connection is over.
    doubtful: bool,
    // Events.
    shown: State,
    /// Whether users saw a welcome since the last `connecting`.
    ever: bool,
    connected_events: u32,
    /// Whether `connected` was emitted for the current connection.
    announced: bool,
    finals: u32,
    /// From `close()` to `connect()`: nothing may be sent.
    shut: bool,
    /// From the answer of `close()` to `connect()`: nothing may be emitted.
    silent: bool,
    /// Whether streams were ended since the last `connecting`.
    streams_ended: bool,
    /// Whether listeners were dropped since the last `close()`.
    listeners_gone: bool,
    /// Failures of the token provider in a row.
    token_failures: u32,
    /// How many of these failures still have to become events.
    untold_failures: u32,
    /// Alarms in a row without an input or an output.
    idle_alarms: u32,
    /// Events that have to be emitted, in this order.
    expected: VecDeque<Event<String>>,
    /// Events that may be emitted: those of the connection beside the current one.
    possible: Vec<Event<String>>,
    // Time.
    /// When the machine last noticed that the process had been asleep. It may put all deadlines off for five seconds after that.
    grace: Option<Instant>,
    /// When a probe may have begun, at the earliest and at the latest.
    probe: Option<(Instant, Instant)>,
}

impl Checker {
    /// The checker of a new client.
    #[must_use]
    pub(crate) fn new(facts: Facts) -> Checker {
        Checker {
            facts,
            clock: Instant::START,
            calls: Calls::default(),
            subscriptions: Subscriptions::default(),
            link: None,
            next: None,
            old: None,
            fetching_next: None,
            token_next: None,
            renewal: None,
            hint: None,
            paused: Instant::START,
            refusals: Vec::new(),
            fetching: None,
            asked: Vec::new(),
            token: None,
            first_dial: false,
            loss: None,
            attempts: 0,
            counts: false,
            budgeted: Vec::new(),
            opened: Vec::new(),
            sockets: Vec::new(),
            welcomes: 0,
            cap: 65_536.0,
            last_welcome: None,
            next_welcome: None,
            last_connect: None,
            undecided: None,
            unannounced: None,
            doubtful: false,
            shown: State::Idle,
            ever: false,
            connected_events: 0,
            announced: false,
            finals: 0,
            shut: false,
            silent: false,
            streams_ended: false,
            listeners_gone: false,
            token_failures: 0,
            untold_failures: 0,
            idle_alarms: 0,
            expected: VecDeque::new(),
            possible: Vec::new(),
            grace: None,
            probe: None,
        }
    }

    /// The machine gets a time.
    pub(crate) fn tick(&mut self, clock: Instant) {
        self.clock = self.clock.max(clock);
    }

    /// How far a clock is behind the latest time that the machine got.
    #[must_use]
    pub(crate) fn behind(&self, clock: Instant) -> u64 {
        self.clock.since(clock)
    }

    /// The machine gets an input.
    pub(crate) fn input(&mut self, input: &Input<String>) {
        self.idle_alarms = 0;
        match input {
            Input::SocketOpened { socket } => {
                if let Some(link) = self.current(*socket) {
                    link.opened();
                }
            }
            Input::Frame { socket, frame } => {
                self.note_alive(*socket);
                if self.current(*socket).is_some() {
                    self.refused_for_good(*socket, frame);
                    self.frame(frame);
                } else if self.is_beside(*socket) {
                    self.frame_beside(*socket, frame);
                }
            }
            Input::Malformed { socket, .. } => self.note_alive(*socket),
            Input::Binary { .. } | Input::HandlersDrained => {}
            Input::Oversize { socket } => {
                self.lost(*socket, 1009);
                self.lost_beside(*socket);
            }
            Input::SocketClosed { socket, close } => {
                self.asked_to_pause(*socket, close);
                self.closed(*socket, close.code);
            }
            Input::SocketUnavailable { socket } => self.closed(*socket, 1006),
            Input::SendFailed { call } => {
                if let Some(call) = call {
                    self.calls.send_failed(*call);
                }
            }
            Input::Token { request, result } => {
                let usable = result.as_ref().is_ok_and(|token| !token.expose().is_empty());
                self.token_arrived(request.0, usable);
            }
            Input::Wake => self.woken(),
        }
    }

    fn closed(&mut self, socket: SocketId, code: u16) {
        self.lost(socket, code);
        self.lost_beside(socket);
        self.sockets.retain(|(other, _)| *other != socket.0);
    }

    /// A frame on the socket in use.
    fn frame(&mut self, frame: &ServerFrame<String>) {
        self.unannounced = None;
        if let ServerFrame::Welcome(welcome) = frame {
            self.welcomed(welcome);
        }
        self.answer(frame);
        if let ServerFrame::GoingAway { retry_after_ms } = frame
            && self.link.as_ref().is_some_and(|link| link.welcomed.is_some())
        {
            self.hint = Some(*retry_after_ms);
        }
        if let Some(event) = event_of(frame) {
            // If another connection has taken over already, the event does not count.
            let going = self.next.is_some() && matches!(event, Event::GoingAway { .. });
            if going || self.doubtful {
                self.possible.push(event);
            } else {
                self.expected.push_back(event);
            }
        }
    }

    /// A frame on the connection that is to take over, or on the one that was replaced.
    fn frame_beside(&mut self, socket: SocketId, frame: &ServerFrame<String>) {
        if let ServerFrame::Welcome(welcome) = frame {
            self.welcomed_beside(socket, welcome);
        }
        self.answer(frame);
        self.possible.extend(event_of(frame));
    }

    fn answer(&mut self, frame: &ServerFrame<String>) {
        match frame {
            ServerFrame::Ack { request_id } => self.calls.note_ack(request_id),
            ServerFrame::Error { code, request_id: Some(id), .. } => {
                self.calls.note_error(id, code);
            }
            ServerFrame::Error { request_id: None, .. }
            | ServerFrame::Welcome(_)
            | ServerFrame::Application(_)
            | ServerFrame::GoingAway { .. }
            | ServerFrame::Pong => {}
        }
    }

    /// The machine gives an output.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn output(&mut self, output: &Output<String>) -> Result<(), Broken> {
        self.idle_alarms = 0;
        match output {
            Output::OpenSocket { socket, address } => self.opens(*socket, address.expose()),
            Output::Send { socket, frame, call } => {
                self.sends(*socket, *call)?;
                if let (Outgoing::Subscribe { channel, .. }, Some(call)) = (frame, call) {
                    self.calls.subscribes(*call, *socket, channel);
                }
                self.sends_frame(&frame.clone().into_text(*call), *call)
            }
            Output::CloseSocket { socket, code, reason, report } => {
                self.closes_socket(*socket, *code, reason, *report)
            }
            Output::FetchToken { request } => self.fetches(request.0),
            Output::ForgetToken { request } => self.forgets_token(request.0),
            Output::Settle { call, result } => self.settles(*call, result),
            Output::Event(event) => self.event(event),
            Output::EndStreams => {
                self.streams_end();
                Ok(())
            }
            Output::ForgetListeners => {
                self.listeners_gone = true;
                Ok(())
            }
            Output::DrainHandlers => Ok(()),
            Output::Log(log) => {
                let text = format!("{log:?}");
                let leaks = text.contains("pk_live") || text.contains("token-");
                rule("no log line holds a credential", !leaks, || text)
            }
        }
    }

    /// All outputs were carried out.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn drained(&mut self, machine: &Machine<String>, held: usize) -> Result<(), Broken> {
        self.doubtful = false;
        rule("nothing is left after a drain", !machine.has_output(), String::new)?;
        let state = machine.state();
        rule("the state is that of the last event", state == self.shown, || {
            format!("{state:?}, shown {:?}", self.shown)
        })?;
        rule("each frame of a peer becomes an event", self.expected.is_empty(), || {
            format!("{:?}", self.expected)
        })?;
        if self.next.is_none() && self.old.is_none() {
            self.possible.clear();
        }
        if self.shown == State::Closed && self.connected_events > 0 && !self.shut {
            rule("streams end with the session", self.streams_ended, String::new)?;
        }
        rule(
            "a subscription that is lost for good becomes an event",
            self.refusals.is_empty(),
            || format!("{:?}", self.refusals),
        )?;
        rule(
            "from the third failure on, the token provider's failures become events",
            self.untold_failures == 0,
            String::new,
        )?;
        self.check_calls(machine)?;
        self.check_sockets(held)?;
        self.check_alarm(machine)
    }

    /// The client is closed, and nothing is left of it.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn finished(&self, machine: &Machine<String>, held: usize) -> Result<(), Broken> {
        let state = machine.state();
        rule("close() closes", state == State::Closed, || format!("{state:?}"))?;
        rule("a closed client holds no socket", held == 0, || format!("{held} sockets"))?;
        let due = machine.poll_timeout();
        rule("a closed client holds no alarm", due.is_none(), || format!("{due:?}"))?;
        let channels = machine.tracked_channels();
        rule("a closed client tracks no channel", channels == 0, || format!("{channels}"))?;
        let text = format!("{machine:?}");
        // Dials of the last minute still count after a close(); there may be as many as the budget allows.
        let (before, after) = text.split_once("counted: [").unwrap_or((&text, ""));
        let size = before.len() + after.split_once(']').map_or(0, |(_, rest)| rest.len());
        rule("a closed client holds nothing", size < LARGEST_AT_REST, || text.clone())?;
        let requests = machine.requests_in_flight();
        rule("a closed client has no requests", requests == 0, || format!("{requests}"))?;
        self.calls.all_settled()
    }
}

/// How long the debug text of a closed machine may be.
const LARGEST_AT_REST: usize = 2_000;

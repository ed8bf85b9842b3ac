//! All behaviour of the client, as one pure state machine.
//!
//! It gets every input, the time and a seed, and answers with what to do. It knows no socket, clock, entropy or platform, and
//! does no I/O. Drivers carry out what it asks for.
//!
//! ```text
//! connect, publish, … ─┐             ┌─► poll_output: what to do, in order
//! handle_input ────────┼─►  Machine ─┤
//! handle_timeout ──────┘             └─► poll_timeout: when to come back
//! ```
//!
//! A call fails only if the caller made a mistake; inputs never fail. Outputs may be drained after any number of calls and
//! inputs. A driver only has to know the types in `io`.

mod alarm;
mod backoff;
mod calls;
mod deadlines;
mod error;
mod frames;
mod io;
mod jitter;
mod link;
mod liveness;
mod options;
mod renewal;
mod requests;
mod session;
mod state;
mod subscriptions;
mod time;

use std::collections::VecDeque;

use backoff::Backoff;
use io::Ids;
use jitter::Jitter;
use link::{Link, Stage};
use renewal::Renewal;
use requests::{Purpose, Requests};
use session::{Closing, Session};
use subscriptions::{Attempt, Subscriptions};

use crate::wire::{ApplicationFrame, FALLBACK_MAX_MESSAGE_SIZE};

pub use calls::ACK_TIMEOUT_MS;
pub use error::{CallError, Close, Outcome, ProviderFailure};
pub use io::{
    CallId, Connected, Event, Input, Level, Log, LogValue, Outgoing, Output, SocketId,
    TokenRequestId,
};
pub use options::{OptionError, OptionName, Options, RawOptions, RawReconnect};
pub use session::{CLOSE_FLUSH_MS, DEFAULT_CLOSE_REASON, WELCOME_TIMEOUT_MS};
pub use state::State;
pub use time::Instant;

/// The client's behaviour. `P` is application data and `N` a name in it (a channel or a peer id), both as the platform holds
/// them. The machine passes them on without looking at them.
#[derive(Debug)]
pub struct Machine<P, N = String> {
    options: Options,
    link: Link,
    session: Session,
    closing: Option<Closing>,
    renewal: Renewal,
    /// Presence from a connection that has not yet taken over.
    held: Vec<ApplicationFrame<P, N>>,
    requests: Requests,
    subscriptions: Subscriptions,
    backoff: Backoff,
    /// How often the token provider has failed in a row.
    token_failures: u32,
    /// The largest payload that the server takes, in bytes.
    max_message_size: f64,
    jitter: Jitter,
    ids: Ids,
    queue: VecDeque<Output<P, N>>,
    /// The latest time that the driver gave.
    now: Instant,
    /// After a late alarm, nothing that waits for the peer fails before this.
    grace: Instant,
    logging: bool,
}

impl<P, N> Machine<P, N> {
    /// An idle machine. The same seed and the same inputs give the same run.
    #[must_use]
    pub fn new(options: Options, seed: u64, now: Instant) -> Machine<P, N> {
        Machine {
            options,
            link: Link::Idle,
            session: Session::default(),
            closing: None,
            renewal: Renewal::off(),
            held: Vec::new(),
            requests: Requests::default(),
            subscriptions: Subscriptions::default(),
            backoff: Backoff::default(),
            token_failures: 0,
            max_message_size: f64::from(FALLBACK_MAX_MESSAGE_SIZE),
            jitter: Jitter::new(seed),
            ids: Ids::default(),
            queue: VecDeque::new(),
            now,
            grace: now,
            logging: true,
        }
    }

    /// Turns log lines on or off. Without a logger they are not worth making.
    pub fn set_logging(&mut self, logging: bool) {
        self.logging = logging;
    }

    /// The state that users see. It changes before the event that reports the change.
    #[must_use]
    pub fn state(&self) -> State {
        self.link.state(self.session.ever_connected)
    }

    /// How many requests wait for an answer.
    #[must_use]
    pub fn requests_in_flight(&self) -> usize {
        self.requests.len()
    }

    /// How many channels a reconnect brings back.
    #[must_use]
    pub fn tracked_channels(&self) -> usize {
        self.subscriptions.len()
    }

    /// The next thing to do. `None`: nothing until the next input or alarm.
    pub fn poll_output(&mut self) -> Option<Output<P, N>> {
        loop {
            while let Some(output) = self.queue.pop_front() {
                if self.is_wanted(&output) {
                    return Some(output);
                }
            }
            // An idle client keeps no memory for what it may have to do.
            self.queue = VecDeque::new();
            if !self.take_next_step() {
                return None;
            }
        }
    }

    /// Whether [`poll_output`](Self::poll_output) would give an output.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.queue.is_empty()
            || self.renewal.has_step()
            || matches!(
                self.link,
                Link::Fetching { asked: false, .. }
                    | Link::Dialling { address: Some(_), .. }
                    | Link::Ready { stage: Stage::Announce(..) | Stage::Replay(_), .. }
            )
    }

    /// A queued frame is not sent any more if its socket was lost or its request was given up.
    fn is_wanted(&mut self, output: &Output<P, N>) -> bool {
        match output {
            Output::Send { socket, call, .. } => {
                self.is_in_use(*socket) && call.is_none_or(|call| self.requests.mark_sent(call))
            }
            Output::OpenSocket { .. }
            | Output::CloseSocket { .. }
            | Output::FetchToken { .. }
            | Output::ForgetToken { .. }
            | Output::DrainHandlers
            | Output::Settle { .. }
            | Output::Event(_)
            | Output::ForgetListeners
            | Output::EndStreams
            | Output::Log(_) => true,
        }
    }

    /// Whether the socket is the current one or, while a token is renewed, the one beside it.
    fn is_in_use(&self, socket: SocketId) -> bool {
        [self.link.socket(), self.renewal.socket()].contains(&Some(socket))
    }

    /// Does what the state asks for once the queue is empty. `false`: there is nothing to do.
    fn take_next_step(&mut self) -> bool {
        match &mut self.link {
            Link::Fetching { request, asked, deadline } if !*asked => {
                *asked = true;
                *deadline = self.now.after(self.options.token_provider_timeout_ms);
                self.queue.push_back(Output::FetchToken { request: *request });
                true
            }
            Link::Dialling { socket, address, .. } => match address.take() {
                Some(address) => {
                    self.backoff.dialled(self.now);
                    self.queue.push_back(Output::OpenSocket { socket: *socket, address });
                    true
                }
                None => false,
            },
            Link::Ready { stage: Stage::Announce(..), .. } => {
                self.announce();
                true
            }
            Link::Ready { stage: stage @ Stage::Replay(_), .. } => {
                let Stage::Replay(replays) = stage else { return false };
                match self.subscriptions.next_replay(replays) {
                    Some(attempt) => self.send_replay(attempt),
                    None => *stage = Stage::Steady,
                }
                true
            }
            Link::Ready { stage: Stage::Steady, .. } => self.take_renewal_step(),
            Link::Fetching { .. } | Link::Idle | Link::Closed | Link::Waiting { .. } => false,
        }
    }

    fn send_replay(&mut self, attempt: Attempt) {
        if let Some(socket) = self.link.socket() {
            self.send_attempt(socket, attempt, Purpose::Replay(attempt));
        }
    }

    /// Sends a subscribe of the client's own.
    fn send_attempt(&mut self, socket: SocketId, attempt: Attempt, purpose: Purpose) {
        let call = CallId(self.ids.next());
        if let Some(frame) = self.subscriptions.frame(attempt) {
            self.requests.add(call, purpose, ACK_TIMEOUT_MS, self.now);
            self.queue.push_back(Output::Send { socket, frame, call: Some(call) });
        }
    }

    /// Queues a frame for the current socket.
    fn send(&mut self, call: Option<CallId>, frame: Outgoing) {
        if let Some(socket) = self.link.socket() {
            self.queue.push_back(Output::Send { socket, frame, call });
        }
    }

    fn settle(&mut self, call: CallId, result: Result<(), CallError>) {
        self.queue.push_back(Output::Settle { call, result });
    }

    fn emit(&mut self, event: Event<P, N>) {
        self.queue.push_back(Output::Event(event));
    }

    fn emit_state_change(&mut self, from: State) {
        let to = self.state();
        if from != to {
            self.emit(Event::StateChange { from, to });
        }
    }

    fn log(&mut self, level: Level, message: &'static str) {
        self.log_with(level, message, Vec::new());
    }

    fn log_with(
        &mut self,
        level: Level,
        message: &'static str,
        details: Vec<(&'static str, LogValue)>,
    ) {
        if self.logging {
            self.queue.push_back(Output::Log(Log { level, message, details }));
        }
    }

    /// Time never goes back.
    fn tick(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

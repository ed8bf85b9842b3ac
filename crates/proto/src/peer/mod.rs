//! A room: one channel, and a peer connection to every other member, as one pure state machine beside the client's.
//!
//! It gets every input and the time, and says what to do. It knows neither sockets nor connections: the driver joins it
//! with a client (`machine`) and with the platform's peer connections. A program that only uses the client has none of it.
//!
//! ```text
//! join, send, add_track, … ─┐                     ┌─► poll_output: one FIFO of what to do
//! the client's events ──────┤                     │
//! connections' events ──────┼─►  Room { Remote… } ┤
//! handle_timeout ───────────┘                     └─► poll_timeout: when to come back
//! ```
//!
//! Calls fail only for the caller's own mistakes; inputs never fail. Any number of both may come before the outputs are
//! drained. Everything a driver has to know is in `io`.

mod candidates;
mod channel;
mod client;
mod close;
mod connection;
mod error;
mod held;
mod inbound;
mod io;
mod join;
mod ladder;
mod metadata;
mod negotiation;
mod offers;
mod options;
mod outbox;
mod reconcile;
mod remote;
mod replace;
mod roster;
mod sdp;
mod send;
mod shared;
mod signal;
mod streams;
mod tracks;
mod watch;

use std::collections::BTreeMap;

use crate::machine::Instant;

use client::{Client, Request};
use close::Closing;
use held::Held;
use join::{Channel, Ids};
use reconcile::Reconciling;
use remote::Remote;
use replace::Replacement;
use roster::Roster;
use shared::Shared;

pub use channel::{ChannelError, ChannelOptions, ChannelOutput, MessageId, SendQueue};
pub use error::{CallError, Failure};
pub use io::{
    CallId, ChannelId, ClientCall, ConnectionEvent, ConnectionId, ConnectionState, Event, Gen,
    IceState, Input, LocalTrack, Order, Output, Payload, RemoteEvent, RemoteId, RemoteState,
    RemoteView, RequestId, Signalling, State, StreamId, TrackId,
};
pub use options::{Options, Reconcile};
pub use outbox::{BURST, FRAMES_A_SECOND};
pub use roster::MAX_REMOTES;
pub use sdp::{Origin, SdpFacts, Section, scan_sdp};
pub use signal::{
    Candidate, Decoded, Description, Kind, Sdp, SdpType, Signal, TrackMetadata, decode,
};

/// The behaviour of a room. `P` is a payload that it carries without a look.
#[derive(Debug)]
pub struct Room<P> {
    options: Options,
    state: State,
    client: Client,
    /// From the subscribe until the room is closed.
    channel: Option<Channel>,
    /// The `join()` that is not answered yet.
    join: Option<CallId>,
    closing: Option<Closing>,
    reconciling: Option<Reconciling>,
    peer_id: Option<String>,
    /// Ids that this client had before. The server may still list them.
    former_ids: Vec<String>,
    remotes: BTreeMap<RemoteId, Remote<P>>,
    roster: Roster<P>,
    held: Held<P>,
    requests: BTreeMap<RequestId, Request>,
    replacements: Vec<Replacement>,
    ids: Ids,
    shared: Shared<P>,
}

impl<P: Clone + PartialEq> Room<P> {
    /// An idle room. Equal inputs give equal runs.
    #[must_use]
    pub fn new(options: Options, now: Instant) -> Room<P> {
        Room {
            options,
            state: State::Idle,
            client: Client::Closed,
            channel: None,
            join: None,
            closing: None,
            reconciling: None,
            peer_id: None,
            former_ids: Vec::new(),
            remotes: BTreeMap::new(),
            roster: Roster::default(),
            held: Held::default(),
            requests: BTreeMap::new(),
            replacements: Vec::new(),
            ids: Ids::default(),
            shared: Shared::new(now),
        }
    }

    /// Turns log lines on or off. Without a logger they are not worth making.
    pub fn set_logging(&mut self, logging: bool) {
        self.shared.logging = logging;
    }

    /// The state that users see. It changes at once, before the event that tells of it.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// The peer id of this client, as the latest welcome has it.
    #[must_use]
    pub fn peer_id(&self) -> Option<&str> {
        self.peer_id.as_deref()
    }

    /// The channel, from the moment that the server has acknowledged it until the room is closed.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.channel.as_ref().filter(|channel| channel.acked).map(|channel| &*channel.name)
    }

    /// The members, in the order in which they were met.
    pub fn remotes(&self) -> impl Iterator<Item = RemoteId> {
        self.remotes.keys().copied()
    }

    /// A member, until it leaves.
    #[must_use]
    pub fn remote(&self, remote: RemoteId) -> Option<RemoteView<'_, P>> {
        self.remotes.get(&remote).map(Remote::view)
    }

    /// The next thing to do, or `None` if there is nothing until the next input or alarm.
    pub fn poll_output(&mut self) -> Option<Output<P>> {
        loop {
            if let Some(output) = self.shared.queue.pop_front() {
                return Some(output);
            }
            if !self.take_next_step() {
                return None;
            }
        }
    }

    /// The next order for one connection, ahead of everything else that waits: for a caller who needs the connection while
    /// another output is carried out.
    pub fn poll_order(&mut self, connection: ConnectionId) -> Option<Order<P>> {
        let queue = &mut self.shared.queue;
        let of_it = |output: &Output<P>| matches!(output, Output::Connection { connection: id, .. } if *id == connection);
        let output = queue.iter().position(of_it).and_then(|at| queue.remove(at))?;
        let Output::Connection { order, .. } = output else { return None };
        Some(order)
    }

    /// Does what the state asks for once the queue is empty. `false`: nothing.
    ///
    /// Members are announced one by one, so that a handler that closes the room in between stops the rest.
    fn take_next_step(&mut self) -> bool {
        if self.take_roster_step() {
            return true;
        }
        if !self.shared.live {
            return false;
        }
        let Some((to, signal)) = self.shared.outbox.pop(self.shared.now) else { return false };
        self.shared.queue.push_back(Output::Client(ClientCall::Signal { to, signal }));
        true
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called: at once while outputs wait, else at the earliest
    /// deadline, `None` if there is none. Coming early is harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.shared.queue.is_empty() || self.has_roster_step() {
            return Some(self.shared.now);
        }
        let live = self.shared.live;
        let signals = self.shared.outbox.due().filter(|_| live);
        let remotes = self.remotes.values().filter(|_| live).filter_map(Remote::deadline).min();
        let reconcile = self.reconciling.as_ref().map(|reconciling| reconciling.deadline);
        [signals, remotes, reconcile, self.held.deadline()].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.tick(now);
        self.held.expire(now);
        self.check_reconcile();
        if self.shared.live {
            for remote in self.remotes.values_mut() {
                remote.handle_timeout(&mut self.shared);
            }
        }
        self.finish_replacements();
    }

    /// Tells the room something.
    pub fn handle_input(&mut self, input: Input<P>, now: Instant) {
        self.tick(now);
        match input {
            Input::Connected { peer_id, max_message_size, ice_servers } => {
                self.shared.max_message_size = max_message_size;
                self.on_connected(peer_id, ice_servers);
            }
            Input::Disconnected { code, reason: _, will_reconnect } => {
                self.on_disconnected(code, will_reconnect);
            }
            Input::Presence { channel, joined, left } => self.on_presence(&channel, joined, left),
            Input::Message { channel, from, data, from_metadata } => {
                self.on_message(&channel, from, data, from_metadata);
            }
            Input::Direct { from, data, from_metadata } => {
                self.on_direct(from, data, from_metadata);
            }
            Input::Signal { from, signal } => self.on_signal(from, signal),
            Input::ServerError { code, message } => self.on_server_error(&code, message),
            Input::TokenProviderError { error } => self.on_token_provider_error(&error),
            Input::ClientDone { request, result } => self.on_client_done(request, result),
            Input::Connection { connection, event } => self.on_connection(connection, event),
            Input::Online => self.on_online(),
        }
        self.finish_replacements();
    }

    /// Time only moves on.
    fn tick(&mut self, now: Instant) -> Instant {
        self.shared.now = self.shared.now.max(now);
        self.shared.now
    }

    fn set_state(&mut self, to: State) {
        let from = self.state;
        if from != to {
            self.state = to;
            self.shared.live = to == State::Joined;
            self.shared.emit(Event::StateChange { from, to });
        }
    }

    fn settle(&mut self, call: CallId, result: Result<(), CallError>) {
        self.shared.queue.push_back(Output::Settle { call, result });
    }
}

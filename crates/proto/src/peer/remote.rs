//! One member of the room: its connections, one after the other, and what users see of it.

use std::collections::VecDeque;

use crate::machine::{Instant, Level};

use super::candidates::Candidates;
use super::connection::Connection;
use super::error::Failure;
use super::io::{
    ConnectionEvent, ConnectionId, ConnectionState, Gen, Order, RemoteEvent, RemoteId, RemoteState,
    RemoteView,
};
use super::ladder::Ladder;
use super::metadata::Metadata;
use super::sdp::Origin;
use super::shared::Shared;
use super::signal::{Description, Signal};

#[derive(Debug)]
pub(super) struct Remote<P> {
    pub(super) id: RemoteId,
    pub(super) peer: String,
    pub(super) metadata: Option<P>,
    pub(super) polite: bool,
    pub(super) state: RemoteState,
    /// How many connections it had.
    generations: u32,
    pub(super) connection: Option<Connection<P>>,
    /// The platform could not make a connection; it is not asked again before something changes.
    unusable: bool,
    /// The latest offer of the peer that is not worked on yet.
    pub(super) offered: Option<Description<P>>,
    /// When its latest offers were applied.
    pub(super) applied: VecDeque<Instant>,
    pub(super) candidates: Candidates<P>,
    pub(super) track_metadata: Metadata<P>,
    pub(super) ladder: Ladder,
    /// Sessions of the peer that earlier connections belonged to, with the latest version.
    pub(super) past: VecDeque<Origin>,
    /// When the peer may next begin a new session.
    pub(super) next_session: Instant,
    /// Until then the first sign of death replaces the connection.
    pub(super) on_trial: Option<Instant>,
    /// Connections in a row that were replaced because nobody answered.
    pub(super) unanswered: u32,
}

/// The most past sessions that are remembered.
const MAX_PAST: usize = 8;

/// How long a connection that was kept is on trial, in milliseconds.
const TRIAL_MS: u64 = 15_000;

impl<P: Clone + PartialEq> Remote<P> {
    pub(super) fn new(id: RemoteId, peer: String, metadata: Option<P>, polite: bool) -> Remote<P> {
        Remote {
            id,
            peer,
            metadata,
            polite,
            state: RemoteState::Idle,
            generations: 0,
            connection: None,
            unusable: false,
            offered: None,
            applied: VecDeque::new(),
            candidates: Candidates::default(),
            track_metadata: Metadata::default(),
            ladder: Ladder::default(),
            past: VecDeque::new(),
            next_session: Instant::START,
            on_trial: None,
            unanswered: 0,
        }
    }

    pub(super) fn view(&self) -> RemoteView<'_, P> {
        let connection = self.connection.as_ref();
        RemoteView {
            peer_id: &self.peer,
            metadata: self.metadata.as_ref(),
            state: self.state,
            polite: self.polite,
            connection: connection.map(|connection| connection.id),
            description: connection.and_then(|connection| connection.remote.as_ref()),
        }
    }

    /// Makes its connection, unless there is one or the platform cannot.
    pub(super) fn connect(&mut self, shared: &mut Shared<P>) {
        if self.connection.is_none() && !self.unusable {
            self.create(shared);
            self.attach_tracks(shared);
        }
    }

    fn create(&mut self, shared: &mut Shared<P>) {
        self.generations = self.generations.wrapping_add(1);
        let id = ConnectionId { remote: self.id, generation: Gen(self.generations) };
        shared.order(id, Order::Create { ice_servers: shared.ice_servers.clone() });
        self.connection = Some(Connection::new(id));
    }

    /// Makes the connection send what the user sends.
    pub(super) fn attach_tracks(&mut self, shared: &mut Shared<P>) {
        if let Some(connection) = &mut self.connection {
            connection.attach_tracks(self.id, &self.peer, shared);
        }
    }

    /// The member is gone.
    pub(super) fn close(mut self, shared: &mut Shared<P>) {
        self.drop_connection(shared);
        self.set_state(RemoteState::Closed, shared);
    }

    fn drop_connection(&mut self, shared: &mut Shared<P>) {
        shared.outbox.forget(self.id);
        let Some(connection) = self.connection.take() else { return };
        shared.order(connection.id, Order::Drop);
        self.candidates.reset();
        self.track_metadata.release();
        self.on_trial = None;
        if let Some(origin) = connection.remote.and_then(|facts| facts.origin) {
            self.past.retain(|past| past.session != origin.session);
            self.past.push_back(origin);
            if self.past.len() > MAX_PAST {
                self.past.pop_front();
            }
        }
    }

    /// Replaces the connection by a new one.
    pub(super) fn rebuild(&mut self, shared: &mut Shared<P>) {
        self.drop_connection(shared);
        self.unusable = false;
        if self.state == RemoteState::Connected {
            self.set_state(RemoteState::Reconnecting, shared);
        }
        self.create(shared);
        shared.emit_remote(self.id, RemoteEvent::ConnectionReset);
        self.attach_tracks(shared);
    }

    /// The connection to the server is lost.
    pub(super) fn interrupt(&mut self, shared: &mut Shared<P>) {
        if !matches!(self.state, RemoteState::Idle | RemoteState::Closed) {
            self.set_state(RemoteState::Reconnecting, shared);
        }
    }

    /// The member is still there after a reconnect. `keep`: its connection may stay if it works.
    pub(super) fn reconcile(&mut self, keep: bool, shared: &mut Shared<P>) {
        self.unusable = false;
        let Some(connection) = &mut self.connection else { return };
        if connection.is_untouched() {
            return;
        }
        if !keep || !connection.is_connected() || connection.transport_closed {
            self.ladder = Ladder::default();
            self.rebuild(shared);
            return;
        }
        self.on_trial = Some(shared.now.after(TRIAL_MS));
        // What was sent last may be lost.
        if let Some(offer) = &mut connection.offer {
            offer.sent = None;
        }
        connection.tell_again(self.id, &self.peer, shared);
        self.set_state(RemoteState::Connected, shared);
    }

    /// Operations may begin again.
    pub(super) fn resume(&mut self, shared: &mut Shared<P>) {
        self.attach_tracks(shared);
        if self.connection.is_none() && !shared.tracks.is_empty() {
            self.connect(shared);
        }
        self.advance(shared);
    }

    /// The user's tracks are others now.
    pub(super) fn tracks_changed(&mut self, shared: &mut Shared<P>) {
        if self.connection.is_none() && !shared.tracks.is_empty() {
            self.connect(shared);
        } else {
            self.attach_tracks(shared);
        }
    }

    pub(super) fn handle_signal(&mut self, signal: Signal<P>, shared: &mut Shared<P>) {
        match signal {
            Signal::Metadata(metadata) => self.track_metadata.put(metadata),
            Signal::Candidate(candidate) => self.candidates.push(candidate),
            Signal::Description(description) => self.on_description(description, shared),
        }
        self.advance(shared);
    }

    pub(super) fn handle_event(&mut self, event: ConnectionEvent<P>, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        match event {
            ConnectionEvent::CreateFailed(failure) => {
                self.connection = None;
                self.unusable = true;
                self.offered = None;
                self.fail(failure, shared);
            }
            ConnectionEvent::NegotiationNeeded => {
                connection.needs_offer = true;
                connection.speaks = true;
            }
            ConnectionEvent::LocalDescription { sdp, senders } => {
                self.on_local(sdp, &senders, shared);
            }
            ConnectionEvent::RemoteApplied => self.on_remote_applied(shared),
            ConnectionEvent::OperationFailed { signalling, failure } => {
                self.on_operation_failed(signalling, failure, shared);
            }
            ConnectionEvent::Candidate(candidate) => self.on_own_candidate(candidate, shared),
            ConnectionEvent::CandidateFailed(failure) => {
                if !connection.ignores {
                    shared.emit_remote(self.id, RemoteEvent::CandidateError(failure));
                }
            }
            ConnectionEvent::Ice(state) => self.on_ice_state(state, shared),
            ConnectionEvent::State(state) => self.on_connection_state(state, shared),
            ConnectionEvent::Track { track, id, kind, mid, streams } => {
                self.on_track(track, &id, kind, mid.as_deref(), &streams, shared);
            }
            ConnectionEvent::TrackGone { track, stream } => {
                for stream in connection.streams.remove(track, stream) {
                    shared.emit_remote(self.id, RemoteEvent::StreamRemoved { stream });
                }
            }
            ConnectionEvent::DataChannel(channel) => {
                shared.emit_remote(self.id, RemoteEvent::DataChannel(channel));
            }
            ConnectionEvent::ChannelClosed => self.on_sign_of_death(shared),
            ConnectionEvent::TransportClosed => {
                connection.transport_closed = true;
                self.on_sign_of_death(shared);
            }
            ConnectionEvent::TrackFailed { track: _, failure } => self.fail(failure, shared),
            // The room has looked at it.
            ConnectionEvent::TrackReplaced { .. } => {}
        }
        self.advance(shared);
    }

    pub(super) fn fail(&mut self, failure: Failure, shared: &mut Shared<P>) {
        shared.log(Level::Warn, "an operation of a connection failed");
        shared.emit_remote(self.id, RemoteEvent::NegotiationError(failure));
    }

    pub(super) fn on_connection_state(&mut self, state: ConnectionState, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        connection.state = state;
        match state {
            ConnectionState::New | ConnectionState::Connecting => {
                if self.state != RemoteState::Reconnecting {
                    self.set_state(RemoteState::Connecting, shared);
                }
            }
            ConnectionState::Connected => {
                connection.worked = true;
                connection.disconnected = None;
                connection.stalled = None;
                self.ladder = Ladder::default();
                self.set_state(RemoteState::Connected, shared);
            }
            ConnectionState::Disconnected | ConnectionState::Failed => {
                self.set_state(RemoteState::Reconnecting, shared);
                self.on_interruption(state == ConnectionState::Failed, shared);
            }
            ConnectionState::Closed => self.set_state(RemoteState::Closed, shared),
        }
    }

    fn set_state(&mut self, to: RemoteState, shared: &mut Shared<P>) {
        let from = self.state;
        if from != to {
            self.state = to;
            shared.emit_remote(self.id, RemoteEvent::StateChange { from, to });
        }
    }
}

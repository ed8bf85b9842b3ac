//! One member of the room, and its connection.

use crate::machine::Instant;

use super::connection::Connection;
use super::io::{
    ConnectionEvent, ConnectionId, ConnectionState, Gen, LocalTrack, Order, RemoteEvent, RemoteId,
    RemoteState, RemoteView,
};
use super::shared::Shared;
use super::signal::Signal;

#[derive(Debug)]
pub(super) struct Remote<P> {
    pub(super) id: RemoteId,
    pub(super) peer: String,
    pub(super) metadata: Option<P>,
    pub(super) polite: bool,
    state: RemoteState,
    /// How many connections it had.
    generations: u32,
    connection: Option<Connection>,
}

impl<P: Clone + PartialEq> Remote<P> {
    pub(super) fn new(id: RemoteId, peer: String, metadata: Option<P>, polite: bool) -> Remote<P> {
        let state = RemoteState::Idle;
        Remote { id, peer, metadata, polite, state, generations: 0, connection: None }
    }

    pub(super) fn view(&self) -> RemoteView<'_, P> {
        RemoteView {
            peer_id: &self.peer,
            metadata: self.metadata.as_ref(),
            state: self.state,
            polite: self.polite,
            connection: self.connection.as_ref().map(|connection| connection.id),
            description: None,
        }
    }

    /// Makes its connection, unless there is one.
    pub(super) fn connect(&mut self, shared: &mut Shared<P>) {
        if self.connection.is_some() {
            return;
        }
        self.generations += 1;
        let id = ConnectionId { remote: self.id, generation: Gen(self.generations) };
        shared.order(id, Order::Create { ice_servers: shared.ice_servers.clone() });
        self.tell_all_metadata(shared);
        let connection = self.connection.insert(Connection::new(id));
        connection.attach_tracks(shared);
    }

    fn tell_all_metadata(&self, shared: &mut Shared<P>) {
        for at in 0..shared.tracks.len() {
            let key = shared.tracks[at].id.clone();
            shared.tell_metadata(self.id, &self.peer, &key, at);
        }
    }

    /// The member is gone.
    pub(super) fn close(mut self, shared: &mut Shared<P>) {
        self.drop_connection(shared);
    }

    fn drop_connection(&mut self, shared: &mut Shared<P>) {
        shared.outbox.forget(self.id);
        if let Some(connection) = self.connection.take() {
            shared.order(connection.id, Order::Drop);
        }
    }

    /// The connection to the server is lost.
    pub(super) fn interrupt(&mut self, shared: &mut Shared<P>) {
        if !matches!(self.state, RemoteState::Idle | RemoteState::Closed) {
            self.set_state(RemoteState::Reconnecting, shared);
        }
    }

    /// The member is still there after a reconnect. `keep`: its connection may stay if it works.
    pub(super) fn reconcile(&mut self, keep: bool, shared: &mut Shared<P>) {
        let Some(connection) = &self.connection else { return };
        if keep && connection.state == ConnectionState::Connected {
            self.set_state(RemoteState::Connected, shared);
        } else {
            self.rebuild(shared);
        }
    }

    /// Replaces the connection by a new one.
    fn rebuild(&mut self, shared: &mut Shared<P>) {
        self.drop_connection(shared);
        self.connect(shared);
        shared.emit_remote(self.id, RemoteEvent::ConnectionReset);
    }

    /// The user sends one more track.
    pub(super) fn track_added(&mut self, at: usize, shared: &mut Shared<P>) {
        match &mut self.connection {
            None => self.connect(shared),
            Some(connection) => {
                let key = shared.tracks[at].id.clone();
                shared.tell_metadata(self.id, &self.peer, &key, at);
                connection.attach_tracks(shared);
            }
        }
    }

    /// The user does not send a track any more.
    pub(super) fn track_removed(&mut self, track: &LocalTrack<P>, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        if track.metadata.is_some() {
            shared.tell_to_forget(self.id, &self.peer, &track.id);
        }
        connection.attach_tracks(shared);
    }

    /// Operations may begin again.
    pub(super) fn resume(&mut self, shared: &mut Shared<P>) {
        if let Some(connection) = &mut self.connection {
            connection.attach_tracks(shared);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        None
    }

    pub(super) fn handle_timeout(&mut self, _shared: &mut Shared<P>) {}

    pub(super) fn handle_signal(&mut self, _signal: Signal<P>, _shared: &mut Shared<P>) {}

    pub(super) fn handle_event(&mut self, event: ConnectionEvent<P>, shared: &mut Shared<P>) {
        if let ConnectionEvent::State(state) = event {
            self.on_connection_state(state, shared);
        }
    }

    fn on_connection_state(&mut self, state: ConnectionState, shared: &mut Shared<P>) {
        if let Some(connection) = &mut self.connection {
            connection.state = state;
        }
        match state {
            ConnectionState::New | ConnectionState::Connecting => {
                if self.state != RemoteState::Reconnecting {
                    self.set_state(RemoteState::Connecting, shared);
                }
            }
            ConnectionState::Connected => self.set_state(RemoteState::Connected, shared),
            ConnectionState::Disconnected | ConnectionState::Failed => {
                self.set_state(RemoteState::Reconnecting, shared);
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

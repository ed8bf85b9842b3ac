//! From `join()` to the room, and what the room's client reports.

use crate::machine;
use crate::machine::Instant;

use super::Room;
use super::client::{Client, Request};
use super::error::CallError;
use super::io::{
    CallId, ClientCall, ConnectionEvent, ConnectionId, Event, RemoteId, RequestId, State,
};

/// The channel of the room.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) include_sender_metadata: bool,
    /// The server has acknowledged it.
    pub(super) acked: bool,
}

/// Hands out ids, from 1 on.
#[derive(Debug, Default)]
pub(super) struct Ids(u32);

impl Ids {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }

    pub(super) fn call(&mut self) -> CallId {
        CallId(self.next())
    }

    pub(super) fn remote(&mut self) -> RemoteId {
        RemoteId(self.next())
    }
}

/// Prefixes of channels that the service keeps for itself, in any case.
const RESERVED: [&str; 3] = ["_metered/", "_internal/", "_system/"];

/// Restarts after a change of the network are spread over this time, in milliseconds.
const SPREAD_MS: u64 = 1_000;

impl<P: Clone + PartialEq> Room<P> {
    /// Joins a channel, and connects the client first where that is needed.
    ///
    /// # Errors
    /// [`CallError::InvalidState`] outside of idle, [`CallError::ReservedChannel`]. Nothing changes then.
    pub fn join(
        &mut self,
        channel: &str,
        include_sender_metadata: bool,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        if self.state != State::Idle {
            return Err(CallError::InvalidState { method: "join", state: self.state });
        }
        let reserved = |prefix: &&str| {
            channel.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        if RESERVED.iter().any(reserved) {
            return Err(CallError::ReservedChannel);
        }
        let call = self.ids.call();
        self.join = Some(call);
        let name = channel.to_owned();
        self.channel = Some(Channel { name, include_sender_metadata, acked: false });
        self.set_state(State::Joining);
        match self.client {
            Client::Closed => {
                let request = self.request(Request::Connect);
                self.call_client(ClientCall::Connect { request });
            }
            Client::Up | Client::Retrying => self.subscribe(Request::Subscribe),
        }
        Ok(call)
    }

    pub(super) fn on_client_done(
        &mut self,
        request: RequestId,
        result: Result<(), machine::CallError>,
    ) {
        let Some(request) = self.requests.remove(&request) else { return };
        match (request, result) {
            (Request::User(call), result) => self.settle(call, result.map_err(CallError::Client)),
            (Request::Close, _) => self.on_client_closed(),
            (Request::SubscribeAgain, _) => {}
            (Request::Connect | Request::Subscribe, result) if self.state == State::Leaving => {
                if let (Some(join), Err(error)) = (self.join, result) {
                    self.join = None;
                    self.settle(join, Err(CallError::Client(error)));
                }
            }
            (Request::Connect | Request::Subscribe, _) if self.state != State::Joining => {}
            (Request::Connect, Ok(())) => self.subscribe(Request::Subscribe),
            (Request::Subscribe, Ok(())) => self.on_joined(),
            // The client's event `disconnected` follows, and knows more.
            (Request::Subscribe, Err(machine::CallError::Disconnected { .. })) => {}
            (Request::Connect, Err(error)) => {
                self.client = Client::Closed;
                self.fail_join(error);
            }
            (Request::Subscribe, Err(error)) => self.fail_join(error),
        }
    }

    fn on_joined(&mut self) {
        let Some(channel) = &mut self.channel else { return };
        channel.acked = true;
        let channel = channel.name.clone();
        self.set_state(State::Joined);
        let peer_id = self.peer_id.clone().unwrap_or_default();
        self.shared.emit(Event::Joined { peer_id, channel });
        if let Some(join) = self.join.take() {
            self.settle(join, Ok(()));
        }
    }

    /// Back to idle; `join()` may be called again.
    pub(super) fn fail_join(&mut self, error: machine::CallError) {
        if let Some(channel) = self.channel.take()
            && self.client == Client::Up
        {
            self.call_client(ClientCall::Unsubscribe { channel: channel.name });
        }
        self.roster.clear();
        self.held.clear();
        self.set_state(State::Idle);
        if let Some(join) = self.join.take() {
            self.settle(join, Err(CallError::Client(error)));
        }
    }

    pub(super) fn on_connection(&mut self, connection: ConnectionId, event: ConnectionEvent<P>) {
        let Some(remote) = self.remotes.get_mut(&connection.remote) else { return };
        if remote.view().connection != Some(connection) {
            return;
        }
        if let ConnectionEvent::TrackReplaced { call: Some(call), result } = event {
            self.track_replaced(call, connection, result);
        } else {
            remote.handle_event(event, &mut self.shared);
        }
    }

    /// Connections that do not work are restarted at once, but not all in the same moment.
    pub(super) fn on_online(&mut self) {
        let now = self.shared.now;
        let count = self.remotes.len().max(1) as u64;
        for (number, remote) in (0..).zip(self.remotes.values_mut()) {
            remote.restart_at(now.after(SPREAD_MS * number / count));
            remote.advance(&mut self.shared);
        }
    }

    /// Restarts the connection of a member now, if it does not work.
    pub fn restart(&mut self, remote: RemoteId, now: Instant) {
        let now = self.tick(now);
        if let Some(remote) = self.remotes.get_mut(&remote) {
            remote.restart_at(now);
            remote.advance(&mut self.shared);
        }
    }
}

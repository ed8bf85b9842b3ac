//! From `join()` to the room, and what the client beneath reports.

use crate::machine;
use crate::machine::Instant;
use crate::wire::IceServer;

use super::error::{CallError, Failure};
use super::io::{CallId, ClientCall, ConnectionEvent, ConnectionId, Event, Output, State};
use super::io::{RemoteId, RequestId};
use super::{Order, Room};

/// The connection to the server, as the client's events tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// It has to be connected.
    Closed,
    /// It is connected, or was when it was last heard of.
    Up,
    /// It lost its connection and tries again.
    Retrying,
}

/// The channel of the room.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) include_sender_metadata: bool,
    /// The server has acknowledged it.
    pub(super) acked: bool,
}

/// What the room asked of the client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Request {
    Connect,
    Subscribe,
    /// One whose answer changes nothing.
    SubscribeAgain,
    /// A call of the user's.
    User(CallId),
    Close,
}

/// Hands out ids, from 1 on.
#[derive(Debug, Default)]
pub(super) struct Ids(u32);

impl Ids {
    fn next(&mut self) -> u32 {
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

/// So many former ids of one's own are remembered.
const MAX_FORMER_IDS: usize = 64;

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

    pub(super) fn request(&mut self, request: Request) -> RequestId {
        let id = RequestId(self.ids.next());
        self.requests.insert(id, request);
        id
    }

    pub(super) fn call_client(&mut self, call: ClientCall<P>) {
        self.shared.queue.push_back(Output::Client(call));
    }

    pub(super) fn subscribe(&mut self, request: Request) {
        let Some(channel) = &self.channel else { return };
        let (channel, include_sender_metadata) =
            (channel.name.clone(), channel.include_sender_metadata);
        let request = self.request(request);
        self.call_client(ClientCall::Subscribe { request, channel, include_sender_metadata });
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
    fn fail_join(&mut self, error: machine::CallError) {
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

    pub(super) fn on_connected(&mut self, peer_id: String, ice_servers: Option<Vec<IceServer>>) {
        self.client = Client::Up;
        let former = self.peer_id.replace(peer_id.clone());
        let changed = former.as_ref().is_some_and(|former| *former != peer_id);
        if let Some(former) = former.filter(|_| changed) {
            self.former_ids.retain(|id| *id != former && *id != peer_id);
            self.former_ids.push(former);
            if self.former_ids.len() > MAX_FORMER_IDS {
                self.former_ids.remove(0);
            }
        }
        if let Some(ice_servers) = ice_servers {
            self.use_ice_servers(ice_servers);
        }
        match self.state {
            State::Reconnecting => self.begin_reconcile(changed),
            State::Joined if changed => {
                // The others see another member: as after a lost connection.
                self.interrupt();
                self.begin_reconcile(changed);
            }
            State::Joined | State::Idle | State::Joining | State::Leaving | State::Closed => {}
        }
    }

    /// Tells the living connections too.
    fn use_ice_servers(&mut self, ice_servers: Vec<IceServer>) {
        if self.shared.ice_servers.as_ref() == Some(&ice_servers) {
            return;
        }
        for connection in self.remotes.values().filter_map(|remote| remote.view().connection) {
            let ice_servers = ice_servers.clone();
            self.shared.order(connection, Order::SetConfiguration { ice_servers });
        }
        self.shared.ice_servers = Some(ice_servers);
    }

    pub(super) fn on_disconnected(&mut self, code: u16, will_reconnect: bool) {
        if self.requests.values().any(|request| matches!(request, Request::Close)) {
            // The room itself closes the client, and may already join again.
            return;
        }
        self.client = if will_reconnect { Client::Retrying } else { Client::Closed };
        match self.state {
            State::Joining => {
                if !will_reconnect {
                    self.emit_fatal_close(code);
                } else {
                    self.client = Client::Closed;
                    let request = self.request(Request::Close);
                    self.call_client(ClientCall::Close { request, reason: None });
                }
                let outcome = machine::Outcome::Unknown;
                self.fail_join(machine::CallError::Disconnected { close_code: code, outcome });
            }
            State::Joined | State::Reconnecting if will_reconnect => self.interrupt(),
            State::Joined | State::Reconnecting | State::Idle if !will_reconnect => {
                self.emit_fatal_close(code);
                self.finish(Some(format!("disconnected (code {code})")));
            }
            State::Joined | State::Reconnecting | State::Idle | State::Leaving | State::Closed => {}
        }
    }

    /// Whether the id is one's own, now or before.
    pub(super) fn is_own(&self, peer: &str) -> bool {
        self.peer_id.as_deref() == Some(peer) || self.former_ids.iter().any(|id| id == peer)
    }

    pub(super) fn on_server_error(&mut self, code: &str, message: Option<String>) {
        if FATAL_ERRORS.contains(&code) && self.state != State::Closed {
            let message = message.unwrap_or_else(|| code.to_owned());
            self.shared.emit(Event::Error(Failure::new(code, &message)));
        }
    }

    pub(super) fn on_token_provider_error(&mut self, error: &machine::ProviderFailure) {
        if self.state != State::Closed {
            self.shared.emit(Event::Error(Failure::new("TokenProviderError", &error.message)));
        }
    }

    fn emit_fatal_close(&mut self, code: u16) {
        let fatal = FATAL_CLOSES.iter().find(|(fatal, _)| *fatal == code);
        if let Some((_, name)) = fatal {
            let message = format!("the server closed the connection (code {code})");
            self.shared.emit(Event::Error(Failure::new(name, &message)));
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

/// Codes with which the server closes for good, and their names.
const FATAL_CLOSES: [(u16, &str); 5] = [
    (4001, "invalid_token"),
    (4002, "token_expired"),
    (4003, "channel_not_authorized"),
    (4012, "account_suspended"),
    (4020, "admin_disconnect"),
];

/// Errors of the server that say that the session is not what it seems.
const FATAL_ERRORS: [&str; 5] = [
    "account_suspended",
    "channel_not_authorized",
    "action_not_permitted",
    "invalid_token",
    "token_expired",
];

//! The room's client: what the room asks of it, and what it reports of the connection to the server.

use crate::machine;
use crate::wire::IceServer;

use super::Room;
use super::error::Failure;
use super::io::{CallId, ClientCall, Event, Order, Output, RequestId, State};

/// The connection to the server, as the client's events tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// It has to be connected.
    Closed,
    /// It is connected, as far as is known.
    Up,
    /// It lost its connection and tries again.
    Retrying,
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

/// The most former ids of our own that are remembered.
const MAX_FORMER_IDS: usize = 64;

impl<P: Clone + PartialEq> Room<P> {
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
                self.finish(Some(["disconnected (code ", &code.to_string(), ")"].concat()));
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
            let code = code.to_string();
            let message = ["the server closed the connection (code ", &code, ")"].concat();
            self.shared.emit(Event::Error(Failure::new(name, &message)));
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

//! The end of a room: `close()`, and a connection to the server that ends for good.

use crate::machine::Instant;

use super::Room;
use super::client::{Client, Request};
use super::error::CallError;
use super::io::{CallId, ClientCall, Event, Output, State};

/// A `close()` that waits for the client.
#[derive(Debug)]
pub(super) struct Closing {
    calls: Vec<CallId>,
    reason: Option<String>,
    /// The room was never joined, so nobody leaves.
    silent: bool,
}

impl<P: Clone + PartialEq> Room<P> {
    /// Ends everything. All calls are answered together, when the client is closed.
    pub fn close(&mut self, reason: Option<&str>, now: Instant) -> CallId {
        self.tick(now);
        let call = self.ids.call();
        if let Some(closing) = &mut self.closing {
            closing.calls.push(call);
            return call;
        }
        if self.state == State::Closed {
            self.settle(call, Ok(()));
            return call;
        }
        let silent = self.state == State::Idle;
        let reason = reason.map(ToOwned::to_owned);
        if silent {
            self.set_state(State::Closed);
        } else {
            self.set_state(State::Leaving);
        }
        self.forget_members();
        self.closing = Some(Closing { calls: vec![call], reason: reason.clone(), silent });
        if silent && self.client == Client::Closed {
            self.on_client_closed();
            return call;
        }
        let request = self.request(Request::Close);
        self.call_client(ClientCall::Close { request, reason });
        call
    }

    /// Ends everything after a connection to the server that ended for good.
    pub(super) fn finish(&mut self, reason: Option<String>) {
        self.forget_members();
        self.leave(reason);
    }

    pub(super) fn on_client_closed(&mut self) {
        let Some(Closing { calls, reason, silent }) = self.closing.take() else { return };
        self.client = Client::Closed;
        if let Some(join) = self.join.take() {
            self.settle(join, Err(CallError::Closed { reason: reason.clone() }));
        }
        if !silent {
            self.leave(reason);
        }
        for call in calls {
            self.settle(call, Ok(()));
        }
    }

    fn leave(&mut self, reason: Option<String>) {
        let channel = self.channel.take().map(|channel| channel.name);
        self.set_state(State::Closed);
        let peer_id = self.peer_id.clone();
        self.shared.emit(Event::Left { peer_id, channel, reason });
    }

    /// Lets go of all members and tracks.
    fn forget_members(&mut self) {
        self.roster.clear();
        self.held.clear();
        self.reconciling = None;
        self.shared.live = false;
        while let Some((id, remote)) = self.remotes.pop_first() {
            remote.close(&mut self.shared);
            self.shared.queue.push_back(Output::ForgetRemote(id));
            self.shared.emit(Event::PeerLeft(id));
        }
        self.finish_replacements();
        self.shared.outbox.clear();
        self.shared.tracks.clear();
    }
}

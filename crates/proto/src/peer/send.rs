//! Data of the application, in both directions.

use crate::machine::Instant;
use crate::machine::Level;

use super::Room;
use super::client::Request;
use super::error::CallError;
use super::io::{CallId, ClientCall, Event, Payload, RemoteId, State};

impl<P: Clone + PartialEq> Room<P> {
    /// Sends to everybody in the room. `None`: the user gave nothing that JSON can hold.
    ///
    /// # Errors
    /// [`CallError::NotJoined`], [`CallError::InvalidArguments`], [`CallError::Oversized`]; nothing is sent then.
    pub fn send(&mut self, data: Option<Payload<P>>, now: Instant) -> Result<CallId, CallError> {
        self.tick(now);
        self.check_joined()?;
        let data = data.ok_or(CallError::InvalidArguments)?;
        self.check_size(data.size)?;
        let channel = self.channel.as_ref().map(|channel| channel.name.clone());
        let channel = channel.ok_or(CallError::NotJoined)?;
        self.shared.outbox.spend(self.shared.now);
        let (call, request) = self.user_call();
        self.call_client(ClientCall::Publish { request, channel, data: data.value });
        Ok(call)
    }

    /// Sends to one peer, whether it is in the room or not. `None`: the id is no text.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`CallError::SelfSend`].
    pub fn send_to(
        &mut self,
        peer: Option<&str>,
        data: Option<Payload<P>>,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        self.check_joined()?;
        let peer = peer.filter(|peer| !peer.is_empty()).ok_or(CallError::InvalidArguments)?;
        let data = data.ok_or(CallError::InvalidArguments)?;
        if self.peer_id.as_deref() == Some(peer) {
            return Err(CallError::SelfSend);
        }
        self.check_size(data.size)?;
        if data.is_signal {
            let text = "data in the shape of a signal was sent; the receiver will not see it";
            self.shared.log(Level::Warn, text);
        }
        self.shared.outbox.spend(self.shared.now);
        let (call, request) = self.user_call();
        self.call_client(ClientCall::Send { request, to: peer.to_owned(), data: data.value });
        Ok(call)
    }

    /// Sends to a member.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to); [`CallError::NotJoined`] after it has left.
    pub fn send_to_remote(
        &mut self,
        remote: RemoteId,
        data: Option<Payload<P>>,
        now: Instant,
    ) -> Result<CallId, CallError> {
        let peer = self.remotes.get(&remote).map(|remote| remote.peer.clone());
        let peer = peer.ok_or(CallError::NotJoined)?;
        self.send_to(Some(&peer), data, now)
    }

    fn check_joined(&self) -> Result<(), CallError> {
        if self.state == State::Joined { Ok(()) } else { Err(CallError::NotJoined) }
    }

    pub(super) fn check_size(&self, size: usize) -> Result<(), CallError> {
        let cap = self.shared.max_message_size;
        if size as f64 > cap { Err(CallError::Oversized { size, cap }) } else { Ok(()) }
    }

    fn user_call(&mut self) -> (CallId, super::RequestId) {
        let call = self.ids.call();
        (call, self.request(Request::User(call)))
    }

    pub(super) fn on_message(
        &mut self,
        channel: &str,
        from: String,
        data: P,
        sender_metadata: Option<P>,
    ) {
        let ours = self.channel.as_ref().is_some_and(|own| own.name == channel);
        if ours && self.is_open() && self.peer_id.as_ref() != Some(&from) {
            self.shared.emit(Event::Data { from, data, direct: false, sender_metadata });
        }
    }

    pub(super) fn on_direct(&mut self, from: String, data: P, sender_metadata: Option<P>) {
        if self.is_open() && self.find(&from).is_some() {
            self.shared.emit(Event::Data { from, data, direct: true, sender_metadata });
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Joined | State::Reconnecting)
    }
}

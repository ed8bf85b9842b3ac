//! The user's requests: subscribe, unsubscribe, publish, send, and withdrawing a call (rules 51 to 106).
//!
//! The caller has checked the arguments with `wire::check_channel` and `wire::check_peer_id`.

use super::Machine;
use super::error::CallError;
use super::io::{CallId, Outgoing, SocketId};
use super::requests::{Purpose, Request};
use super::subscriptions::Failure;
use super::time::Instant;

/// How long a request waits for its answer unless the caller says otherwise, in milliseconds (rule 62).
pub const ACK_TIMEOUT_MS: u64 = 15_000;

impl<P, N> Machine<P, N> {
    /// Subscribes to a channel and, from now on, brings the subscription back after a reconnect.
    ///
    /// # Errors
    /// [`CallError::NotConnected`]: nothing was sent, and nothing changed.
    pub fn subscribe(
        &mut self,
        channel: &str,
        include_sender_metadata: bool,
        timeout_ms: u64,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        self.check_connected()?;
        let purpose = if self.options.auto_resubscribe {
            Purpose::Subscribe(self.subscriptions.want(channel, include_sender_metadata))
        } else {
            Purpose::Plain
        };
        let call = self.register(purpose, timeout_ms);
        let channel = channel.to_owned();
        self.send(Some(call), Outgoing::Subscribe { channel, include_sender_metadata });
        if let Purpose::Subscribe(attempt) = purpose {
            self.subscribe_beside(attempt);
        }
        Ok(call)
    }

    /// Forgets a channel, connected or not, and unsubscribes from it.
    ///
    /// # Errors
    /// [`CallError::NotConnected`]: nothing was sent, but the channel is forgotten.
    pub fn unsubscribe(
        &mut self,
        channel: &str,
        timeout_ms: u64,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        self.subscriptions.forget(channel);
        self.check_connected()?;
        let call = self.register(Purpose::Plain, timeout_ms);
        let frame = Outgoing::Unsubscribe { channel: channel.to_owned() };
        self.send(Some(call), frame.clone());
        self.send_beside(frame);
        Ok(call)
    }

    /// Registers a `publish` or `send` whose data has `size` bytes of JSON. The driver builds the frame, with the call's number as
    /// its `requestId`, and passes it to [`transmit`](Self::transmit). If nothing is queued ([`has_output`](Self::has_output)),
    /// it may instead write the frame itself, to the socket that [`transmitted`](Self::transmitted) gives.
    ///
    /// # Errors
    /// [`CallError::Oversized`] and [`CallError::NotConnected`]: nothing was sent.
    pub fn reserve(
        &mut self,
        size: usize,
        timeout_ms: u64,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        if size as f64 > self.max_message_size {
            return Err(CallError::Oversized { size, cap: self.max_message_size });
        }
        self.check_connected()?;
        Ok(self.register(Purpose::Plain, timeout_ms))
    }

    /// Queues the frame of a registered request.
    pub fn transmit(&mut self, call: CallId, frame: String) {
        self.send(Some(call), Outgoing::Ready(frame));
    }

    /// The driver writes the frame of a registered request itself, to this socket.
    pub fn transmitted(&mut self, call: CallId) -> Option<SocketId> {
        let socket = self.link.socket()?;
        self.requests.mark_sent(call).then_some(socket)
    }

    /// The largest payload that the server takes, in bytes of JSON.
    #[must_use]
    pub fn max_message_size(&self) -> f64 {
        self.max_message_size
    }

    /// Gives a request this long for its answer, from now on. Does nothing if it is already answered.
    pub fn set_timeout(&mut self, call: CallId, timeout_ms: u64, now: Instant) {
        let now = self.tick(now);
        self.requests.set_timeout(call, timeout_ms, now);
    }

    /// Withdraws a call. Does nothing if it is already answered.
    pub fn abort(&mut self, call: CallId, now: Instant) {
        self.tick(now);
        if self.session.connect == Some(call) {
            self.abort_connect(call);
            return;
        }
        if let Some(request) = self.requests.take(call) {
            let error = CallError::Aborted { outcome: request.outcome() };
            self.fail(request, Failure::Definite, error);
        }
    }

    /// Handles a failed request: tells its caller and rolls a subscription back. The client's own subscribes are tried again.
    pub(super) fn fail(&mut self, request: Request, failure: Failure, error: CallError) {
        match request.purpose {
            Purpose::Plain => {}
            Purpose::Subscribe(attempt) => self.subscriptions.roll_back(attempt, failure),
            Purpose::Replay(attempt) => return self.on_replay_failed(attempt, error),
            Purpose::Join(attempt) => return self.on_joined(attempt, true),
        }
        self.settle(request.call, Err(error));
    }

    fn register(&mut self, purpose: Purpose, timeout_ms: u64) -> CallId {
        let call = CallId(self.ids.next());
        self.requests.add(call, purpose, timeout_ms, self.now);
        call
    }

    fn check_connected(&self) -> Result<(), CallError> {
        if self.link.is_ready() { Ok(()) } else { Err(CallError::NotConnected) }
    }
}

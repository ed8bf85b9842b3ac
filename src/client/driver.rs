//! What a platform does for the client: the machine behind a lock, and something that carries out what it says.

use futures::channel::oneshot;
use std::sync::Arc;

use super::emitter::Emitter;
use super::send::{MaybeSend, MaybeSync};
use metered_realtime_proto::machine::{ACK_TIMEOUT_MS, CallError, CallId, Instant, Machine, State};
use metered_realtime_proto::wire::OutgoingFrame;

/// How the machine answers.
pub(crate) type Answer = Result<(), CallError>;

/// A call that the machine took, and where its answer comes.
pub(crate) type Called = (CallId, oneshot::Receiver<Answer>);

/// A request whose arguments are checked. `data` is JSON text.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    Subscribe { channel: &'a str, include_sender_metadata: bool },
    Unsubscribe { channel: &'a str },
    Publish { channel: &'a str, data: &'a str },
    Send { to: &'a str, data: &'a str },
}

impl Wanted<'_> {
    /// Asks the machine.
    pub(crate) fn ask<P>(
        self,
        machine: &mut Machine<P>,
        now: Instant,
    ) -> Result<CallId, CallError> {
        match self {
            Wanted::Subscribe { channel, include_sender_metadata } => {
                machine.subscribe(channel, include_sender_metadata, ACK_TIMEOUT_MS, now)
            }
            Wanted::Unsubscribe { channel } => machine.unsubscribe(channel, ACK_TIMEOUT_MS, now),
            Wanted::Publish { channel, data } => {
                let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
                let frame = OutgoingFrame::Publish { channel, data, request_id: call.0 };
                machine.transmit(call, frame.to_text());
                Ok(call)
            }
            Wanted::Send { to, data } => {
                let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
                let frame = OutgoingFrame::Send { to, data, request_id: call.0 };
                machine.transmit(call, frame.to_text());
                Ok(call)
            }
        }
    }
}

/// One client on its platform. Every method takes effect at once, and may be called inside of every handler.
pub(crate) trait Driver: MaybeSend + MaybeSync {
    fn emitter(&self) -> &Emitter;

    fn state(&self) -> State;

    fn connect(self: Arc<Self>) -> Result<Called, CallError>;

    fn close(self: Arc<Self>, code: u16, reason: &str) -> oneshot::Receiver<Answer>;

    /// The current task waits for `close()`. If it is a handler, `close()` must not wait for it.
    fn close_is_awaited(&self);

    fn request(&self, wanted: Wanted<'_>) -> Result<Called, CallError>;

    /// A request waits this long for its answer, from now on.
    fn set_timeout(&self, call: CallId, timeout_ms: u64);

    /// Nobody waits for a call any more.
    fn withdraw(&self, call: CallId);

    /// The last handle is gone.
    fn hang_up(&self);
}

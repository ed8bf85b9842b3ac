//! The interface between the client's surface and the platform that drives it.

use futures::channel::oneshot;

use super::emitter::Emitter;
use super::send::{MaybeSend, MaybeSync};
use metered_realtime_proto::machine::{ACK_TIMEOUT_MS, CallError, CallId, Instant, Machine, State};
use metered_realtime_proto::wire::OutgoingFrame;

/// How a call ended.
pub(crate) type CallResult = Result<(), CallError>;

/// A call that the machine accepted, and where its result arrives.
pub(crate) type PendingCall = (CallId, oneshot::Receiver<CallResult>);

/// A request with valid arguments. `data` is JSON text.
#[derive(Clone, Copy)]
pub(crate) enum NewRequest<'a> {
    Subscribe { channel: &'a str, include_sender_metadata: bool },
    Unsubscribe { channel: &'a str },
    Publish { channel: &'a str, data: &'a str },
    Send { to: &'a str, data: &'a str },
}

impl NewRequest<'_> {
    /// Hands the request to the machine.
    pub(crate) fn submit<P>(
        self,
        machine: &mut Machine<P>,
        now: Instant,
    ) -> Result<CallId, CallError> {
        match self {
            NewRequest::Subscribe { channel, include_sender_metadata } => {
                machine.subscribe(channel, include_sender_metadata, ACK_TIMEOUT_MS, now)
            }
            NewRequest::Unsubscribe { channel } => {
                machine.unsubscribe(channel, ACK_TIMEOUT_MS, now)
            }
            NewRequest::Publish { channel, data } => {
                let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
                let frame = OutgoingFrame::Publish { channel, data, request_id: call.0 };
                machine.transmit(call, frame.to_text());
                Ok(call)
            }
            NewRequest::Send { to, data } => {
                let call = machine.reserve(data.len(), ACK_TIMEOUT_MS, now)?;
                let frame = OutgoingFrame::Send { to, data, request_id: call.0 };
                machine.transmit(call, frame.to_text());
                Ok(call)
            }
        }
    }
}

/// One client on its platform. Every method takes effect at once and may be called inside any handler.
pub(crate) trait Driver: MaybeSend + MaybeSync {
    fn emitter(&self) -> &Emitter;

    fn state(&self) -> State;

    fn connect(&self) -> Result<PendingCall, CallError>;

    fn close(&self, code: u16, reason: &str) -> oneshot::Receiver<CallResult>;

    /// The current task awaits `close()`. If it is a handler, `close()` must not wait for it.
    fn current_task_awaits_close(&self);

    fn request(&self, request: NewRequest<'_>) -> Result<PendingCall, CallError>;

    /// From now on the request waits this long for its answer.
    fn set_timeout(&self, call: CallId, timeout_ms: u64);

    /// The caller is no longer interested in the call.
    fn withdraw(&self, call: CallId);

    /// The last handle was dropped.
    fn handles_are_gone(&self);
}

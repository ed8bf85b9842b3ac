//! The calls of a user.

use metered_realtime_proto::machine::{ACK_TIMEOUT_MS, CallError, CallId, Input};
use metered_realtime_proto::wire::OutgoingFrame;

use super::Sim;

impl Sim {
    /// `connect()`, which must be legal.
    pub(crate) fn connect(&mut self) -> CallId {
        self.try_connect().expect("connect() is legal")
    }

    /// `connect()`.
    pub(crate) fn try_connect(&mut self) -> Result<CallId, CallError> {
        let call = self.machine.connect(self.now);
        self.called("connect", call)
    }

    /// `close()` with the defaults.
    pub(crate) fn close(&mut self) -> CallId {
        self.close_with(1000, metered_realtime_proto::machine::DEFAULT_CLOSE_REASON)
    }

    /// `close(code, reason)`.
    pub(crate) fn close_with(&mut self, code: u16, reason: &str) -> CallId {
        self.mark_handlers_to_drop();
        let call = self.machine.close(code, reason, self.now);
        self.labels.insert(call, "close".into());
        self.pump();
        call
    }

    /// `subscribe(channel)`.
    pub(crate) fn subscribe(&mut self, channel: &str) -> Result<CallId, CallError> {
        self.subscribe_with(channel, false)
    }

    /// `subscribe(channel, { includeSenderMetadata })`.
    pub(crate) fn subscribe_with(
        &mut self,
        channel: &str,
        metadata: bool,
    ) -> Result<CallId, CallError> {
        let call = self.machine.subscribe(channel, metadata, ACK_TIMEOUT_MS, self.now);
        self.called(&format!("subscribe {channel}"), call)
    }

    /// `unsubscribe(channel)`.
    pub(crate) fn unsubscribe(&mut self, channel: &str) -> Result<CallId, CallError> {
        let call = self.machine.unsubscribe(channel, ACK_TIMEOUT_MS, self.now);
        self.called(&format!("unsubscribe {channel}"), call)
    }

    /// `publish(channel, data)`, with the JSON of `data`.
    pub(crate) fn publish(&mut self, channel: &str, data: &str) -> Result<CallId, CallError> {
        self.publish_within(channel, data, ACK_TIMEOUT_MS)
    }

    /// The same with a timeout of its own.
    pub(crate) fn set_timeout(&mut self, call: CallId, timeout_ms: u64) {
        self.machine.set_timeout(call, timeout_ms, self.now);
    }

    pub(crate) fn publish_within(
        &mut self,
        channel: &str,
        data: &str,
        timeout_ms: u64,
    ) -> Result<CallId, CallError> {
        let call = self.machine.reserve(data.len(), timeout_ms, self.now).inspect(|call| {
            let frame = OutgoingFrame::Publish { channel, data, request_id: call.0 };
            self.machine.transmit(*call, frame.to_text());
        });
        self.called(&format!("publish {channel}"), call)
    }

    /// `send(peer, data)`, with the JSON of `data`.
    pub(crate) fn send(&mut self, to: &str, data: &str) -> Result<CallId, CallError> {
        let call = self.machine.reserve(data.len(), ACK_TIMEOUT_MS, self.now).inspect(|call| {
            let frame = OutgoingFrame::Send { to, data, request_id: call.0 };
            self.machine.transmit(*call, frame.to_text());
        });
        self.called(&format!("send {to}"), call)
    }

    /// Withdraws a call.
    pub(crate) fn abort(&mut self, call: CallId) {
        self.machine.abort(call, self.now);
        self.pump();
    }

    /// The network or the page comes back.
    pub(crate) fn wake(&mut self) {
        self.input(Input::Wake);
    }

    /// The result of a call; `None` while it is pending.
    pub(crate) fn answer(&self, call: CallId) -> Option<&Result<(), CallError>> {
        self.results.get(&call)
    }

    /// The error of a failed call.
    pub(crate) fn error(&self, call: CallId) -> &CallError {
        let answer = self.answer(call).expect("the call is answered");
        answer.as_ref().expect_err("the call failed")
    }

    /// Whether a call succeeded.
    pub(crate) fn succeeded(&self, call: CallId) -> bool {
        self.answer(call) == Some(&Ok(()))
    }

    fn called(
        &mut self,
        label: &str,
        call: Result<CallId, CallError>,
    ) -> Result<CallId, CallError> {
        if let Ok(call) = call {
            self.labels.insert(call, label.into());
        }
        self.pump();
        call
    }
}

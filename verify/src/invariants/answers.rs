//! Calls are answered once, in time, and correctly.

use metered_realtime_proto::machine::{CallError, CallId, Machine, Outcome, State};

use super::calls::{Call, What};
use super::{Broken, Checker, rule};

impl Checker {
    pub(super) fn settles(
        &mut self,
        id: CallId,
        result: &Result<(), CallError>,
    ) -> Result<(), Broken> {
        let Some(at) = self.calls.find(id) else {
            return rule("only calls are answered", false, || format!("{id:?}"));
        };
        let call = &self.calls.calls[at];
        let about = || format!("{} {:?}: {result:?}", id.0, call.what);
        rule("a call is answered once", call.settled.is_none(), about)?;
        rule("replays are answered to nobody", call.what != What::Replay, about)?;
        rule("the answer fits the call", fits(call.what, result), about)?;
        match result {
            Ok(()) => self.check_success(call)?,
            Err(error) => self.check_failure(call, error)?,
        }
        let outcome = result.as_ref().err().map(CallError::outcome);
        if call.what == What::Close {
            // If a connect() came after it, or another close() still waits, outputs may follow.
            let last = !self.calls.waiting().any(|call| call.what == What::Close && call.id != id);
            let reopened = self.last_connect.is_some_and(|connect| connect > id);
            self.silent = self.shut && last && !reopened;
        }
        self.subscriptions.settled(id, outcome, matches!(result, Err(CallError::Aborted { .. })));
        self.calls.calls[at].settled = Some(outcome);
        self.calls.pending.retain(|pending| *pending != id);
        Ok(())
    }

    fn check_success(&self, call: &Call) -> Result<(), Broken> {
        let about = || format!("{} {:?}", call.id.0, call.what);
        match call.what {
            What::Connect => rule("connect() needs a welcome", self.connected_events > 0, about),
            What::Close => {
                let done = self.listeners_gone && self.streams_ended;
                rule("close() drops listeners and ends streams first", done, about)
            }
            What::Subscribe { .. }
            | What::Unsubscribe { .. }
            | What::Plain { .. }
            | What::Replay => rule("success needs an ack", call.acked, about),
        }
    }

    fn check_failure(&self, call: &Call, error: &CallError) -> Result<(), Broken> {
        let about = || format!("{} {:?}: {error:?}", call.id.0, call.what);
        let text = match error {
            CallError::Connect(close) => close.cause.as_deref().unwrap_or_default(),
            CallError::Token(failure) => failure.message.as_str(),
            CallError::Rejected { .. }
            | CallError::AckTimeout { .. }
            | CallError::Aborted { .. }
            | CallError::NotConnected
            | CallError::Disconnected { .. }
            | CallError::Unavailable
            | CallError::WrongState { .. }
            | CallError::Oversized { .. } => "",
        };
        let leaks = text.contains("pk_live") || text.contains("hidden");
        rule("errors hold no credential", !leaks, about)?;
        match error {
            CallError::Rejected { code, .. } => {
                rule("a rejection needs an error frame", call.refused.contains(code), about)?;
            }
            CallError::AckTimeout { timeout_ms } => {
                let due = call.at.after(call.timeout);
                rule("no request times out early", self.clock >= due, about)?;
                let same = *timeout_ms == call.timeout;
                rule("a request has the timeout of its call", same, about)?;
            }
            CallError::Aborted { .. } => {
                rule("an aborted call was withdrawn", call.aborted, about)?;
            }
            CallError::NotConnected => {
                rule("a frame that was not sent had failed", call.send_failed, about)?;
            }
            CallError::Connect(_)
            | CallError::Token(_)
            | CallError::Disconnected { .. }
            | CallError::Unavailable
            | CallError::WrongState { .. }
            | CallError::Oversized { .. } => {}
        }
        if matches!(call.what, What::Connect | What::Close) {
            return Ok(());
        }
        match error.outcome() {
            Outcome::NotSent => {
                rule("notSent means that the frame was not sent", !call.written, about)
            }
            Outcome::Unknown => {
                // A timeout before the frame is carried out counts as unknown too, to be on the safe side.
                let timeout = matches!(error, CallError::AckTimeout { .. });
                rule("unknown means that the frame was sent", call.given || timeout, about)
            }
            Outcome::Rejected => Ok(()),
        }
    }

    /// The driver answered a call on the short way.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn acked_directly(&mut self, call: CallId) -> Result<(), Broken> {
        self.calls.note_ack(&call.0.to_string());
        self.settles(call, &Ok(()))
    }

    pub(super) fn check_calls(&self, machine: &Machine<String>) -> Result<(), Broken> {
        for call in self.calls.waiting() {
            let about = || format!("{} {:?}", call.id.0, call.what);
            rule("an aborted call is answered at once", !call.aborted, about)?;
            if self.shown == State::Closed {
                let waits = call.what == What::Close;
                rule("a closed client has answered every call", waits, about)?;
            }
        }
        let known = self.calls.requests_pending();
        let in_flight = machine.requests_in_flight();
        // Each channel may have several replays, as channels are unsubscribed and subscribed again.
        let replays = crate::messages::CHANNELS.len() * 6;
        let plausible = (known..=known + replays).contains(&in_flight);
        rule("requests are neither lost nor kept", plausible, || {
            format!("{in_flight} in flight, {known} known")
        })?;
        let channels = machine.tracked_channels();
        rule("only known channels are tracked", channels <= crate::messages::CHANNELS.len(), || {
            format!("{channels}")
        })
    }
}

fn fits(what: What, result: &Result<(), CallError>) -> bool {
    match what {
        What::Close => result.is_ok(),
        What::Connect => matches!(
            result,
            Ok(())
                | Err(CallError::Connect(_)
                    | CallError::Unavailable
                    | CallError::Token(_)
                    | CallError::Aborted { .. })
        ),
        What::Subscribe { .. } | What::Unsubscribe { .. } | What::Plain { .. } | What::Replay => {
            matches!(
                result,
                Ok(())
                    | Err(CallError::Rejected { .. }
                        | CallError::AckTimeout { .. }
                        | CallError::Disconnected { .. }
                        | CallError::NotConnected
                        | CallError::Aborted { .. })
            )
        }
    }
}

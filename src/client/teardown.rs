//! Which listeners the end of a session drops: those that were there when it began. Listeners that are added meanwhile, by
//! handlers for example, belong to the next session and stay.

use super::emitter::{Emitter, Mark};
use metered_realtime_proto::machine::{Event, State};

#[derive(Default)]
pub(crate) struct Teardown {
    /// Listeners up to here were there when the unfinished `close()` was called.
    closing: Option<Mark>,
    /// Listeners up to here were there when the session ended.
    ending: Option<Mark>,
}

impl Teardown {
    /// `close()` was called.
    pub(crate) fn close_called(&mut self, now: Mark) {
        self.closing = Some(now);
    }

    /// An event is about to reach the listeners.
    pub(crate) fn before_event<P>(&mut self, event: &Event<P>, emitter: &Emitter) {
        match event {
            Event::Disconnected { will_reconnect: false, .. }
            | Event::StateChange { to: State::Closed, .. } => {
                if self.ending.is_none() && self.closing.is_none() {
                    self.ending = Some(emitter.mark());
                }
            }
            Event::StateChange { .. } => self.ending = None,
            Event::Connected(_)
            | Event::Disconnected { .. }
            | Event::Application(_)
            | Event::ServerError { .. }
            | Event::GoingAway { .. }
            | Event::TokenProviderError { .. } => {}
        }
    }

    /// `close()` is done: it drops the handlers up to this mark.
    pub(crate) fn take_handlers(&mut self, emitter: &Emitter) -> Mark {
        let mark = self.closing.take().unwrap_or_else(|| emitter.mark());
        self.ending = Some(mark);
        mark
    }

    /// The session is over: it ends the streams up to this mark.
    pub(crate) fn take_streams(&mut self, emitter: &Emitter) -> Mark {
        self.ending.take().unwrap_or_else(|| emitter.mark())
    }
}

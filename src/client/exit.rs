//! Which listeners an exit drops: those that were there when it came. What its handlers make is for the time after it.

use super::emitter::{Emitter, Mark};
use metered_realtime_proto::machine::{Event, State};

#[derive(Default)]
pub(crate) struct Exit {
    /// When the `close()` was called that is not done yet.
    closing: Option<Mark>,
    /// When the exit that is being told began.
    ending: Option<Mark>,
}

impl Exit {
    /// `close()` is called.
    pub(crate) fn close(&mut self, now: Mark) {
        self.closing = Some(now);
    }

    /// An event is about to be told.
    pub(crate) fn note<P>(&mut self, event: &Event<P>, emitter: &Emitter) {
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

    /// A `close()` is done: which handlers it drops.
    pub(crate) fn take_handlers(&mut self, emitter: &Emitter) -> Mark {
        let mark = self.closing.take().unwrap_or_else(|| emitter.mark());
        self.ending = Some(mark);
        mark
    }

    /// Which streams the exit ends.
    pub(crate) fn take_streams(&mut self, emitter: &Emitter) -> Mark {
        self.ending.take().unwrap_or_else(|| emitter.mark())
    }
}

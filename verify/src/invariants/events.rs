//! States and events come in their order.

use metered_realtime_proto::machine::{Connected, Event, SocketId, State};
use metered_realtime_proto::wire::ServerFrame;

use super::{Broken, Checker, rule};

impl Checker {
    /// Whether an event may be emitted now.
    ///
    /// # Errors
    /// The rule that is broken.
    fn event_allowed(&self) -> Result<(), Broken> {
        rule("nothing is emitted once close() is answered", !self.silent, String::new)
    }

    /// The driver asked whether a message may go past the queue. `busy`: an output came first.
    pub(crate) fn admits(
        &mut self,
        socket: SocketId,
        admitted: bool,
        busy: bool,
    ) -> Result<(), Broken> {
        let right = if admitted {
            !busy && self.sockets.iter().any(|(open, _)| *open == socket.0)
        } else {
            busy || self.current(socket).is_none()
        };
        rule("messages of the sockets in use become events", right, || {
            format!("{admitted}, {busy}")
        })?;
        if admitted { self.event_allowed() } else { Ok(()) }
    }

    pub(super) fn event(&mut self, event: &Event<String>) -> Result<(), Broken> {
        self.event_allowed()?;
        match event {
            Event::StateChange { from, to } => self.state_changes(*from, *to),
            Event::Connected(connected) => self.connected(connected),
            Event::Disconnected { will_reconnect, .. } => self.disconnected(*will_reconnect),
            Event::Application(_) | Event::GoingAway { .. } => {
                if self.expected.front() == Some(event) {
                    self.expected.pop_front();
                    return Ok(());
                }
                let possible = self.possible.iter().position(|other| other == event);
                possible.map(|at| self.possible.remove(at));
                rule("events are what peers sent, in order", possible.is_some(), || {
                    format!("{event:?}, expected {:?}", self.expected.front())
                })
            }
            Event::ServerError { code, channel, .. } => {
                let told = self.refusals.iter().position(|refusal| refusal == code);
                told.map(|at| self.refusals.remove(at));
                let known = channel.is_none() || self.calls.is_refused_replay(code);
                rule("only refused replays are reported as lost", known, || code.clone())
            }
            Event::TokenProviderError { consecutive_failures, error } => {
                let told = *consecutive_failures;
                let right = self.untold_failures > 0 && told >= 3;
                self.untold_failures = self.untold_failures.saturating_sub(1);
                let real = self.token_failures.saturating_sub(self.untold_failures);
                rule("failures of the token provider are counted", right && told == real, || {
                    format!("{told} told, {real} counted")
                })?;
                let leaks = error.message.contains("hidden");
                rule("failures hold no credential", !leaks, || error.message.clone())
            }
        }
    }

    /// All streams end.
    pub(super) fn streams_end(&mut self) {
        self.streams_ended = true;
    }

    fn state_changes(&mut self, from: State, to: State) -> Result<(), Broken> {
        let about = || format!("{from:?} to {to:?}, shown {:?}", self.shown);
        rule("state changes follow each other", from == self.shown, about)?;
        let legal = matches!(
            (from, to),
            (State::Idle, State::Connecting | State::Closed)
                | (State::Connecting, State::Connected | State::Closed)
                | (State::Connected | State::Reconnecting, State::Closed)
                | (State::Connected, State::Reconnecting)
                | (State::Reconnecting, State::Connected)
                | (State::Closed, State::Connecting)
        );
        rule("only legal changes of the state happen", legal, about)?;
        if to == State::Closed {
            let finals = u32::from(self.ever);
            rule("a session has one final event", self.finals == finals, || {
                format!("{} times, ever connected: {}", self.finals, self.ever)
            })?;
        }
        self.shown = to;
        self.announced = false;
        match to {
            State::Connecting => {
                self.streams_ended = false;
                self.ever = false;
                self.finals = 0;
                self.connected_events = 0;
            }
            State::Connected => self.ever = true,
            State::Idle | State::Reconnecting | State::Closed => {}
        }
        Ok(())
    }

    fn connected(&mut self, connected: &Connected) -> Result<(), Broken> {
        self.unannounced = None;
        let shown = self.shown;
        let about = || format!("{connected:?}, shown {shown:?}");
        rule("connected comes when connected", shown == State::Connected, about)?;
        if std::mem::replace(&mut self.announced, true) {
            self.took_over(connected)?;
        }
        let again = self.connected_events > 0;
        rule("is_reconnect is right", connected.is_reconnect == again, about)?;
        let welcome = self.last_welcome.as_ref();
        let same = welcome.is_some_and(|welcome| {
            welcome.peer_id == connected.peer_id
                && welcome.max_message_size == connected.max_message_size
                && welcome.expires_at == connected.expires_at
        });
        rule("connected has the fields of the welcome", same, about)?;
        self.connected_events += 1;
        Ok(())
    }

    fn disconnected(&mut self, will_reconnect: bool) -> Result<(), Broken> {
        let about = || format!("will_reconnect {will_reconnect}, shown {:?}", self.shown);
        let was_up = matches!(self.shown, State::Connected | State::Reconnecting);
        rule("disconnected follows a connection", was_up && self.ever, about)?;
        rule("nothing follows the end of a session", self.finals == 0, about)?;
        if !will_reconnect {
            self.finals += 1;
        }
        Ok(())
    }
}

/// What users see of a frame.
pub(super) fn event_of(frame: &ServerFrame<String>) -> Option<Event<String>> {
    match frame.clone() {
        ServerFrame::Application(frame) => Some(Event::Application(frame)),
        ServerFrame::GoingAway { retry_after_ms } => Some(Event::GoingAway { retry_after_ms }),
        ServerFrame::Welcome(_)
        | ServerFrame::Ack { .. }
        | ServerFrame::Error { .. }
        | ServerFrame::Pong => None,
    }
}

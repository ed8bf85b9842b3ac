//! What is done about a member that does not answer, and about a connection that does not work.

use crate::machine::{Instant, Level};

use super::connection::Patience;
use super::error::Failure;
use super::io::{IceState, RemoteEvent};
use super::ladder::Remedy;
use super::offers::SESSION_PAUSE_MS;
use super::remote::Remote;
use super::shared::Shared;
use super::signal::Signal;

/// An offer without an answer is sent again after this long, then after twice as long, and so on; in milliseconds.
const AGAIN_MS: u64 = 4_000;

/// After this long the connection is replaced, or an ICE restart tried again; in milliseconds.
const ANSWER_MS: u64 = 15_000;

/// Connections that are replaced one after the other live longer and longer, up to this; in milliseconds.
const LONGEST_ANSWER_MS: u64 = 60_000;

/// An interruption may pass by itself for this long, in milliseconds.
const INTERRUPTION_MS: u64 = 5_000;

/// After a negotiation a connection has this long to work, in milliseconds.
const STALLED_MS: u64 = 20_000;

/// The right answer may follow the wrong one within this time, in milliseconds.
const SECOND_ANSWER_MS: u64 = 1_000;

/// What a member has tried when the room gives up.
const EXHAUSTED: &str = "IceRestartExhaustedError";

impl<P: Clone + PartialEq> Remote<P> {
    /// Sends the local offer, if it is not sent yet.
    pub(super) fn send_offer(&mut self, shared: &mut Shared<P>) {
        let Some(offer) = self.connection.as_mut().and_then(|it| it.offer.as_mut()) else { return };
        if offer.sent.is_some() {
            return;
        }
        let patience = if offer.restart {
            ANSWER_MS
        } else {
            ANSWER_MS.saturating_mul(1 << self.unanswered.min(8)).min(LONGEST_ANSWER_MS)
        };
        offer.sent = Some(Patience {
            pause: AGAIN_MS,
            again: shared.now.after(AGAIN_MS),
            until: shared.now.after(patience),
        });
        let signal = Signal::Description(offer.description.clone());
        shared.outbox.push(self.id, &self.peer, signal);
        self.send_early_candidates(shared);
    }

    /// An answer came from another connection of the peer.
    pub(super) fn expect_new_session(&mut self, now: Instant) {
        let at = now.after(SECOND_ANSWER_MS).max(self.next_session);
        let offer = self.connection.as_mut().and_then(|it| it.offer.as_mut());
        if let Some(offer) = offer
            && let Some(patience) = &mut offer.sent
        {
            offer.restart = false;
            patience.until = patience.until.min(at);
        }
    }

    /// Offer and answer are exchanged.
    pub(super) fn on_negotiated(&mut self, now: Instant) {
        let Some(connection) = &mut self.connection else { return };
        if connection.is_connected() {
            // No change of its state will tell that the attempt is over.
            self.ladder.left_failed();
        }
        let has_transport = connection.remote.as_ref().is_some_and(|it| !it.ufrags.is_empty());
        if has_transport && connection.speaks && !connection.is_connected() {
            connection.stalled = Some(now.after(STALLED_MS));
        }
    }

    pub(super) fn on_ice_state(&mut self, state: IceState, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        connection.ice = state;
        match state {
            IceState::Failed => self.on_interruption(true, shared),
            IceState::Disconnected => self.on_interruption(false, shared),
            IceState::New | IceState::Checking => self.ladder.left_failed(),
            IceState::Connected | IceState::Completed => {
                connection.disconnected = None;
                self.ladder.left_failed();
            }
            IceState::Closed => {}
        }
    }

    /// The connection is interrupted, perhaps for good.
    pub(super) fn on_interruption(&mut self, failed: bool, shared: &mut Shared<P>) {
        let now = shared.now;
        if !shared.live {
            // The reconcile replaces what does not work.
            return;
        }
        if self.is_on_trial(now) {
            self.rebuild(shared);
        } else if !self.speaks() {
            // Who has something to say mends it. Otherwise two sides that have nothing would do so for ever.
        } else if failed {
            let remedy = self.ladder.failed(now);
            self.remedy(remedy, shared);
        } else if let Some(connection) = &mut self.connection {
            connection.disconnected.get_or_insert(now.after(INTERRUPTION_MS));
        }
    }

    fn speaks(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.speaks)
    }

    /// The other end may be gone.
    pub(super) fn on_sign_of_death(&mut self, shared: &mut Shared<P>) {
        if shared.live && self.is_on_trial(shared.now) {
            self.rebuild(shared);
        } else if let Some(connection) = &mut self.connection
            && connection.transport_closed
        {
            let at = shared.now.after(INTERRUPTION_MS);
            connection.disconnected.get_or_insert(at);
        }
    }

    fn is_on_trial(&self, now: Instant) -> bool {
        self.on_trial.is_some_and(|until| until > now)
    }

    fn remedy(&mut self, remedy: Remedy, shared: &mut Shared<P>) {
        match remedy {
            Remedy::Wait => {}
            Remedy::Rebuild => self.rebuild(shared),
            Remedy::GiveUp => {
                let failure = Failure::new(EXHAUSTED, "the connection could not be restored");
                shared.emit_remote(self.id, RemoteEvent::NegotiationError(failure));
            }
        }
    }

    /// The network came back, or the user asks for it: a connection that does not work is restarted at this time.
    pub(super) fn restart_at(&mut self, at: Instant) {
        let broken = |it: &super::connection::Connection<P>| {
            it.speaks && it.remote.is_some() && !it.is_connected()
        };
        if self.connection.as_ref().is_some_and(broken) {
            self.ladder.begin_at(at);
        }
    }

    /// Begins an attempt of the ladder whose time has come.
    pub(super) fn take_due_attempt(&mut self, shared: &mut Shared<P>) {
        if shared.live
            && self.ladder.take_due(shared.now)
            && let Some(connection) = &mut self.connection
        {
            connection.needs_restart = true;
            connection.restart_is_urgent = connection.offer.as_ref().is_some_and(|it| it.restart);
            shared.log(Level::Info, "restarting a connection that does not work");
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let connection = self.connection.as_ref()?;
        let sent = connection.offer.as_ref().and_then(|offer| offer.sent);
        // An offer that the platform is applying an answer to waits no more.
        let sent = sent.filter(|_| connection.operation.is_none());
        let offer = sent.map(|sent| sent.again.min(sent.until));
        let others =
            [connection.disconnected, connection.stalled, connection.retry, self.ladder.deadline()];
        [offer, self.offer_due()].into_iter().chain(others).flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, shared: &mut Shared<P>) {
        if self.deadline().is_some_and(|deadline| deadline <= shared.now) {
            self.check_offer(shared);
            self.check_connection(shared);
            self.advance(shared);
        }
    }

    fn check_offer(&mut self, shared: &mut Shared<P>) {
        let now = shared.now;
        let Some(connection) = &mut self.connection else { return };
        let busy = connection.operation.is_some();
        let Some(offer) = connection.offer.as_mut().filter(|_| !busy) else { return };
        let Some(patience) = &mut offer.sent else { return };
        if patience.until <= now {
            shared.log(Level::Warn, "a peer does not answer an offer");
            if offer.restart {
                // The next attempt replaces it.
                patience.until = now.after(ANSWER_MS);
                let remedy = self.ladder.attempt_failed(now);
                self.remedy(remedy, shared);
            } else {
                self.unanswered = self.unanswered.saturating_add(1);
                self.next_session = now.after(SESSION_PAUSE_MS);
                self.rebuild(shared);
            }
        } else if patience.again <= now {
            patience.pause = patience.pause.saturating_mul(2);
            patience.again = now.after(patience.pause);
            let signal = Signal::Description(offer.description.clone());
            shared.outbox.push(self.id, &self.peer, signal);
        }
    }

    fn check_connection(&mut self, shared: &mut Shared<P>) {
        let now = shared.now;
        let Some(connection) = &mut self.connection else { return };
        let is_due = |deadline: &mut Option<Instant>| deadline.take_if(|it| *it <= now).is_some();
        if is_due(&mut connection.retry) {
            connection.try_again();
        }
        let (interrupted, stalled) =
            (is_due(&mut connection.disconnected), is_due(&mut connection.stalled));
        if interrupted && connection.transport_closed {
            self.rebuild(shared);
        } else if stalled {
            let remedy = self.ladder.attempt_failed(now);
            self.remedy(remedy, shared);
        } else if interrupted {
            let remedy = self.ladder.failed(now);
            self.remedy(remedy, shared);
        }
    }
}

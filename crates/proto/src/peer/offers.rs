//! Offers of a member: which of them are applied, which are late, and which begin a new session.

use std::collections::VecDeque;

use crate::machine::Instant;

use super::connection::{Answered, Operation};
use super::io::{Order, Signalling};
use super::remote::Remote;
use super::sdp::Origin;
use super::shared::Shared;
use super::signal::{SdpType, Signal};

/// The most offers of a member that are applied in a second.
const OFFERS_A_SECOND: usize = 10;

/// A member may begin a new session this often, in milliseconds.
pub(super) const SESSION_PAUSE_MS: u64 = 2_000;

/// What is to be done with an offer of the peer.
enum Verdict {
    Apply,
    Ignore,
    /// It is the one that was answered last.
    AnswerAgain,
    NewSession,
    Later,
}

impl<P: Clone + PartialEq> Remote<P> {
    /// Deals with the peer's offer; `false`: there is none, or its time has not come.
    pub(super) fn take_offer(&mut self, shared: &mut Shared<P>) -> bool {
        let verdict = self.judge_offer(shared.now);
        if let Some(Verdict::NewSession) = verdict {
            self.follow_new_session(shared);
            return true;
        }
        let (Some(verdict), Some(connection)) = (verdict, &mut self.connection) else {
            return false;
        };
        match verdict {
            Verdict::NewSession | Verdict::Later => return false,
            Verdict::Ignore => self.offered = None,
            Verdict::AnswerAgain => {
                self.offered = None;
                self.applied.push_back(shared.now);
                if let Some(Answered { answer, .. }) = &connection.answered {
                    let signal = Signal::Description(answer.clone());
                    shared.outbox.push(self.id, &self.peer, signal);
                }
            }
            Verdict::Apply => {
                let Some(offer) = self.offered.take() else { return false };
                self.applied.push_back(shared.now);
                let rollback = connection.signalling == Signalling::HaveLocalOffer;
                let sdp = offer.sdp.text.clone();
                connection.operation = Some(Operation::Remote(offer));
                let order = Order::SetRemote { kind: SdpType::Offer, sdp, rollback };
                shared.order(connection.id, order);
            }
        }
        if self.applied.len() > OFFERS_A_SECOND {
            self.applied.pop_front();
        }
        true
    }

    /// The peer has begun anew: so does this side. But two sides that both follow the other's new session would miss each
    /// other for ever, so the impolite one insists on its own offer, or on a new one if it has something to say.
    fn follow_new_session(&mut self, shared: &mut Shared<P>) {
        let Some(connection) = &self.connection else { return };
        let insists = !self.polite && connection.offer.is_some();
        if insists && shared.tracks.is_empty() && !connection.worked {
            self.offered = None;
            return;
        }
        if insists && !shared.tracks.is_empty() {
            self.offered = None;
        }
        self.next_session = shared.now.after(SESSION_PAUSE_MS);
        self.rebuild(shared);
    }

    fn judge_offer(&mut self, now: Instant) -> Option<Verdict> {
        let (offer, connection) = (self.offered.as_ref()?, self.connection.as_mut()?);
        let facts = &offer.sdp.facts;
        let known = connection.remote.as_ref();
        let is_other = known.is_some_and(|known| !known.same_connection(facts));
        let is_new = is_other || connection.misfit;
        if (is_other || known.is_none()) && is_of_the_past(&self.past, facts.origin.as_ref()) {
            return Some(Verdict::Ignore);
        }
        if is_new {
            let too_soon = self.next_session > now;
            return Some(if too_soon { Verdict::Later } else { Verdict::NewSession });
        }
        let known_origin = known.and_then(|known| known.origin.as_ref());
        if let (Some(known), Some(origin)) = (known_origin, &facts.origin)
            && origin.is_before(known)
        {
            return Some(Verdict::Ignore);
        }
        if self.applied.len() == OFFERS_A_SECOND && now.since(self.applied[0]) < 1_000 {
            return Some(Verdict::Later);
        }
        let answered = connection.answered.as_ref();
        if answered.is_some_and(|answered| answered.offer == offer.sdp.text) {
            return Some(Verdict::AnswerAgain);
        }
        if connection.signalling == Signalling::HaveLocalOffer && !self.polite {
            connection.ignores = true;
            return Some(Verdict::Ignore);
        }
        Some(Verdict::Apply)
    }

    /// When the peer's offer that waits may be dealt with.
    pub(super) fn offer_due(&self) -> Option<Instant> {
        let (offer, connection) = (self.offered.as_ref()?, self.connection.as_ref()?);
        if connection.operation.is_some() {
            return None;
        }
        let known = connection.remote.as_ref();
        let is_other = known.is_some_and(|known| !known.same_connection(&offer.sdp.facts));
        if is_other || connection.misfit {
            return Some(self.next_session);
        }
        Some(self.applied.front()?.after(1_000))
    }
}

/// Whether it is of a connection that was left, and not newer than what was seen of that one.
fn is_of_the_past(past: &VecDeque<Origin>, origin: Option<&Origin>) -> bool {
    let Some(origin) = origin else { return false };
    past.iter().any(|past| past.session == origin.session && !past.is_before(origin))
}

//! Offers and answers with one member: perfect negotiation, with one operation at a time.
//!
//! The machine decides what comes next only when the platform has finished what it does, so collisions are seen before
//! anything is applied. An offer is "being made" until the platform has made it; nobody waits for the server's ack.

use crate::machine::Level;

use super::candidates::Next;
use super::connection::{Answered, Connection, Operation, OwnOffer};
use super::error::Failure;
use super::io::{Order, Signalling, TrackId};
use super::remote::Remote;
use super::sdp::Origin;
use super::shared::Shared;
use super::signal::{Candidate, Description, Sdp, SdpType, Signal};

/// No honest description is longer.
const MAX_SDP: usize = 256 * 1024;

impl<P: Clone + PartialEq> Remote<P> {
    pub(super) fn on_description(&mut self, description: Description<P>, shared: &mut Shared<P>) {
        if description.sdp.size > MAX_SDP {
            shared.log(Level::Warn, "dropped a description that is too large");
            return;
        }
        match description.kind {
            SdpType::Answer => self.on_answer(description, shared),
            SdpType::Offer => {
                // The latest one counts.
                let is_older = self.offered.as_ref().is_some_and(|waiting| {
                    is_before(description.sdp.facts.origin.as_ref(), waiting)
                });
                if !is_older {
                    self.offered = Some(description);
                    self.connect(shared);
                }
            }
        }
    }

    /// Applies an answer that belongs to the offer that waits for it. Any other is late, and nobody's fault.
    fn on_answer(&mut self, answer: Description<P>, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        let Some(offer) = connection.offer.as_mut().filter(|offer| offer.sent.is_some()) else {
            return;
        };
        if connection.operation.is_some() || !belongs(&answer, &offer.description) {
            shared.log(Level::Debug, "dropped an answer that came too late");
            return;
        }
        let facts = &answer.sdp.facts;
        if connection.remote.as_ref().is_some_and(|known| !known.same_connection(facts)) {
            // Of another connection of the peer: it has begun anew, unless the right answer follows.
            if answer.answers.is_some() {
                self.expect_new_session(shared.now);
            }
            return;
        }
        let sdp = answer.sdp.text.clone();
        connection.operation = Some(Operation::Remote(answer));
        let order = Order::SetRemote { kind: SdpType::Answer, sdp, rollback: false };
        shared.order(connection.id, order);
    }

    /// Begins whatever comes next, unless something is under way.
    pub(super) fn advance(&mut self, shared: &mut Shared<P>) {
        self.take_due_attempt(shared);
        while shared.live {
            let Some(connection) = &mut self.connection else { return };
            if connection.operation.is_some() {
                return;
            }
            if connection.signalling == Signalling::HaveRemoteOffer && !connection.answer_failed {
                connection.operation = Some(Operation::Answer);
                let order = Order::SetLocal { kind: SdpType::Answer, ice_restart: false };
                shared.order(connection.id, order);
                return;
            }
            if !self.take_offer(shared) {
                self.use_candidates(shared);
                self.send_offer(shared);
                self.begin_offer(shared);
                return;
            }
        }
    }

    fn use_candidates(&mut self, shared: &mut Shared<P>) {
        let Some(connection) = &self.connection else { return };
        while let Some(next) = self.candidates.pop() {
            match next {
                Next::Add(candidate) => {
                    shared.order(connection.id, Order::AddCandidate(candidate));
                }
                Next::TooMany => shared.log(Level::Warn, "a peer sends too many candidates"),
            }
        }
    }

    fn begin_offer(&mut self, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        let wanted = connection.needs_offer || connection.needs_restart;
        let urgent = connection.needs_restart && connection.restart_is_urgent;
        let possible = match connection.signalling {
            Signalling::Stable => wanted,
            Signalling::HaveLocalOffer => urgent,
            Signalling::HaveRemoteOffer => false,
        };
        if possible {
            let restart = connection.needs_restart && connection.remote.is_some();
            connection.needs_offer = false;
            connection.needs_restart = false;
            connection.restart_is_urgent = false;
            connection.operation = Some(Operation::Offer { restart });
            let order = Order::SetLocal { kind: SdpType::Offer, ice_restart: restart };
            shared.order(connection.id, order);
        }
    }

    /// The platform has made a description.
    pub(super) fn on_local(
        &mut self,
        sdp: Sdp<P>,
        senders: &[(TrackId, String)],
        shared: &mut Shared<P>,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let operation = connection.operation.take();
        connection.failures = 0;
        connection.retry = None;
        tell_other_keys(connection, self.id, &self.peer, &sdp, senders, shared);
        match operation {
            Some(Operation::Offer { restart }) => {
                connection.drop_offer();
                connection.signalling = Signalling::HaveLocalOffer;
                let description = Description { kind: SdpType::Offer, sdp, answers: None };
                connection.offer = Some(OwnOffer { description, restart, sent: None });
            }
            Some(Operation::Answer) => {
                connection.signalling = Signalling::Stable;
                let Some(offer) = connection.offered.take() else { return };
                let answers = offer.sdp.facts.origin.as_ref().map(Origin::to_text);
                let answer = Description { kind: SdpType::Answer, sdp, answers };
                let signal = Signal::Description(answer.clone());
                shared.outbox.push(self.id, &self.peer, signal);
                connection.answered = Some(Answered { offer: offer.sdp.text, answer });
                self.send_early_candidates(shared);
                self.on_negotiated(shared.now);
            }
            Some(Operation::Remote(_)) | None => connection.operation = operation,
        }
    }

    /// A description of the peer is applied.
    pub(super) fn on_remote_applied(&mut self, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        let description = match connection.operation.take() {
            Some(Operation::Remote(description)) => description,
            other @ (Some(Operation::Offer { .. } | Operation::Answer) | None) => {
                connection.operation = other;
                return;
            }
        };
        let facts = description.sdp.facts.clone();
        if let Some(origin) = &facts.origin {
            self.past.retain(|past| past.session != origin.session);
        }
        connection.ignores = false;
        connection.answered = None;
        connection.answer_failed = false;
        self.candidates.described(&facts.ufrags);
        self.ladder.skip();
        self.unanswered = 0;
        let before = connection.remote.replace(facts);
        match description.kind {
            SdpType::Answer => {
                connection.signalling = Signalling::Stable;
                connection.offer = None;
                self.on_negotiated(shared.now);
            }
            SdpType::Offer => {
                if let Some(own) = connection.drop_offer() {
                    let Connection { early, dead_ufrags: dead, .. } = &mut *connection;
                    early.retain(|it| !it.ufrag.as_ref().is_some_and(|ufrag| dead.contains(ufrag)));
                    let same_ice =
                        |before| before == connection.remote.as_ref().map(|it| &it.ufrags);
                    let no_restart = same_ice(before.as_ref().map(|facts| &facts.ufrags));
                    connection.needs_restart |= own.restart && no_restart;
                }
                connection.signalling = Signalling::HaveRemoteOffer;
                connection.offered = Some(description);
            }
        }
    }

    pub(super) fn on_operation_failed(
        &mut self,
        signalling: Signalling,
        failure: Failure,
        shared: &mut Shared<P>,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let Some(operation) = connection.operation.take() else { return };
        connection.signalling = signalling;
        match operation {
            Operation::Answer => {
                connection.answer_failed = true;
                connection.try_again_later(shared.now);
            }
            Operation::Offer { .. } => connection.try_again_later(shared.now),
            Operation::Remote(description) => {
                if signalling == Signalling::Stable && connection.drop_offer().is_some() {
                    // It was rolled back for nothing.
                    connection.needs_offer = true;
                }
                let is_offer = description.kind == SdpType::Offer;
                if is_offer && connection.remote.is_some() && !connection.is_connected() {
                    // What the peer has agreed on is not what this side has. A new connection takes any offer.
                    connection.misfit = true;
                    self.offered.get_or_insert(description);
                    return;
                }
            }
        }
        self.fail(failure, shared);
    }

    /// A candidate of one's own. It is sent after its description.
    pub(super) fn on_own_candidate(
        &mut self,
        candidate: Option<Candidate<P>>,
        shared: &mut Shared<P>,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let candidate = candidate.unwrap_or(Candidate { init: None, size: 0, ufrag: None });
        if candidate.ufrag.as_ref().is_some_and(|ufrag| connection.dead_ufrags.contains(ufrag)) {
            return;
        }
        let unsent = connection.offer.as_ref().is_some_and(|offer| offer.sent.is_none());
        let in_the_making = match &connection.operation {
            Some(Operation::Offer { .. } | Operation::Answer) => true,
            Some(Operation::Remote(_)) | None => false,
        };
        if unsent || in_the_making {
            connection.early.push(candidate);
        } else {
            shared.outbox.push(self.id, &self.peer, Signal::Candidate(candidate));
        }
    }

    pub(super) fn send_early_candidates(&mut self, shared: &mut Shared<P>) {
        let Some(connection) = &mut self.connection else { return };
        for candidate in connection.early.drain(..) {
            shared.outbox.push(self.id, &self.peer, Signal::Candidate(candidate));
        }
    }
}

/// Where the media section names a track by another id than its own, the metadata is sent under that id too.
fn tell_other_keys<P: Clone>(
    connection: &mut Connection<P>,
    remote: super::RemoteId,
    to: &str,
    sdp: &Sdp<P>,
    senders: &[(TrackId, String)],
    shared: &mut Shared<P>,
) {
    for (track, mid) in senders {
        let Some(key) = sdp.facts.track_of(mid) else { continue };
        let Some(at) = shared.tracks.iter().position(|own| own.track == *track) else { continue };
        if shared.tracks[at].id != key && !connection.keys.iter().any(|known| known == key) {
            connection.keys.push(key.to_owned());
            shared.tell_metadata(remote, to, key, at);
        }
    }
}

/// Whether the answer belongs to this offer.
fn belongs<P>(answer: &Description<P>, offer: &Description<P>) -> bool {
    if let (Some(answers), Some(origin)) = (&answer.answers, &offer.sdp.facts.origin) {
        return *answers == origin.to_text();
    }
    // An answer has the same sections as its offer.
    let (own, others) = (&offer.sdp.facts.sections, &answer.sdp.facts.sections);
    own.is_empty() || others.is_empty() || own.len() == others.len()
}

fn is_before<P>(origin: Option<&Origin>, other: &Description<P>) -> bool {
    match (origin, &other.sdp.facts.origin) {
        (Some(origin), Some(other)) => origin.is_before(other),
        (None, _) | (_, None) => false,
    }
}

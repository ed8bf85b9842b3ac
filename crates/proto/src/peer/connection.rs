//! One connection of a member: the facts that die with it.

use crate::machine::Instant;

use super::io::{ConnectionId, ConnectionState, IceState, Order, RemoteId, Signalling, TrackId};
use super::sdp::SdpFacts;
use super::shared::Shared;
use super::signal::{Candidate, Description};
use super::streams::Streams;

/// What the platform does at the moment. There is one at a time, so that their order is the machine's.
#[derive(Debug)]
pub(super) enum Operation<P> {
    /// It makes an offer.
    Offer { restart: bool },
    /// It makes an answer.
    Answer,
    /// It applies a description of the peer.
    Remote(Description<P>),
}

/// An own offer that waits for its answer.
#[derive(Debug)]
pub(super) struct OwnOffer<P> {
    pub(super) description: Description<P>,
    /// It has new ICE credentials.
    pub(super) restart: bool,
    /// It was sent, and when it is sent again, or given up.
    pub(super) sent: Option<Patience>,
}

/// How long an own offer waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The wait before the next time that it is sent, in milliseconds.
    pub(super) pause: u64,
    pub(super) again: Instant,
    pub(super) until: Instant,
}

/// The offer that was answered last, and the answer.
#[derive(Debug)]
pub(super) struct Answered<P> {
    pub(super) offer: P,
    pub(super) answer: Description<P>,
}

/// A track that the connection sends.
#[derive(Debug)]
struct Attached {
    track: TrackId,
    id: String,
    has_metadata: bool,
}

#[derive(Debug)]
pub(super) struct Connection<P> {
    pub(super) id: ConnectionId,
    pub(super) state: ConnectionState,
    /// It was connected at some time.
    pub(super) worked: bool,
    pub(super) ice: IceState,
    pub(super) signalling: Signalling,
    pub(super) operation: Option<Operation<P>>,
    /// Something is to be negotiated.
    pub(super) needs_offer: bool,
    /// This side has something to say: it wanted to negotiate, or the user has taken the connection in hand.
    pub(super) speaks: bool,
    /// The next offer has new ICE credentials.
    pub(super) needs_restart: bool,
    /// That offer replaces one that waits for its answer.
    pub(super) restart_is_urgent: bool,
    /// The peer's offer does not fit it.
    pub(super) misfit: bool,
    /// The answer to the peer's offer could not be made; it is not tried again.
    pub(super) answer_failed: bool,
    /// Own descriptions in a row that could not be made, and when the next is tried.
    pub(super) failures: u32,
    pub(super) retry: Option<Instant>,
    pub(super) offer: Option<OwnOffer<P>>,
    /// The facts of the description that was applied last.
    pub(super) remote: Option<SdpFacts>,
    /// The peer's offer, while its answer is made.
    pub(super) offered: Option<Description<P>>,
    pub(super) answered: Option<Answered<P>>,
    /// Own candidates whose description is not sent yet.
    pub(super) early: Vec<Candidate<P>>,
    /// The ICE credentials of own offers that count no more. Their candidates are of no use to anybody.
    pub(super) dead_ufrags: Vec<String>,
    /// An offer was ignored; candidates may belong to it.
    pub(super) ignores: bool,
    attached: Vec<Attached>,
    /// Further keys under which metadata of a track was sent to the peer.
    pub(super) keys: Vec<String>,
    pub(super) streams: Streams,
    /// When to act unless it is connected by then.
    pub(super) disconnected: Option<Instant>,
    /// The same, from the end of a negotiation on.
    pub(super) stalled: Option<Instant>,
    /// The other end has closed its transport.
    pub(super) transport_closed: bool,
}

/// The most dead ICE credentials that are remembered.
const MAX_DEAD: usize = 16;

/// A description that could not be made is tried again after this long, then after twice as long, and so on; in
/// milliseconds.
const RETRY_MS: u64 = 4_000;

/// The pause grows up to this, in milliseconds.
const LONGEST_RETRY_MS: u64 = 60_000;

impl<P> Connection<P> {
    pub(super) fn new(id: ConnectionId) -> Connection<P> {
        Connection {
            id,
            state: ConnectionState::New,
            worked: false,
            ice: IceState::New,
            signalling: Signalling::Stable,
            operation: None,
            needs_offer: false,
            speaks: false,
            needs_restart: false,
            restart_is_urgent: false,
            misfit: false,
            answer_failed: false,
            failures: 0,
            retry: None,
            offer: None,
            remote: None,
            offered: None,
            answered: None,
            early: Vec::new(),
            dead_ufrags: Vec::new(),
            ignores: false,
            attached: Vec::new(),
            keys: Vec::new(),
            streams: Streams::default(),
            disconnected: None,
            stalled: None,
            transport_closed: false,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.state == ConnectionState::Connected
    }

    /// Whether anything was negotiated or is about to be.
    pub(super) fn is_untouched(&self) -> bool {
        let quiet = self.operation.is_none() && !self.needs_offer && self.offer.is_none();
        quiet && self.remote.is_none()
    }

    /// The facts of the peer's latest description, also while it is applied.
    pub(super) fn facts(&self) -> Option<&SdpFacts> {
        match &self.operation {
            Some(Operation::Remote(description)) => Some(&description.sdp.facts),
            Some(Operation::Offer { .. } | Operation::Answer) | None => self.remote.as_ref(),
        }
    }

    /// A description could not be made.
    pub(super) fn try_again_later(&mut self, now: Instant) {
        let pause = RETRY_MS.saturating_mul(1 << self.failures.min(8)).min(LONGEST_RETRY_MS);
        self.failures = self.failures.saturating_add(1);
        self.retry = Some(now.after(pause));
    }

    /// Makes it now.
    pub(super) fn try_again(&mut self) {
        if self.signalling == Signalling::HaveRemoteOffer {
            self.answer_failed = false;
        } else {
            self.needs_offer = true;
        }
    }

    /// Forgets the local offer.
    pub(super) fn drop_offer(&mut self) -> Option<OwnOffer<P>> {
        let offer = self.offer.take()?;
        self.dead_ufrags.extend(offer.description.sdp.facts.ufrags.iter().cloned());
        let surplus = self.dead_ufrags.len().saturating_sub(MAX_DEAD);
        self.dead_ufrags.drain(..surplus);
        Some(offer)
    }

    pub(super) fn sends(&self, track: TrackId) -> bool {
        self.attached.iter().any(|attached| attached.track == track)
    }

    /// It sends the new track in the place of the old one.
    pub(super) fn replaced(&mut self, old: TrackId, new: Option<(TrackId, &str)>) {
        match new {
            Some((new, id)) => {
                for attached in self.attached.iter_mut().filter(|it| it.track == old) {
                    attached.track = new;
                    attached.id = id.to_owned();
                }
            }
            None => self.attached.retain(|attached| attached.track != old),
        }
    }
}

impl<P: Clone> Connection<P> {
    /// Makes it send what the user sends, no more and no less, and tells the peer about it.
    pub(super) fn attach_tracks(&mut self, remote: RemoteId, to: &str, shared: &mut Shared<P>) {
        let (kept, gone) = std::mem::take(&mut self.attached)
            .into_iter()
            .partition(|it| shared.tracks.iter().any(|own| own.track == it.track));
        self.attached = kept;
        for Attached { track, id, has_metadata } in gone {
            if has_metadata {
                shared.tell_to_forget(remote, to, &id);
            }
            shared.order(self.id, Order::RemoveTrack { track });
        }
        for at in 0..shared.tracks.len() {
            let own = &shared.tracks[at];
            let (track, id, has_metadata) = (own.track, own.id.clone(), own.metadata.is_some());
            if self.sends(track) {
                continue;
            }
            let stream = own.stream.as_ref().map(|(stream, _)| *stream);
            shared.tell_metadata(remote, to, &id, at);
            shared.order(self.id, Order::AddTrack { track, stream });
            self.speaks = true;
            self.attached.push(Attached { track, id, has_metadata });
        }
    }

    /// Tells the peer about all tracks again.
    pub(super) fn tell_again(&mut self, remote: RemoteId, to: &str, shared: &mut Shared<P>) {
        self.keys.clear();
        for at in 0..shared.tracks.len() {
            if self.sends(shared.tracks[at].track) {
                let key = shared.tracks[at].id.clone();
                shared.tell_metadata(remote, to, &key, at);
            }
        }
    }
}

//! What must hold of every room after every step, by the contract and not by the machine's code.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_proto::peer::{
    CallId, ClientCall, ConnectionId, Event, Order, Output, RemoteEvent, RemoteId, RemoteState,
    SdpType, Signal, State,
};

use super::load::{Load, Sent};
use crate::invariants::{Broken, rule};

/// Signals that a room may send at once, and in a second.
const BURST: u64 = 150;
const FRAMES_A_SECOND: u64 = 80;

/// Offers of a member that are applied in a second.
const OFFERS_A_SECOND: usize = 10;

/// Connections of a member that are made in two seconds: one for a new session, and one for want of an answer or at a
/// sign of death.
const CONNECTIONS_IN_TWO_SECONDS: usize = 3;

/// The account of one room.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    /// Calls of the user that are not answered.
    open_calls: BTreeSet<CallId>,
    answered: BTreeSet<CallId>,
    /// Members that were announced and have not left.
    members: BTreeSet<RemoteId>,
    former: BTreeSet<RemoteId>,
    /// The living connection of each member.
    pub(crate) living: BTreeMap<RemoteId, ConnectionId>,
    state: Option<State>,
    states: BTreeMap<RemoteId, RemoteState>,
    left: bool,
    /// Frames that may be sent now, in thousandths, and when that was counted.
    budget: Option<(u64, u64)>,
    rings: (u64, u32),
    /// Operations that were made to fail, by member. Each may be told once.
    failures: BTreeMap<RemoteId, u32>,
    /// A member that means harm. Its descriptions and candidates fail, and nobody can tell what it sends, but it touches
    /// only its own connection.
    hostile: BTreeSet<RemoteId>,
    /// Nothing goes wrong in the whole session.
    pub(crate) quiet: bool,
    /// Offers that were sent.
    offers: BTreeSet<u64>,
    /// When offers of a member were applied.
    applied: BTreeMap<RemoteId, Vec<u64>>,
    /// When connections of a member were made.
    created: BTreeMap<RemoteId, Vec<u64>>,
    /// Members that were given up.
    pub(crate) given_up: u32,
    /// What came in, by handle.
    inbound: BTreeMap<u32, (ConnectionId, Sent)>,
    streams: BTreeMap<(ConnectionId, u32), u32>,
    /// Metadata that senders gave their tracks.
    pub(crate) metadata: BTreeMap<u32, Option<u64>>,
    /// Tracks that their senders removed.
    pub(crate) withdrawn: BTreeSet<u32>,
    /// Tracks that came with metadata.
    pub(crate) described: BTreeSet<u32>,
    pub(crate) events: u64,
    pub(crate) resets: u64,
}

impl Checker {
    /// The user calls.
    pub(crate) fn called(&mut self, call: CallId) {
        self.open_calls.insert(call);
    }

    /// An operation of the member's connection is made to fail.
    pub(crate) fn made_to_fail(&mut self, remote: RemoteId) {
        *self.failures.entry(remote).or_default() += 1;
    }

    /// The room is welcomed: after that all connections may be replaced.
    pub(crate) fn welcomed(&mut self) {
        self.created.clear();
    }

    /// The member means harm.
    pub(crate) fn means_harm(&mut self, remote: RemoteId) {
        self.hostile.insert(remote);
    }

    pub(crate) fn is_hostile(&self, remote: RemoteId) -> bool {
        self.hostile.contains(&remote)
    }

    /// How often the alarm has fired at this time.
    pub(crate) fn rings_at(&mut self, now: u64) -> u32 {
        let (at, count) = self.rings;
        self.rings = if at == now { (at, count + 1) } else { (now, 1) };
        self.rings.1
    }

    pub(crate) fn inbound(&mut self, connection: ConnectionId, handle: u32, sent: Sent) {
        self.inbound.insert(handle, (connection, sent));
    }

    pub(crate) fn inbound_handle(&self, connection: ConnectionId, sent: &Sent) -> Option<u32> {
        let mut all = self.inbound.iter().rev();
        all.find(|(_, (of, it))| *of == connection && it == sent).map(|(handle, _)| *handle)
    }

    pub(crate) fn stream_handle(&mut self, connection: ConnectionId, stream: u32) -> u32 {
        let next = self.streams.len() as u32 + 1;
        *self.streams.entry((connection, stream)).or_insert(next)
    }

    /// The room says something.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn output(&mut self, output: &Output<Load>, now: u64) -> Result<(), Broken> {
        match output {
            Output::Client(call) => self.client(call, now),
            Output::Connection { connection, order } => self.order(*connection, order, now),
            Output::Settle { call, .. } => {
                let open = self.open_calls.remove(call) || self.answered.insert(*call);
                self.answered.insert(*call);
                rule("a call is answered once", open, || format!("{call:?}"))
            }
            Output::ForgetRemote(remote) => {
                let closed = !self.living.contains_key(remote);
                rule("a member that is forgotten has no connection", closed, || {
                    format!("{remote:?}")
                })
            }
            Output::Event(event) => self.event(event),
            Output::Log(_) => Ok(()),
        }
    }

    fn client(&mut self, call: &ClientCall<Load>, now: u64) -> Result<(), Broken> {
        let counts = match call {
            ClientCall::Publish { .. } | ClientCall::Send { .. } => false,
            ClientCall::Signal { signal, .. } => {
                rule("nothing is sent after `left`", !self.left, || format!("{signal:?}"))?;
                self.sent(signal)?;
                true
            }
            ClientCall::Connect { .. }
            | ClientCall::Subscribe { .. }
            | ClientCall::Unsubscribe { .. }
            | ClientCall::Close { .. } => return Ok(()),
        };
        let (left, at) = self.budget.unwrap_or((BURST * 1_000, now));
        let left = (left + (now - at) * FRAMES_A_SECOND).min(BURST * 1_000);
        self.budget = Some((left.saturating_sub(1_000), now));
        rule("signals keep within the budget", !counts || left >= 1_000, || format!("{left}"))
    }

    fn order(
        &mut self,
        connection: ConnectionId,
        order: &Order<Load>,
        now: u64,
    ) -> Result<(), Broken> {
        self.rates(connection, order, now)?;
        let living = self.living.get(&connection.remote).copied();
        match order {
            Order::Create { .. } => {
                self.living.insert(connection.remote, connection);
                rule("a member has one connection at most", living.is_none(), || {
                    format!("{living:?} and {connection:?}")
                })?;
                rule("there is no connection after `left`", !self.left, || {
                    format!("{connection:?}")
                })
            }
            Order::Drop => {
                self.living.remove(&connection.remote);
                self.inbound.retain(|_, (of, _)| *of != connection);
                rule("a connection is dropped once", living == Some(connection), || {
                    format!("{connection:?}")
                })
            }
            Order::SetLocal { .. }
            | Order::SetRemote { .. }
            | Order::AddCandidate(_)
            | Order::SetConfiguration { .. }
            | Order::AddTrack { .. }
            | Order::RemoveTrack { .. }
            | Order::ReplaceTrack { .. } => {
                rule("orders are for living connections", living == Some(connection), || {
                    format!("{connection:?} {order:?}")
                })
            }
        }
    }

    /// What is applied often, and what is not needed where nothing goes wrong.
    fn rates(
        &mut self,
        connection: ConnectionId,
        order: &Order<Load>,
        now: u64,
    ) -> Result<(), Broken> {
        match order {
            Order::SetRemote { kind: SdpType::Offer, .. } => {
                let applied = self.applied.entry(connection.remote).or_default();
                applied.push(now);
                applied.retain(|at| now - at < 1_000);
                let count = applied.len();
                rule(
                    "ten offers of a member a second are applied",
                    count <= OFFERS_A_SECOND,
                    || format!("{count}"),
                )
            }
            Order::SetLocal { ice_restart: true, .. } => {
                rule("where nothing goes wrong nothing is restarted", !self.quiet, || {
                    format!("{connection:?}")
                })
            }
            Order::Create { .. } => {
                let created = self.created.entry(connection.remote).or_default();
                created.push(now);
                created.retain(|at| now - at < 2_000);
                let count = created.len();
                rule(
                    "a member's connection is not replaced again and again",
                    count <= CONNECTIONS_IN_TWO_SECONDS,
                    || format!("{connection:?}: {count}"),
                )
            }
            Order::SetLocal { .. }
            | Order::SetRemote { .. }
            | Order::AddCandidate(_)
            | Order::SetConfiguration { .. }
            | Order::AddTrack { .. }
            | Order::RemoveTrack { .. }
            | Order::ReplaceTrack { .. }
            | Order::Drop => Ok(()),
        }
    }

    fn sent(&mut self, signal: &Signal<Load>) -> Result<(), Broken> {
        let Signal::Description(description) = signal else { return Ok(()) };
        let Load::Sdp(sdp) = &description.sdp.text else { return Ok(()) };
        let again = description.kind == SdpType::Offer && !self.offers.insert(sdp.number);
        rule("where nothing goes wrong no offer is sent twice", !(self.quiet && again), || {
            format!("offer {} of pc {}", sdp.number, sdp.pc)
        })
    }

    fn event(&mut self, event: &Event<Load>) -> Result<(), Broken> {
        self.events += 1;
        rule("no event follows `left`", !self.left, || format!("{event:?}"))?;
        match event {
            Event::StateChange { from, to } => {
                let before = self.state.replace(*to).unwrap_or(State::Idle);
                rule("states follow each other", before == *from && from != to, || {
                    format!("{before:?}, then {event:?}")
                })
            }
            Event::Left { .. } => {
                self.left = true;
                rule("`left` comes last", self.members.is_empty(), || format!("{:?}", self.members))
            }
            Event::PeerJoined(remote) => {
                let new = !self.former.contains(remote) && self.members.insert(*remote);
                rule("a member joins once", new, || format!("{remote:?}"))
            }
            Event::PeerLeft(remote) => {
                self.former.insert(*remote);
                self.states.remove(remote);
                let known = self.members.remove(remote);
                rule("a member leaves once", known, || format!("{remote:?}"))
            }
            Event::Joined { .. } | Event::Data { .. } => Ok(()),
            Event::Error(failure) => {
                rule("the session has no errors", failure.name == "ReconcileTimeoutError", || {
                    format!("{failure:?}")
                })
            }
            Event::Remote { remote, event } => self.remote_event(*remote, event),
        }
    }

    fn remote_event(&mut self, remote: RemoteId, event: &RemoteEvent<Load>) -> Result<(), Broken> {
        let known = self.members.contains(&remote);
        rule("events are of members that are there", known, || format!("{remote:?} {event:?}"))?;
        match event {
            RemoteEvent::StateChange { from, to } => {
                let before = self.states.insert(remote, *to).unwrap_or(RemoteState::Idle);
                rule("states of a member follow each other", before == *from && from != to, || {
                    format!("{before:?}, then {event:?}")
                })
            }
            RemoteEvent::Track { track, metadata, .. } => {
                let Some((_, sent)) = self.inbound.get(&track.0) else { return Ok(()) };
                let given = self.metadata.get(&sent.track).copied().flatten();
                let told = match metadata {
                    None => {
                        let withdrawn = self.withdrawn.contains(&sent.track);
                        let missing = self.quiet && given.is_some() && !withdrawn;
                        return rule("where nothing goes wrong metadata arrives", !missing, || {
                            format!("track {}", sent.track)
                        });
                    }
                    Some(Load::Metadata(number)) => Some(*number),
                    Some(_) => None,
                };
                self.described.insert(sent.track);
                let right = told.is_some() && told == given;
                rule("metadata is the sender's or none", right || self.is_hostile(remote), || {
                    format!("track {}: {told:?} for {given:?}", sent.track)
                })
            }
            RemoteEvent::NegotiationError(failure)
                if failure.name == "IceRestartExhaustedError" =>
            {
                self.given_up += 1;
                Ok(())
            }
            RemoteEvent::NegotiationError(failure) => {
                let failures = self.failures.entry(remote).or_default();
                let made_to_fail = *failures > 0;
                *failures = failures.saturating_sub(1);
                let excused = made_to_fail || self.is_hostile(remote);
                rule("a negotiation fails only if the platform does", excused, || {
                    format!("{remote:?}: {failure:?}")
                })
            }
            RemoteEvent::CandidateError(failure) => {
                rule("no honest candidate is refused", self.is_hostile(remote), || {
                    format!("{remote:?}: {failure:?}")
                })
            }
            RemoteEvent::ConnectionReset => {
                self.resets += 1;
                rule("where nothing goes wrong nothing is replaced", !self.quiet, || {
                    format!("{remote:?}")
                })
            }
            RemoteEvent::StreamAdded { .. }
            | RemoteEvent::StreamRemoved { .. }
            | RemoteEvent::DataChannel(_) => Ok(()),
        }
    }

    /// The room is closed and at rest.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn finished(&self) -> Result<(), Broken> {
        let open = &self.open_calls;
        rule("every call is answered", open.is_empty(), || format!("{open:?}"))?;
        let living = &self.living;
        rule("a closed room has no connections", living.is_empty(), || format!("{living:?}"))
    }
}

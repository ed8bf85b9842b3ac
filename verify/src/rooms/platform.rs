//! The platform of a page: it carries out what is asked of connections, in its own time, and reports what becomes of it.

use metered_realtime_proto::peer::{
    ConnectionEvent, ConnectionId, ConnectionState, Failure, IceState, Input, Order, SdpType,
    Signalling, State, StreamId, TrackId,
};

use super::load::{Load, candidate};
use super::pc::{Changes, Operation, Pc};
use super::world::{Happening, World};
use crate::trace::trace;

impl World {
    pub(crate) fn obey(&mut self, page: usize, connection: ConnectionId, order: Order<Load>) {
        let slot = self.pages[page].slot;
        let name = format_args!("{}#{}", connection.remote.0, connection.generation.0).to_string();
        if let Order::Create { ice_servers } = order {
            self.totals.connections += 1;
            self.pc_numbers += 1;
            let pc = Pc::new(self.pc_numbers, ice_servers, self.now);
            trace!(self, slot, "{name} is pc {}", pc.number);
            self.owners.insert(pc.number, (page, connection));
            self.pages[page].pcs.insert(connection, pc);
            return;
        }
        if let Order::Drop = order {
            self.drop_pc(page, connection);
            return;
        }
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else {
            self.fail("orders are for living connections", format!("{name}: {order:?}"));
            return;
        };
        let number = pc.number;
        match order {
            Order::SetLocal { kind, ice_restart } => {
                trace!(self, slot, "{name} makes {} restart: {ice_restart}", kind.name());
                self.begin(page, connection, Operation::Local { kind, restart: ice_restart });
            }
            Order::SetRemote { sdp: Load::Sdp(sdp), rollback, .. } => {
                self.totals.rollbacks += u64::from(rollback);
                trace!(self, slot, "{name} applies {} of pc {}", sdp.kind.name(), sdp.pc);
                self.begin(page, connection, Operation::Remote(Some(sdp)));
            }
            Order::SetRemote { .. } => self.begin(page, connection, Operation::Remote(None)),
            Order::AddCandidate(Some(Load::Candidate { ufrag })) => {
                if pc.takes_candidates_of() == Some(ufrag) {
                    pc.candidates += 1;
                } else {
                    self.candidate_refused(page, connection, "OperationError");
                }
            }
            Order::AddCandidate(None) => {}
            Order::AddCandidate(Some(_)) => {
                self.candidate_refused(page, connection, "OperationError");
            }
            Order::AddTrack { track, .. } => {
                if let Some((sent, media)) = self.pages[page].known_tracks.get(&track).copied() {
                    trace!(self, slot, "pc {number} sends track {}", sent.track);
                    let pc = self.pages[page].pcs.get_mut(&connection);
                    pc.expect("it was there above").add_track(track, sent, media);
                }
                self.look_for_need(page, connection);
            }
            Order::RemoveTrack { track } => {
                pc.remove_track(track);
                self.look_for_need(page, connection);
            }
            Order::ReplaceTrack { call, old, new } => {
                let tracks = &self.pages[page].known_tracks;
                let new = new.and_then(|new| Some((new, tracks.get(&new)?.0)));
                if let Some(pc) = self.pages[page].pcs.get_mut(&connection) {
                    pc.replace_track(old, new);
                }
                let event = ConnectionEvent::TrackReplaced { call, result: Ok(()) };
                self.later(page, connection, 2, event);
            }
            Order::SetConfiguration { ice_servers } => pc.ice_servers = Some(ice_servers),
            Order::Create { .. } | Order::Drop => {}
        }
    }

    fn candidate_refused(&mut self, page: usize, connection: ConnectionId, name: &str) {
        let event = ConnectionEvent::CandidateFailed(Failure::new(name, "refused"));
        self.later(page, connection, 1, event);
    }

    fn drop_pc(&mut self, page: usize, connection: ConnectionId) {
        self.check_need_to_drop(page, connection);
        let Some(pc) = self.pages[page].pcs.remove(&connection) else {
            self.fail("a connection is dropped once", format!("{connection:?}"));
            return;
        };
        self.owners.remove(&pc.number);
        trace!(self, self.pages[page].slot, "closes pc {}", pc.number);
        self.tell_other_end(&pc);
    }

    /// While frames arrive and its own peer id stays, a connection that works is kept.
    fn check_need_to_drop(&mut self, page: usize, connection: ConnectionId) {
        let it = &self.pages[page];
        let Some(pc) = it.pcs.get(&connection) else { return };
        let works = pc.state == ConnectionState::Connected && self.reaches(page, pc);
        let stays = it.room.state() == State::Joined || it.room.state() == State::Reconnecting;
        let is_there = stays && it.room.remote(connection.remote).is_some();
        let same_id = it.own_ids.iter().all(|id| *id == it.own_ids[0]);
        let plain = !self.rebuilds && !self.has_tabs && self.keeps_frames;
        if works && is_there && same_id && plain && !it.checker.is_hostile(connection.remote) {
            let detail = format!("pc {}", pc.number);
            self.fail("a connection that works is kept", detail);
        }
    }

    /// The other end learns of it by DTLS, if the path is there.
    pub(crate) fn tell_other_end(&mut self, pc: &Pc) {
        let chance = self.faults.silent_close;
        if pc.state != ConnectionState::Connected || self.dice.chance(chance) {
            return;
        }
        let Some((remote, _)) = pc.remote else { return };
        if let Some((page, connection)) = self.owners.get(&remote).copied() {
            self.later(page, connection, 30, ConnectionEvent::TransportClosed);
        }
    }

    /// Something happens to a connection a little later.
    pub(crate) fn later(
        &mut self,
        page: usize,
        connection: ConnectionId,
        ms: u64,
        event: ConnectionEvent<Load>,
    ) {
        self.schedule.add(self.now + ms, Happening::Reports { page, connection, event });
    }

    pub(crate) fn report(
        &mut self,
        page: usize,
        connection: ConnectionId,
        event: ConnectionEvent<Load>,
    ) {
        if self.pages[page].pcs.contains_key(&connection) {
            self.tell(page, Input::Connection { connection, event });
        }
    }

    fn begin(&mut self, page: usize, connection: ConnectionId, operation: Operation) {
        let slow = self.dice.chance(self.faults.slow);
        let most = if slow { 2_000 } else { 30 };
        let at = self.now + 1 + self.dice.magnitude(most);
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        if std::mem::replace(&mut pc.busy, true) {
            self.fail("a connection does one thing at a time", format!("{connection:?}"));
        }
        self.schedule.add(at, Happening::Finishes { page, connection, operation });
    }

    /// The platform has done what it was asked for.
    pub(crate) fn finish(&mut self, page: usize, connection: ConnectionId, operation: Operation) {
        self.descriptions += 1;
        let (number, new_ufrag) = (self.descriptions, self.descriptions as u32);
        let fault = self.dice.chance(self.faults.sdp);
        if fault {
            self.fault_seen = true;
            self.totals.failures += 1;
            self.pages[page].checker.made_to_fail(connection.remote);
        }
        let hostile = self.pages[page].checker.is_hostile(connection.remote);
        let rolls_back = fault && self.dice.below(2) == 1;
        let mut stale = None;
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        pc.busy = false;
        let result = match operation {
            Operation::Remote(Some(description)) if rolls_back => {
                Err(pc.fail_after_rollback(&description))
            }
            _ if fault => Err("OperationError"),
            Operation::Local { kind: SdpType::Offer, restart } => pc
                .offer(restart, number, new_ufrag)
                .map(|(description, changes)| (Some(description), changes)),
            Operation::Local { kind: SdpType::Answer, .. } => pc
                .answer(number, new_ufrag)
                .map(|(description, changes)| (Some(description), changes)),
            Operation::Remote(None) => Err("OperationError"),
            Operation::Remote(Some(description)) => {
                let is_answer = description.kind == SdpType::Answer;
                if is_answer && pc.waiting_offer() != description.answers {
                    stale = Some(format!("pc {}: {description:?}", pc.number));
                }
                pc.apply(&description).map(|changes| (None, changes))
            }
        };
        let signalling = pc.signalling;
        if let Some(detail) = stale.filter(|_| !hostile) {
            self.fail("an answer is applied to its own offer", detail);
        }
        match result {
            Ok((description, changes)) => {
                self.show(page, connection, &changes);
                let Some(pc) = self.pages[page].pcs.get(&connection) else { return };
                let event = match description {
                    Some(description) => {
                        let (sdp, senders) = (description.sdp(), pc.senders());
                        ConnectionEvent::LocalDescription { sdp, senders }
                    }
                    None => ConnectionEvent::RemoteApplied,
                };
                self.report(page, connection, event);
                self.gather(page, connection, changes.gathers);
            }
            Err(name) => {
                trace!(self, self.pages[page].slot, "{connection:?} fails: {name}");
                let failure = Failure::new(name, "refused");
                let event = ConnectionEvent::OperationFailed { signalling, failure };
                self.report(page, connection, event);
            }
        }
        self.look_for_need(page, connection);
        self.check_path(page, connection);
    }

    /// Tracks come and go before the operation is reported, as in browsers.
    fn show(&mut self, page: usize, connection: ConnectionId, changes: &Changes) {
        for sent in &changes.gone {
            let Some(track) = self.pages[page].checker.inbound_handle(connection, sent) else {
                continue;
            };
            let event = ConnectionEvent::TrackGone { track: TrackId(track), stream: None };
            self.report(page, connection, event);
        }
        for at in &changes.tracks {
            let handle = self.pages[page].handles + 1;
            self.pages[page].handles = handle;
            let Some(pc) = self.pages[page].pcs.get(&connection) else { return };
            let Some(sent) = pc.transceivers[*at].receives else { continue };
            let by_remote = pc.transceivers[*at].by_remote;
            let id = if by_remote { sent.msid() } else { format!("own-{handle}") };
            let (mid, kind) = (pc.line_of(*at), pc.media_of(*at).kind());
            self.pages[page].checker.inbound(connection, handle, sent);
            let stream = self.pages[page].checker.stream_handle(connection, sent.stream);
            let streams = vec![(StreamId(stream), sent.stream.to_string())];
            let track = TrackId(handle);
            let event = ConnectionEvent::Track { track, id, kind, mid, streams };
            self.report(page, connection, event);
        }
    }

    fn gather(&mut self, page: usize, connection: ConnectionId, ufrag: Option<u32>) {
        let Some(ufrag) = ufrag else { return };
        let mut after = 0;
        for _ in 0..=self.dice.magnitude(self.addresses) {
            after += self.dice.magnitude(40);
            let event = ConnectionEvent::Candidate(Some(candidate(ufrag)));
            self.later(page, connection, after, event);
        }
        self.later(page, connection, after + 10, ConnectionEvent::Candidate(None));
    }

    /// Fires `negotiationneeded` a little later, once for each time that it is stable.
    pub(crate) fn look_for_need(&mut self, page: usize, connection: ConnectionId) {
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        let stable = pc.signalling == Signalling::Stable && !pc.busy;
        if stable && !pc.fired && pc.needs_negotiation() {
            pc.fired = true;
            self.schedule.add(self.now + 1, Happening::Needs { page, connection });
        }
    }

    /// The task of `negotiationneeded` looks again.
    pub(crate) fn needs(&mut self, page: usize, connection: ConnectionId) {
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        if pc.busy || pc.signalling != Signalling::Stable || !pc.needs_negotiation() {
            pc.fired = false;
            return;
        }
        self.report(page, connection, ConnectionEvent::NegotiationNeeded);
    }

    /// Reports states that changed.
    pub(crate) fn set_ice(
        &mut self,
        page: usize,
        connection: ConnectionId,
        ice: IceState,
        state: ConnectionState,
    ) {
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        let (old_ice, old_state) = (pc.ice, pc.state);
        (pc.ice, pc.state) = (ice, state);
        if old_ice != ice {
            self.report(page, connection, ConnectionEvent::Ice(ice));
        }
        if old_state != state {
            trace!(self, self.pages[page].slot, "{connection:?} is {state:?}");
            self.report(page, connection, ConnectionEvent::State(state));
        }
    }
}

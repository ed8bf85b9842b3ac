//! The end of a session: nothing goes wrong any more, and everybody who has something to say is connected in time.

use metered_realtime_proto::peer::{ConnectionState, Input, RemoteState, State};

use super::faults::Faults;
use super::pc::Pc;
use super::world::World;
use crate::trace::trace;

/// Faults end here, in milliseconds.
const STORM_MS: u64 = 60_000;

/// In this time after that every pair is connected.
const BOUND_MS: u64 = 150_000;

/// By then the last frame of the storm has arrived, in milliseconds.
const LAST_FRAME_MS: u64 = STORM_MS + 45_000;

/// And then there is silence for this long.
const SILENCE_MS: u64 = 20_000;

impl World {
    /// Runs the session to its end.
    pub(crate) fn live(&mut self) {
        self.pass(STORM_MS, |_| false);
        self.end_faults();
        let until = STORM_MS + BOUND_MS;
        let mut settled_at = None;
        self.pass(until, |world| {
            if world.is_settled() {
                let at = *settled_at.get_or_insert(world.now);
                world.now - at >= SILENCE_MS && world.now - world.activity >= SILENCE_MS
            } else {
                settled_at = None;
                false
            }
        });
        self.totals.settling_ms = settled_at.unwrap_or(self.now).saturating_sub(STORM_MS);
        if self.broken.is_none() {
            self.check_settled();
            self.check_silence();
        }
        self.close_all();
    }

    /// From here on the network is good, and there is one page of each member.
    fn end_faults(&mut self) {
        self.now = self.now.max(STORM_MS);
        trace!(self, 99, "the faults are over");
        let latency = self.faults.latency;
        self.faults = Faults { latency, ..Faults::default() };
        self.faults_over = true;
        self.cut.clear();
        for slot in 0..self.members.len() {
            for page in self.members[slot].pages.clone().into_iter().skip(1) {
                self.kill(page);
            }
        }
        for page in 0..self.pages.len() {
            self.tell(page, Input::Online);
        }
    }

    /// Pages of members that should be connected: one of them sends a track or has opened a channel.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let living: Vec<usize> =
            (0..self.pages.len()).filter(|page| self.pages[*page].alive).collect();
        let mut pairs = Vec::new();
        for (at, a) in living.iter().enumerate() {
            for b in &living[at + 1..] {
                let has_tracks =
                    !self.pages[*a].tracks.is_empty() || !self.pages[*b].tracks.is_empty();
                if has_tracks || self.has_channel(*a, *b) || self.has_channel(*b, *a) {
                    pairs.push((*a, *b));
                }
            }
        }
        pairs
    }

    /// The connection of one page to another.
    fn pc_to(&self, own: usize, other: usize) -> Option<&Pc> {
        let peer = self.pages[other].room.peer_id().unwrap_or_default();
        let room = &self.pages[own].room;
        let view = room.remotes().filter_map(|id| room.remote(id)).find(|it| it.peer_id == peer)?;
        self.pages[own].pcs.get(&view.connection?)
    }

    fn has_channel(&self, own: usize, other: usize) -> bool {
        self.pc_to(own, other).is_some_and(|pc| pc.channels)
    }

    fn is_settled(&mut self) -> bool {
        let living: Vec<usize> =
            (0..self.pages.len()).filter(|page| self.pages[*page].alive).collect();
        let joined = living.iter().all(|page| self.pages[*page].room.state() == State::Joined);
        joined && self.pairs().into_iter().all(|(a, b)| self.why_not(a, b).is_none())
    }

    /// Why two pages are not connected as they should be.
    fn why_not(&self, a: usize, b: usize) -> Option<String> {
        for (own, other) in [(a, b), (b, a)] {
            let peer = self.pages[other].room.peer_id().unwrap_or_default();
            let room = &self.pages[own].room;
            let view =
                room.remotes().filter_map(|id| room.remote(id)).find(|it| it.peer_id == peer);
            let Some(view) = view else { return Some(format!("page {own} does not know {peer}")) };
            if view.state != RemoteState::Connected {
                return Some(format!("{peer} is {:?} at page {own}", view.state));
            }
            let Some(pc) = self.pc_to(own, other) else {
                return Some(format!("page {own} has no connection"));
            };
            if pc.state != ConnectionState::Connected || !self.reaches(own, pc) {
                return Some(format!("pc {} of page {own} does not work", pc.number));
            }
            if pc.channels && !pc.has_agreed_on_channels() {
                return Some(format!("a channel of page {own} to page {other} is not open"));
            }
            let received: Vec<u32> =
                pc.transceivers.iter().filter_map(|it| it.receives).map(|it| it.track).collect();
            let theirs = self.owners.values().find_map(|(page, connection)| {
                let other_pc = self.pages[*page].pcs.get(connection)?;
                (*page == other && Some(other_pc.number) == pc.remote.map(|it| it.0))
                    .then_some(other_pc)
            });
            let sent = theirs.map(|pc| {
                pc.transceivers.iter().filter_map(|it| it.sender).map(|(_, sent)| sent.track)
            });
            let missing: Vec<u32> =
                sent.into_iter().flatten().filter(|track| !received.contains(track)).collect();
            if !missing.is_empty() {
                return Some(format!("page {own} misses tracks {missing:?} of page {other}"));
            }
            let count = theirs
                .map_or(0, |pc| pc.transceivers.iter().filter(|it| it.sender.is_some()).count());
            if count != self.pages[other].tracks.len() {
                let tracks = self.pages[other].tracks.len();
                return Some(format!(
                    "page {other} sends {count} of {tracks} tracks to page {own}"
                ));
            }
        }
        None
    }

    fn check_settled(&mut self) {
        for page in 0..self.pages.len() {
            let state = self.pages[page].room.state();
            if self.pages[page].alive && state != State::Joined {
                self.fail("every room is joined in the end", format!("page {page} is {state:?}"));
            }
        }
        let mut received = 0;
        for (a, b) in self.pairs() {
            self.totals.pairs += 1;
            self.totals.channels +=
                u64::from(self.has_channel(a, b)) + u64::from(self.has_channel(b, a));
            if let Some(why) = self.why_not(a, b) {
                self.fail("every pair with something to say is connected in the end", why);
                return;
            }
            received += (self.pages[a].tracks.len() + self.pages[b].tracks.len()) as u64;
        }
        self.totals.tracks = received;
        for page in self.pages.iter().filter(|page| page.alive) {
            self.totals.described += page.checker.described.len() as u64;
        }
        self.check_roster();
        self.check_ice_servers();
    }

    /// Every connection uses the servers of the latest welcome that had any.
    fn check_ice_servers(&mut self) {
        for page in &self.pages {
            let differs = |pc: &&Pc| pc.ice_servers != page.ice_servers;
            if page.alive
                && let Some(pc) = page.pcs.values().find(differs)
            {
                let detail = format!("pc {}: {:?}", pc.number, pc.ice_servers);
                self.fail("connections use the latest ICE servers", detail);
                return;
            }
        }
    }

    /// Every room knows exactly who is there.
    fn check_roster(&mut self) {
        let present: Vec<String> = self.present().into_keys().map(ToOwned::to_owned).collect();
        for page in 0..self.pages.len() {
            if !self.pages[page].alive {
                continue;
            }
            let room = &self.pages[page].room;
            let own = room.peer_id().unwrap_or_default();
            let mut known: Vec<&str> =
                room.remotes().filter_map(|id| room.remote(id)).map(|it| it.peer_id).collect();
            known.push(own);
            known.sort_unstable();
            // The server may still list a former id of the page itself.
            let former = |id: &&String| **id != own && self.pages[page].own_ids.contains(id);
            let present: Vec<&str> =
                present.iter().filter(|id| !former(id)).map(String::as_str).collect();
            if known != present {
                let detail = format!("page {page} knows {known:?} of {present:?}");
                self.fail("a room knows who is there", detail);
                return;
            }
        }
    }

    /// Who is connected has nothing more to say.
    fn check_silence(&mut self) {
        self.pass(LAST_FRAME_MS.max(self.now), |_| false);
        // A member that means harm may be waited for without an end.
        let before = self.honest_signals;
        self.pass(self.now + SILENCE_MS, |_| false);
        if self.honest_signals != before {
            let detail = format!("{} signals", self.honest_signals - before);
            self.fail("negotiations come to an end", detail);
        }
    }

    fn close_all(&mut self) {
        if self.broken.is_some() {
            return;
        }
        for page in 0..self.pages.len() {
            if self.pages[page].alive {
                self.close(page);
            }
        }
        self.pass(self.now + 5_000, |_| false);
        for page in 0..self.pages.len() {
            let it = &self.pages[page];
            if it.alive {
                let (state, due) = (it.room.state(), it.room.poll_timeout());
                let told = it.checker.finished();
                let pcs = it.pcs.len();
                self.note(told);
                if state != State::Closed || due.is_some() || pcs > 0 {
                    let detail =
                        format!("page {page}: {state:?}, alarm {due:?}, {pcs} connections");
                    self.fail("nothing is left of a closed room", detail);
                }
            }
        }
    }
}

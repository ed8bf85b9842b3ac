//! Whether two connections reach each other: each has the other's latest ICE credentials, and the path is there.

use metered_realtime_proto::peer::{ConnectionId, ConnectionState, IceState};

use super::pc::Pc;
use super::world::World;

/// Without a working pair for this long a connection is disconnected, in milliseconds.
const DISCONNECTED_MS: u64 = 4_000;

/// And for this long it has failed.
const FAILED_MS: u64 = 14_000;

impl World {
    /// Whether a connection and its other end reach each other now.
    pub(crate) fn reaches(&self, page: usize, pc: &Pc) -> bool {
        let Some((number, ufrag)) = pc.remote else { return false };
        let Some((other_page, connection)) = self.owners.get(&number) else { return false };
        let Some(other) = self.pages[*other_page].pcs.get(connection) else { return false };
        let knows_us = other
            .remote
            .is_some_and(|(number, ufrag)| number == pc.number && Some(ufrag) == pc.ufrag);
        let (slot, other_slot) = (self.pages[page].slot, self.pages[*other_page].slot);
        let has_path = !self.cut.contains(&(slot.min(other_slot), slot.max(other_slot)));
        let has_candidates = pc.candidates > 0 || other.candidates > 0;
        knows_us && other.ufrag == Some(ufrag) && has_path && has_candidates
    }

    /// Looks at all connections.
    pub(crate) fn check_paths(&mut self) {
        for page in 0..self.pages.len() {
            if !self.pages[page].alive {
                continue;
            }
            let connections: Vec<ConnectionId> = self.pages[page].pcs.keys().copied().collect();
            for connection in connections {
                self.check_path(page, connection);
            }
        }
    }

    pub(crate) fn check_path(&mut self, page: usize, connection: ConnectionId) {
        let Some(pc) = self.pages[page].pcs.get(&connection) else { return };
        if pc.remote.is_none() {
            return;
        }
        let works = self.reaches(page, pc);
        let now = self.now;
        let Some(pc) = self.pages[page].pcs.get_mut(&connection) else { return };
        if pc.works != works || pc.ice == IceState::New {
            pc.works = works;
            pc.since = now;
        }
        let lasted = now - pc.since;
        let (ice, state) = (pc.ice, pc.state);
        let next = match (works, state) {
            (true, ConnectionState::Connected) => return,
            (true, _) if lasted >= 200 => (IceState::Connected, ConnectionState::Connected),
            (_, ConnectionState::New) => (IceState::Checking, ConnectionState::Connecting),
            (true, ConnectionState::Failed) => (IceState::Checking, ConnectionState::Connecting),
            (true, _) => return,
            (false, ConnectionState::Connected) if lasted >= DISCONNECTED_MS => {
                (IceState::Disconnected, ConnectionState::Disconnected)
            }
            (false, ConnectionState::Connecting | ConnectionState::Disconnected)
                if lasted >= FAILED_MS =>
            {
                (IceState::Failed, ConnectionState::Failed)
            }
            (false, _) => return,
        };
        if next != (ice, state) {
            self.set_ice(page, connection, next.0, next.1);
        }
    }
}

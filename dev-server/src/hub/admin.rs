//! What the one who runs the server does to connections: kick, close, drop, restart.

use super::Hub;
use super::frames;
use super::io::{ConnId, FrameKind, Output};

impl Hub {
    /// The connections of a peer in any app, or all of them.
    #[must_use]
    pub fn connections_of(&self, peer: Option<&str>) -> Vec<ConnId> {
        match peer {
            None => self.connections.keys().copied().collect(),
            Some(peer) => self.apps.values().flat_map(|app| app.sockets_of(peer)).collect(),
        }
    }

    /// Closes a connection.
    pub fn close(&mut self, id: ConnId, code: u16, reason: &str) {
        if self.remove(id) {
            self.outputs.push_back(Output::Close { id, code, reason: reason.to_owned() });
        }
    }

    /// Ends a connection without a close frame.
    pub fn drop_connection(&mut self, id: ConnId) {
        if self.remove(id) {
            self.outputs.push_back(Output::Drop { id });
        }
    }

    /// Tells connections that the server goes away soon (spec A.3).
    pub fn going_away(&mut self, to: Vec<ConnId>, retry_after_ms: u64) {
        self.send(FrameKind::GoingAway, to, frames::going_away(retry_after_ms));
    }
}

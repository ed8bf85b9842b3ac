//! One connection of a member: the facts that die with it.

use super::io::{ConnectionId, ConnectionState, Order, TrackId};
use super::shared::Shared;

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) state: ConnectionState,
    /// The own tracks that it sends.
    pub(super) attached: Vec<TrackId>,
}

impl Connection {
    pub(super) fn new(id: ConnectionId) -> Connection {
        Connection { id, state: ConnectionState::New, attached: Vec::new() }
    }

    /// Makes it send what the user sends: no more and no less.
    pub(super) fn attach_tracks<P>(&mut self, shared: &mut Shared<P>) {
        let gone = |track: &TrackId| !shared.tracks.iter().any(|own| own.track == *track);
        let removed: Vec<TrackId> = self.attached.iter().copied().filter(gone).collect();
        for track in removed {
            self.attached.retain(|attached| *attached != track);
            shared.order(self.id, Order::RemoveTrack { track });
        }
        let own: Vec<_> = shared.tracks.iter().map(|own| (own.track, own.stream.clone())).collect();
        for (track, stream) in own {
            if !self.attached.contains(&track) {
                self.attached.push(track);
                let stream = stream.map(|(stream, _)| stream);
                shared.order(self.id, Order::AddTrack { track, stream });
            }
        }
    }
}

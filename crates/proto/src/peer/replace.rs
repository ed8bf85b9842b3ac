//! `replaceTrack`: another track in the place of one, at every member, without a negotiation.

use crate::machine::Instant;

use super::Room;
use super::error::{CallError, Failure};
use super::io::{CallId, ConnectionId, LocalTrack, Order, RemoteId, State, StreamId, TrackId};

/// A call that waits for the members' connections.
#[derive(Debug)]
pub(super) struct Replacement {
    call: CallId,
    old: TrackId,
    /// The new track and its own id.
    new: Option<(TrackId, String)>,
    /// The user removed the new track before it was sent everywhere.
    removed: bool,
    waiting: Vec<ConnectionId>,
    succeeded: Vec<RemoteId>,
    failed: Vec<(String, Failure)>,
}

impl<P: Clone + PartialEq> Room<P> {
    /// Sends another track (and its own id) in the place of one, or nothing. A track that is not sent is no mistake.
    ///
    /// # Errors
    /// [`CallError::InvalidState`] while reconnecting and after `close()`.
    pub fn replace_track(
        &mut self,
        old: TrackId,
        new: Option<(TrackId, &str)>,
        now: Instant,
    ) -> Result<CallId, CallError> {
        self.tick(now);
        self.check_open("replaceTrack")?;
        if self.state == State::Reconnecting {
            return Err(CallError::InvalidState { method: "replaceTrack", state: self.state });
        }
        let call = self.ids.call();
        if !self.shared.tracks.iter().any(|own| own.track == old) {
            self.settle(call, Ok(()));
            return Ok(call);
        }
        let mut waiting = Vec::new();
        for remote in self.remotes.values() {
            let Some(connection) = remote.connection.as_ref().filter(|it| it.sends(old)) else {
                continue;
            };
            let new = new.map(|(track, _)| track);
            let order = Order::ReplaceTrack { call: Some(call), old, new };
            self.shared.order(connection.id, order);
            waiting.push(connection.id);
        }
        self.replacements.push(Replacement {
            call,
            old,
            new: new.map(|(track, id)| (track, id.to_owned())),
            removed: false,
            waiting,
            succeeded: Vec::new(),
            failed: Vec::new(),
        });
        self.finish_replacements();
        Ok(call)
    }

    /// Whether the room still has a use for a track of the user's.
    #[must_use]
    pub fn needs_track(&self, track: TrackId) -> bool {
        let replaces = |it: &Replacement| {
            it.old == track || it.new.as_ref().is_some_and(|(new, _)| *new == track)
        };
        self.shared.tracks.iter().any(|own| own.track == track)
            || self.replacements.iter().any(replaces)
    }

    /// Whether the room still has a use for a stream of the user's.
    #[must_use]
    pub fn needs_stream(&self, stream: StreamId) -> bool {
        let belongs =
            |own: &LocalTrack<P>| own.stream.as_ref().is_some_and(|(id, _)| *id == stream);
        self.shared.tracks.iter().any(belongs)
    }

    /// The user removes a track that may be on its way into the place of another.
    pub(super) fn replacement_removed(&mut self, track: TrackId) {
        for replacement in &mut self.replacements {
            replacement.removed |= replacement.new.as_ref().is_some_and(|(new, _)| *new == track);
        }
    }

    pub(super) fn track_replaced(
        &mut self,
        call: CallId,
        connection: ConnectionId,
        result: Result<(), Failure>,
    ) {
        let Some(replacement) = self.replacements.iter_mut().find(|it| it.call == call) else {
            return;
        };
        if !replacement.waiting.contains(&connection) {
            return;
        }
        replacement.waiting.retain(|waiting| *waiting != connection);
        let Some(remote) = self.remotes.get(&connection.remote) else { return };
        match result {
            Ok(()) => replacement.succeeded.push(connection.remote),
            Err(failure) => replacement.failed.push((remote.peer.clone(), failure)),
        }
    }

    /// Ends the calls that wait for nobody any more. A connection that is gone needs no other track.
    pub(super) fn finish_replacements(&mut self) {
        if self.replacements.is_empty() {
            return;
        }
        let is_current = |id: &ConnectionId| {
            let connection = self.remotes.get(&id.remote).and_then(|it| it.connection.as_ref());
            connection.is_some_and(|connection| connection.id == *id)
        };
        for replacement in &mut self.replacements {
            replacement.waiting.retain(is_current);
        }
        while let Some(at) = self.replacements.iter().position(|it| it.waiting.is_empty()) {
            let replacement = self.replacements.remove(at);
            self.finish_replacement(replacement);
        }
    }

    fn finish_replacement(&mut self, replacement: Replacement) {
        let Replacement { call, old, new, removed, succeeded, failed, .. } = replacement;
        if failed.is_empty() || !succeeded.is_empty() {
            self.move_track(old, new.as_ref(), &succeeded, &failed);
        }
        if let Some((track, _)) = new
            && removed
        {
            self.stop_sending(track);
        }
        if failed.is_empty() {
            self.settle(call, Ok(()));
            return;
        }
        let name = |id: &RemoteId| self.remotes.get(id).map(|remote| remote.peer.clone());
        let succeeded = succeeded.iter().filter_map(name).collect();
        self.settle(call, Err(CallError::ReplaceTrack { succeeded, failed }));
    }

    /// From now on the new track is the one that members get.
    fn move_track(
        &mut self,
        old: TrackId,
        new: Option<&(TrackId, String)>,
        moved: &[RemoteId],
        failed: &[(String, Failure)],
    ) {
        let Some(at) = self.shared.tracks.iter().position(|own| own.track == old) else { return };
        let LocalTrack { id: old_id, metadata, .. } = &self.shared.tracks[at];
        let (old_id, has_metadata) = (old_id.clone(), metadata.is_some());
        match new {
            Some((track, id)) => {
                self.shared.tracks[at].track = *track;
                self.shared.tracks[at].id.clone_from(id);
            }
            None => {
                self.shared.tracks.remove(at);
            }
        }
        for (id, remote) in &mut self.remotes {
            let Some(connection) = &mut remote.connection else { continue };
            if !connection.sends(old) || failed.iter().any(|(peer, _)| *peer == remote.peer) {
                continue;
            }
            if !moved.contains(id) {
                // It was made meanwhile.
                let new = new.map(|(track, _)| *track);
                self.shared.order(connection.id, Order::ReplaceTrack { call: None, old, new });
            }
            connection.replaced(old, new.map(|(track, id)| (*track, &**id)));
            if has_metadata {
                self.shared.tell_to_forget(*id, &remote.peer, &old_id);
            }
            if let (Some((_, key)), true) = (new, has_metadata) {
                self.shared.tell_metadata(*id, &remote.peer, key, at);
            }
        }
    }
}

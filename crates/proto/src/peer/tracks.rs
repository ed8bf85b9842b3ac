//! The tracks that the user sends, to the members of today and of later.

use crate::machine::Instant;

use super::Room;
use super::error::CallError;
use super::io::{ConnectionId, LocalTrack, RemoteId, State, StreamId, TrackId};
use super::signal::{Signal, TrackMetadata};

impl<P: Clone + PartialEq> Room<P> {
    /// Sends a track to every member. Adding it again with the same stream changes nothing.
    ///
    /// # Errors
    /// [`CallError::InvalidState`] after `close()`, [`CallError::TrackAlreadyAttached`], [`CallError::Oversized`].
    pub fn add_track(&mut self, track: LocalTrack<P>, now: Instant) -> Result<(), CallError> {
        self.tick(now);
        self.check_open("addTrack")?;
        let same = |own: &&LocalTrack<P>| own.track == track.track;
        if let Some(known) = self.shared.tracks.iter().find(same) {
            let stream = |track: &LocalTrack<P>| track.stream.as_ref().map(|(stream, _)| *stream);
            let same_stream = stream(known) == stream(&track);
            return if same_stream { Ok(()) } else { Err(CallError::TrackAlreadyAttached) };
        }
        self.check_size(message_size(&track))?;
        self.shared.tracks.push(track);
        if self.state == State::Joined {
            for remote in self.remotes.values_mut() {
                remote.tracks_changed(&mut self.shared);
            }
        }
        Ok(())
    }

    /// Stops sending a track. One that is not sent is no mistake.
    ///
    /// # Errors
    /// [`CallError::InvalidState`] after `close()`.
    pub fn remove_track(&mut self, track: TrackId, now: Instant) -> Result<(), CallError> {
        self.tick(now);
        self.check_open("removeTrack")?;
        self.replacement_removed(track);
        self.stop_sending(track);
        Ok(())
    }

    pub(super) fn stop_sending(&mut self, track: TrackId) {
        self.shared.tracks.retain(|own| own.track != track);
        if self.state == State::Joined {
            for remote in self.remotes.values_mut() {
                remote.attach_tracks(&mut self.shared);
            }
        }
    }

    /// What the user said of a track.
    #[must_use]
    pub fn track_metadata(&self, track: TrackId) -> Option<&P> {
        let own = self.shared.tracks.iter().find(|own| own.track == track)?;
        own.metadata.as_ref().map(|(metadata, _)| metadata)
    }

    /// What the user said of the first track of a stream.
    #[must_use]
    pub fn stream_metadata(&self, stream: StreamId) -> Option<&P> {
        let of_stream =
            |own: &&LocalTrack<P>| own.stream.as_ref().is_some_and(|(id, _)| *id == stream);
        let own = self.shared.tracks.iter().find(of_stream)?;
        own.metadata.as_ref().map(|(metadata, _)| metadata)
    }

    /// The connection of a member, which is made now if there is none yet. `None`: the member is gone, or the platform
    /// cannot make one.
    pub fn use_connection(&mut self, remote: RemoteId, now: Instant) -> Option<ConnectionId> {
        self.tick(now);
        let remote = self.remotes.get_mut(&remote)?;
        remote.connect(&mut self.shared);
        let connection = remote.connection.as_mut()?;
        // A data channel that the peer's offer has room for needs no negotiation of this side.
        connection.speaks = true;
        Some(connection.id)
    }

    pub(super) fn check_open(&self, method: &'static str) -> Result<(), CallError> {
        match self.state {
            State::Leaving | State::Closed => {
                Err(CallError::InvalidState { method, state: self.state })
            }
            State::Idle | State::Joining | State::Joined | State::Reconnecting => Ok(()),
        }
    }
}

/// Bytes of the message with the metadata; 0 without metadata.
fn message_size<P: Clone>(track: &LocalTrack<P>) -> usize {
    let Some((metadata, size)) = &track.metadata else { return 0 };
    let signal = Signal::Metadata(TrackMetadata {
        track: track.id.clone(),
        metadata: Some(metadata.clone()),
        kind: Some(track.kind),
        stream: track.stream.as_ref().map(|(_, id)| id.clone()),
        exact: true,
        size: 0,
    });
    signal.to_json(|_| String::new()).len() + size
}

//! Inbound tracks: what the sender says of them, and which streams appear.

use super::io::{RemoteEvent, StreamId, TrackId};
use super::metadata::Inbound;
use super::remote::Remote;
use super::shared::Shared;
use super::signal::Kind;

impl<P: Clone + PartialEq> Remote<P> {
    pub(super) fn on_track(
        &mut self,
        track: TrackId,
        id: &str,
        kind: Kind,
        mid: Option<&str>,
        streams: &[(StreamId, String)],
        shared: &mut Shared<P>,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let names: Vec<&str> = streams.iter().map(|(_, name)| &**name).collect();
        let facts = connection.facts();
        let metadata = self.track_metadata.claim(&Inbound {
            msid: mid.and_then(|mid| facts?.track_of(mid)),
            id,
            kind,
            streams: &names,
            sections: facts.map_or(&[], |facts| &facts.sections),
        });
        let streams: Vec<StreamId> = streams.iter().map(|(stream, _)| *stream).collect();
        let (metadata, of_stream) = (metadata.clone(), metadata);
        let event = RemoteEvent::Track { track, streams: streams.clone(), metadata };
        shared.emit_remote(self.id, event);
        for stream in streams {
            if connection.streams.add(stream, track) {
                let metadata = of_stream.clone();
                shared.emit_remote(self.id, RemoteEvent::StreamAdded { stream, metadata });
            }
        }
    }
}

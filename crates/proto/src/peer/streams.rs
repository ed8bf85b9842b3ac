//! Which inbound tracks belong to which stream: when a stream appears and when nothing is left of it.

use std::collections::BTreeMap;

use super::io::{StreamId, TrackId};

#[derive(Debug, Default)]
pub(super) struct Streams {
    live: BTreeMap<StreamId, Vec<TrackId>>,
}

/// The most streams of one connection that are accounted for.
const MAX_STREAMS: usize = 1_024;

impl Streams {
    /// A track of a stream; `true`: the first one.
    pub(super) fn add(&mut self, stream: StreamId, track: TrackId) -> bool {
        let known = self.live.contains_key(&stream);
        if !known && self.live.len() == MAX_STREAMS {
            return false;
        }
        let tracks = self.live.entry(stream).or_default();
        if !tracks.contains(&track) {
            tracks.push(track);
        }
        !known
    }

    /// A track is gone from a stream, or from all; gives the streams of which nothing is left.
    pub(super) fn remove(&mut self, track: TrackId, of: Option<StreamId>) -> Vec<StreamId> {
        let mut empty = Vec::new();
        for (stream, tracks) in &mut self.live {
            if of.is_none_or(|of| of == *stream) && tracks.contains(&track) {
                tracks.retain(|other| *other != track);
                if tracks.is_empty() {
                    empty.push(*stream);
                }
            }
        }
        self.live.retain(|_, tracks| !tracks.is_empty());
        empty
    }
}

//! The metadata that a member sends for its tracks, and the inbound track to which each belongs.
//!
//! It is keyed by the sender's id of the track. That is the receiver's id too only where the sender made the media
//! section, so there are further ways to tell.

use super::sdp::Section;
use super::signal::{Kind, TrackMetadata};

/// The most entries that are kept of one member; the oldest goes first.
const MAX_ENTRIES: usize = 512;

/// The most bytes that are kept of one member.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug)]
struct Entry<P> {
    track: String,
    metadata: P,
    kind: Option<Kind>,
    stream: Option<String>,
    size: usize,
    /// An inbound track was found for it.
    claimed: bool,
}

#[derive(Debug)]
pub(super) struct Metadata<P> {
    /// Oldest first.
    entries: Vec<Entry<P>>,
    /// The sender names the ids of its descriptions, so there is no need to guess.
    is_exact: bool,
}

/// An inbound track, as far as it tells whose it is.
#[derive(Debug)]
pub(super) struct Inbound<'a> {
    /// The sender's id of the track in the media section.
    pub(super) msid: Option<&'a str>,
    /// The receiver's id.
    pub(super) id: &'a str,
    pub(super) kind: Kind,
    pub(super) streams: &'a [&'a str],
    /// The media sections of the sender's description.
    pub(super) sections: &'a [Section],
}

impl<P> Default for Metadata<P> {
    fn default() -> Metadata<P> {
        Metadata { entries: Vec::new(), is_exact: false }
    }
}

impl<P: Clone + PartialEq> Metadata<P> {
    pub(super) fn put(&mut self, received: TrackMetadata<P>) {
        let TrackMetadata { track, metadata, kind, stream, exact, size } = received;
        self.is_exact |= exact;
        let at = self.entries.iter().position(|entry| entry.track == track);
        let Some(metadata) = metadata else {
            at.map(|at| self.entries.remove(at));
            return;
        };
        match at {
            Some(at) => {
                let claimed = self.entries[at].claimed;
                self.entries[at] = Entry { track, metadata, kind, stream, size, claimed };
            }
            None => {
                let claimed = false;
                self.entries.push(Entry { track, metadata, kind, stream, size, claimed });
            }
        }
        while self.entries.len() > MAX_ENTRIES || self.bytes() > MAX_BYTES {
            self.entries.remove(0);
        }
    }

    fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.size).sum()
    }

    /// A new connection: its tracks have to be found anew.
    pub(super) fn release(&mut self) {
        for entry in &mut self.entries {
            entry.claimed = false;
        }
    }

    /// What the sender says of an inbound track.
    pub(super) fn claim(&mut self, inbound: &Inbound<'_>) -> Option<P> {
        let at = self
            .by_id(inbound.msid)
            .or_else(|| self.by_id(Some(inbound.id)))
            .or_else(|| self.by_stream(inbound))
            .or_else(|| self.by_elimination(inbound))?;
        self.entries[at].claimed = true;
        Some(self.entries[at].metadata.clone())
    }

    fn by_id(&self, id: Option<&str>) -> Option<usize> {
        let id = id?;
        self.entries.iter().position(|entry| entry.track == id)
    }

    /// Stream and kind, if the sender sends no other track of both.
    fn by_stream(&self, inbound: &Inbound<'_>) -> Option<usize> {
        let kind = Some(inbound.kind);
        let is_alike = |section: &&Section| {
            let stream = section.stream.as_deref();
            section.kind == kind && stream.is_some_and(|it| inbound.streams.contains(&it))
        };
        if self.is_exact || inbound.sections.iter().filter(is_alike).count() > 1 {
            return None;
        }
        self.the_one(|entry| {
            let named_elsewhere =
                inbound.sections.iter().any(|section| section.track.as_ref() == Some(&entry.track));
            let stream = entry.stream.as_deref();
            let same_stream = stream.is_some_and(|stream| inbound.streams.contains(&stream));
            !named_elsewhere && same_stream && entry.kind == kind
        })
    }

    /// Senders that do not tell the stream: all tracks have metadata, and what is left says the same.
    fn by_elimination(&self, inbound: &Inbound<'_>) -> Option<usize> {
        let tracks = inbound.sections.iter().filter(|section| section.track.is_some()).count();
        if self.is_exact || self.entries.len() < tracks {
            return None;
        }
        self.the_one(|entry| entry.stream.is_none())
    }

    /// The first entry of those that are not claimed, if all of them say the same.
    fn the_one(&self, fits: impl Fn(&Entry<P>) -> bool) -> Option<usize> {
        let mut fitting =
            self.entries.iter().enumerate().filter(|(_, entry)| !entry.claimed && fits(entry));
        let (at, first) = fitting.next()?;
        fitting.all(|(_, other)| other.metadata == first.metadata).then_some(at)
    }
}

//! What the members' machines have in common: the queue, the local tracks, the ICE servers, the time.

use std::collections::VecDeque;

use crate::machine::{Instant, Level, Log};
use crate::wire::{FALLBACK_MAX_MESSAGE_SIZE, IceServer};

use super::io::{ConnectionId, Event, LocalTrack, Order, Output, RemoteEvent, RemoteId};
use super::outbox::Outbox;
use super::signal::{Signal, TrackMetadata};

#[derive(Debug)]
pub(super) struct Shared<P> {
    pub(super) queue: VecDeque<Output<P>>,
    pub(super) outbox: Outbox<P>,
    /// The tracks that the user sends, in the order in which they were added.
    pub(super) tracks: Vec<LocalTrack<P>>,
    /// Those of the latest welcome that had any.
    pub(super) ice_servers: Option<Vec<IceServer>>,
    pub(super) max_message_size: f64,
    /// The latest time that the driver gave.
    pub(super) now: Instant,
    /// The members are known and can be reached: operations may begin.
    pub(super) live: bool,
    pub(super) logging: bool,
}

impl<P> Shared<P> {
    pub(super) fn new(now: Instant) -> Shared<P> {
        Shared {
            queue: VecDeque::new(),
            outbox: Outbox::new(now),
            tracks: Vec::new(),
            ice_servers: None,
            max_message_size: f64::from(FALLBACK_MAX_MESSAGE_SIZE),
            now,
            live: false,
            logging: true,
        }
    }

    pub(super) fn emit(&mut self, event: Event<P>) {
        self.queue.push_back(Output::Event(event));
    }

    pub(super) fn emit_remote(&mut self, remote: RemoteId, event: RemoteEvent<P>) {
        self.emit(Event::Remote { remote, event });
    }

    pub(super) fn order(&mut self, connection: ConnectionId, order: Order<P>) {
        self.queue.push_back(Output::Connection { connection, order });
    }

    pub(super) fn log(&mut self, level: Level, message: &'static str) {
        if self.logging {
            let log = Log { level, message, details: Vec::new() };
            self.queue.push_back(Output::Log(log));
        }
    }
}

impl<P: Clone> Shared<P> {
    /// Tells a member what the user says of a track.
    pub(super) fn tell_metadata(&mut self, remote: RemoteId, to: &str, key: &str, at: usize) {
        let track = &self.tracks[at];
        if let Some((metadata, _)) = &track.metadata {
            let signal = Signal::Metadata(TrackMetadata {
                track: key.to_owned(),
                metadata: Some(metadata.clone()),
                kind: Some(track.kind),
                stream: track.stream.as_ref().map(|(_, id)| id.clone()),
                exact: true,
                size: 0,
            });
            self.outbox.push(remote, to, signal);
        }
    }

    /// Tells a member to forget the metadata of a track.
    pub(super) fn tell_to_forget(&mut self, remote: RemoteId, to: &str, key: &str) {
        let track = key.to_owned();
        let forget = TrackMetadata {
            track,
            metadata: None,
            kind: None,
            stream: None,
            exact: false,
            size: 0,
        };
        self.outbox.push(remote, to, Signal::Metadata(forget));
    }
}

//! The platform's objects that the room and its driver know, by kind.

use std::cell::RefCell;

use wasm_bindgen::JsValue;

use super::connection::Held;
use super::handles::Handles;
use metered_realtime_proto::peer::{ChannelId, StreamId, TrackId};

/// Tracks, streams and channels.
#[derive(Debug, Default)]
pub struct Objects {
    pub(super) tracks: RefCell<Handles>,
    pub(super) streams: RefCell<Handles>,
    pub(super) channels: RefCell<Handles>,
}

impl Objects {
    /// The track itself.
    #[must_use]
    pub fn track(&self, id: TrackId) -> JsValue {
        self.tracks.borrow().object(id.0).unwrap_or_default()
    }

    /// The stream itself.
    #[must_use]
    pub fn stream(&self, id: StreamId) -> JsValue {
        self.streams.borrow().object(id.0).unwrap_or_default()
    }

    /// The data channel itself.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> JsValue {
        self.channels.borrow().object(id.0).unwrap_or_default()
    }

    /// Lets go of what a connection held.
    pub(super) fn release(&self, held: Vec<Held>) {
        for held in held {
            match held {
                Held::Track(id) => self.tracks.borrow_mut().release(id),
                Held::Stream(id) => self.streams.borrow_mut().release(id),
                Held::Channel(id) => self.channels.borrow_mut().release(id),
            }
        }
    }
}

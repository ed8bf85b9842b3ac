//! A page of a member: a room, its client as a room sees it, and its connections.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_proto::peer::{ConnectionId, RequestId, Room, TrackId};
use metered_realtime_proto::wire::IceServer;

use super::invariants::Checker;
use super::load::{Load, Media, Sent};
use super::pc::Pc;

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Which member it belongs to.
    pub(crate) slot: usize,
    /// The id of its token; with a key each link has another.
    pub(crate) token_id: Option<String>,
    /// All ids that it had.
    pub(crate) own_ids: Vec<String>,
    pub(crate) room: Room<Load>,
    /// Those of the latest welcome that had any.
    pub(crate) ice_servers: Option<Vec<IceServer>>,
    pub(crate) checker: Checker,
    /// It is still there.
    pub(crate) alive: bool,
    pub(crate) link: Option<usize>,
    /// The client brings the channel back after a reconnect.
    pub(crate) subscribed: bool,
    /// The client is connected or tries to be.
    pub(crate) dialling: Option<Option<RequestId>>,
    /// Requests that the server has not answered.
    pub(crate) in_flight: BTreeSet<RequestId>,
    pub(crate) pcs: BTreeMap<ConnectionId, Pc>,
    pub(crate) alarm: u32,
    /// Own tracks, each with what it is.
    pub(crate) tracks: BTreeMap<TrackId, (Sent, Media)>,
    /// All that it ever had.
    pub(crate) known_tracks: BTreeMap<TrackId, (Sent, Media)>,
    pub(crate) renames_tracks: bool,
    /// Handles of what came in, never used twice.
    pub(crate) handles: u32,
    pub(crate) pumping: bool,
}

impl Page {
    pub(crate) fn new(
        slot: usize,
        token_id: Option<String>,
        room: Room<Load>,
        renames_tracks: bool,
    ) -> Page {
        Page {
            slot,
            token_id,
            own_ids: Vec::new(),
            room,
            ice_servers: None,
            checker: Checker::default(),
            alive: true,
            link: None,
            subscribed: false,
            dialling: None,
            in_flight: BTreeSet::new(),
            pcs: BTreeMap::new(),
            alarm: 0,
            tracks: BTreeMap::new(),
            known_tracks: BTreeMap::new(),
            renames_tracks,
            handles: 1_000,
            pumping: false,
        }
    }
}

//! What users do: they come and go, send tracks and data, load their page anew.

use metered_realtime_proto::machine::Instant;
use metered_realtime_proto::peer::{
    ConnectionId, Event, LocalTrack, Options, Payload, Reconcile, RemoteId, Room, State, StreamId,
    TrackId,
};

use super::link::CHANNEL;
use super::load::{Load, Media, Sent};
use super::page::Page;
use super::world::World;
use crate::trace::trace;

impl World {
    /// A page is loaded.
    pub(crate) fn load_page(&mut self, slot: usize, token_id: Option<String>) -> usize {
        let reconcile = if self.rebuilds { Reconcile::Rebuild } else { Reconcile::Auto };
        let room = Room::new(Options { reconcile }, Instant::from_millis(self.now));
        let renames = self.members[slot].renames_tracks;
        let page = self.pages.len();
        self.pages.push(Page::new(slot, token_id, room, renames));
        self.pages[page].checker.metadata = self.metadata.clone();
        self.pages[page].checker.quiet = self.quiet;
        self.members[slot].pages.push(page);
        trace!(self, slot, "loads page {page}");
        page
    }

    pub(crate) fn join(&mut self, page: usize) {
        let now = Instant::from_millis(self.now);
        let metadata = self.dice.below(4) == 3;
        if let Ok(call) = self.pages[page].room.join(CHANNEL, metadata, now) {
            trace!(self, self.pages[page].slot, "joins");
            self.pages[page].checker.called(call);
            self.pump(page);
        }
    }

    /// The page goes away without a word.
    pub(crate) fn kill(&mut self, page: usize) {
        trace!(self, self.pages[page].slot, "page {page} is gone");
        self.pages[page].alive = false;
        if let Some(link) = self.pages[page].link.take() {
            let noticed = !self.dice.chance(self.faults.unnoticed);
            self.close_link(link, noticed);
        }
        let pcs = std::mem::take(&mut self.pages[page].pcs);
        for pc in pcs.into_values() {
            self.owners.remove(&pc.number);
            self.tell_other_end(&pc);
        }
        let slot = self.pages[page].slot;
        self.members[slot].pages.retain(|other| *other != page);
    }

    /// The same member, with the same id, in a new page.
    pub(crate) fn refresh(&mut self, page: usize) {
        let (slot, token_id) = (self.pages[page].slot, self.pages[page].token_id.clone());
        self.has_refresh |= token_id.is_some();
        self.kill(page);
        let page = self.load_page(slot, token_id);
        self.prepare_tracks(page);
        self.join(page);
    }

    /// A member sends its tracks from the beginning.
    pub(crate) fn prepare_tracks(&mut self, page: usize) {
        for _ in 0..self.members[self.pages[page].slot].tracks_at_start {
            self.add_track(page);
        }
    }

    pub(crate) fn add_track(&mut self, page: usize) {
        self.track_numbers += 1;
        let number = self.track_numbers;
        let media = self.dice.pick(&[Media::Video, Media::Audio]);
        let metadata = (self.dice.below(4) != 3).then(|| self.dice.below(3));
        let stream = self.pages[page].slot as u32 * 10 + self.dice.below(2) as u32;
        let renamed = self.pages[page].renames_tracks;
        let sent = Sent { track: number, stream, renamed };
        let track = TrackId(number);
        let local = LocalTrack {
            track,
            id: number.to_string(),
            kind: media.kind(),
            stream: Some((StreamId(stream), stream.to_string())),
            metadata: metadata.map(|number| (Load::Metadata(number), 10)),
        };
        self.pages[page].tracks.insert(track, (sent, media));
        self.pages[page].known_tracks.insert(track, (sent, media));
        for page in &mut self.pages {
            page.checker.metadata.insert(number, metadata);
        }
        self.metadata.insert(number, metadata);
        let now = Instant::from_millis(self.now);
        if self.pages[page].room.add_track(local, now).is_err() {
            self.pages[page].tracks.remove(&track);
        } else {
            trace!(self, self.pages[page].slot, "adds track {number} with metadata {metadata:?}");
        }
        self.pump(page);
    }

    /// One thing that a user of this page may do.
    pub(crate) fn act(&mut self, page: usize) {
        let now = Instant::from_millis(self.now);
        // Where nothing goes wrong nobody comes back, and no track is replaced while it is on its way.
        let acts = if self.quiet { 6 } else { 12 };
        match self.dice.below(acts) {
            0..=2 => self.add_track(page),
            3 | 4 => self.remove_track(page),
            5 => self.open_channel(page),
            6 | 7 => self.replace_track(page),
            8 => {
                self.data += 1;
                let value = Load::Data(self.data);
                let data = Payload { value, size: 10, is_signal: false };
                let to = self.any_remote(page).and_then(|remote| {
                    self.pages[page].room.remote(remote).map(|view| view.peer_id.to_owned())
                });
                let room = &mut self.pages[page].room;
                let call = match to {
                    Some(to) => room.send_to(Some(&to), Some(data), now),
                    None => room.send(Some(data), now),
                };
                if let Ok(call) = call {
                    self.pages[page].checker.called(call);
                }
                self.pump(page);
            }
            9 => self.refresh(page),
            10 => {
                self.close(page);
                let slot = self.pages[page].slot;
                let token_id = self.pages[page].token_id.clone();
                self.kill(page);
                let page = self.load_page(slot, token_id);
                self.prepare_tracks(page);
                self.join(page);
            }
            _ => {
                if let Some(remote) = self.any_remote(page) {
                    self.pages[page].room.restart(remote, now);
                    self.pump(page);
                }
            }
        }
    }

    fn remove_track(&mut self, page: usize) {
        let tracks = &mut self.pages[page].tracks;
        let Some(track) = tracks.keys().next().copied() else { return };
        tracks.remove(&track);
        for page in &mut self.pages {
            page.checker.withdrawn.insert(track.0);
        }
        trace!(self, self.pages[page].slot, "removes track {}", track.0);
        let now = Instant::from_millis(self.now);
        // A room that closes refuses, and has forgotten its tracks anyway.
        drop(self.pages[page].room.remove_track(track, now));
        self.pump(page);
    }

    fn replace_track(&mut self, page: usize) {
        let Some((old, (sent, media))) = self.pages[page].tracks.pop_last() else { return };
        self.track_numbers += 1;
        let new = TrackId(self.track_numbers);
        let number = self.track_numbers;
        let metadata = self.metadata.get(&sent.track).copied().flatten();
        self.metadata.insert(number, metadata);
        for page in &mut self.pages {
            page.checker.metadata.insert(number, metadata);
        }
        let now = Instant::from_millis(self.now);
        let id = number.to_string();
        let what = (Sent { track: number, ..sent }, media);
        self.pages[page].tracks.insert(new, what);
        self.pages[page].known_tracks.insert(new, what);
        match self.pages[page].room.replace_track(old, Some((new, &id)), now) {
            Ok(call) => {
                trace!(self, self.pages[page].slot, "replaces track {} by {number}", old.0);
                self.pages[page].checker.called(call);
            }
            Err(_) => {
                self.pages[page].tracks.remove(&new);
                self.pages[page].tracks.insert(old, (sent, media));
            }
        }
        self.pump(page);
    }

    fn any_remote(&mut self, page: usize) -> Option<RemoteId> {
        let remotes: Vec<RemoteId> = self.pages[page].room.remotes().collect();
        (!remotes.is_empty()).then(|| remotes[self.dice.below(remotes.len() as u64) as usize])
    }

    /// The user makes a data channel.
    fn open_channel(&mut self, page: usize) {
        if let Some(remote) = self.any_remote(page) {
            self.open_channel_to(page, remote);
        }
    }

    fn open_channel_to(&mut self, page: usize, remote: RemoteId) {
        let now = Instant::from_millis(self.now);
        let Some(connection) = self.pages[page].room.use_connection(remote, now) else { return };
        self.pump(page);
        self.make_channel(page, connection);
    }

    fn make_channel(&mut self, page: usize, connection: ConnectionId) {
        if let Some(pc) = self.pages[page].pcs.get_mut(&connection) {
            pc.channels = true;
            trace!(self, self.pages[page].slot, "opens a channel to {connection:?}");
            self.look_for_need(page, connection);
        }
    }

    pub(crate) fn close(&mut self, page: usize) {
        let now = Instant::from_millis(self.now);
        let call = self.pages[page].room.close(Some("bye"), now);
        trace!(self, self.pages[page].slot, "closes its room");
        self.pages[page].checker.called(call);
        self.pump(page);
    }

    /// A handler of the user runs.
    pub(crate) fn user_hears(&mut self, page: usize, event: Event<Load>) {
        let slot = self.pages[page].slot;
        trace!(self, slot, "event {event:?}");
        if let Event::PeerJoined(remote) = &event {
            let peer = self.pages[page].room.remote(*remote).map(|view| view.peer_id.to_owned());
            if peer.as_ref().is_some_and(|peer| self.is_hostile(peer)) {
                self.pages[page].checker.means_harm(*remote);
            }
            if peer.is_some_and(|peer| self.pages[page].own_ids.contains(&peer)) {
                self.fail("nobody meets himself", format!("page {page}: {remote:?}"));
            }
        }
        if let Event::Remote { remote, event } = &event
            && *event == metered_realtime_proto::peer::RemoteEvent::ConnectionReset
            && self.dice.below(4) == 3
        {
            // Channels of the old connection are gone; some users make new ones.
            self.open_channel_to(page, *remote);
        }
        if let Event::StateChange { to: State::Idle, .. } = event {
            // The join failed; it is tried again.
            self.rejoins.push(page);
        }
        self.activity = self.now;
    }
}

//! A model of the server: who is in the channel, who gets what, and how fast a member may talk. And of the way there.

use std::collections::BTreeMap;

use metered_realtime_proto::machine::CallError;
use metered_realtime_proto::peer::{Input, RequestId, Signal};
use metered_realtime_proto::wire::PresencePeer;

use super::link::{CHANNEL, Down, PresenceUpdate, Up};
use super::load::Load;
use super::world::{Happening, World};
use crate::trace::trace;

impl World {
    /// A page writes a frame.
    pub(crate) fn write(&mut self, page: usize, up: Up) {
        if let Some(link) = self.pages[page].link {
            self.travel_up(link, up);
        }
    }

    pub(crate) fn travel_up(&mut self, link: usize, up: Up) {
        if !self.links[link].spend_or_fail(self.now) {
            let detail = format!("{} is closed with 4011", self.links[link].peer_id);
            self.fail("signals keep within the rate of the server", detail);
            return;
        }
        let is_signal = match &up {
            Up::Signal(_, signal) => suffers(signal),
            Up::Subscribe(_) | Up::Unsubscribe | Up::Publish(..) | Up::Send(..) => false,
        };
        for (copy, at) in
            self.times(self.links[link].up, is_signal).into_iter().flatten().enumerate()
        {
            if copy == 0 {
                self.links[link].up = self.links[link].up.max(at.1);
            }
            self.schedule.add(at.0, Happening::Arrives { link, up: up.clone() });
        }
    }

    /// When a frame arrives, if it does; and until when those behind it wait.
    fn times(&mut self, last: u64, may_suffer: bool) -> [Option<(u64, u64)>; 2] {
        let faults = &self.faults;
        let (lost, doubled, late, reordered) =
            (faults.lost, faults.doubled, faults.late, faults.reordered);
        let at = (self.now + self.faults.latency).max(last);
        if !may_suffer {
            return [Some((at, at)), None];
        }
        if self.dice.chance(lost) {
            self.bad_frame();
            return [None, None];
        }
        let mut times = [Some((at, at)), None];
        if self.dice.chance(late) {
            self.bad_frame();
            let then = at + self.dice.magnitude(20_000);
            let passes = self.dice.chance(reordered);
            times[0] = Some((then, if passes { at } else { then.min(at + 2_000) }));
        }
        if self.dice.chance(doubled) {
            self.bad_frame();
            let then = at + self.dice.magnitude(20_000);
            times[1] = Some((then, at));
        }
        times
    }

    fn bad_frame(&mut self) {
        self.totals.bad_frames += 1;
        self.fault_seen = true;
    }

    fn send_down(&mut self, link: usize, down: Down) {
        let may_suffer = match &down {
            Down::Signal { signal, .. } => suffers(signal),
            Down::Done(..) | Down::Presence { .. } | Down::Message { .. } | Down::Direct { .. } => {
                false
            }
        };
        let mut times = self.times(self.links[link].down, may_suffer);
        let late = match &down {
            Down::Presence { .. } => self.faults.presence_late,
            Down::Done(..) => self.faults.ack_late,
            Down::Message { .. } | Down::Direct { .. } | Down::Signal { .. } => 0,
        };
        if self.dice.chance(late)
            && let Some((at, _)) = &mut times[0]
        {
            // Others pass it.
            *at += self.dice.magnitude(self.faults.latest);
        }
        if let Down::Presence { .. } = down {
            // Presence keeps its own order.
            let last = self.presence_order.entry(link).or_default();
            if let Some((at, _)) = &mut times[0] {
                *at = (*at).max(*last);
                *last = *at;
            }
        }
        for (copy, (at, until)) in times.into_iter().flatten().enumerate() {
            if copy == 0 {
                self.links[link].down = self.links[link].down.max(until);
            }
            self.schedule.add(at, Happening::Delivers { link, down: down.clone() });
        }
    }

    /// A frame reaches the server.
    pub(crate) fn arrive(&mut self, link: usize, up: Up) {
        if !self.links[link].alive {
            return;
        }
        let from = self.links[link].peer_id.clone();
        match up {
            Up::Subscribe(request) => {
                self.answer(link, request, Ok(()));
                self.enter(link);
            }
            Up::Unsubscribe => self.leave(link),
            Up::Publish(request, data) => {
                self.answer(link, request, Ok(()));
                for other in self.listeners() {
                    if other != link {
                        let message = Down::Message { from: from.clone(), data: data.clone() };
                        self.send_down(other, message);
                    }
                }
            }
            Up::Send(request, to, data) => {
                let receivers = self.links_of(&to);
                let result = if receivers.is_empty() {
                    Err(CallError::Rejected { code: "peer_not_found".into(), message: None })
                } else {
                    Ok(())
                };
                self.answer(link, request, result);
                for other in receivers {
                    let direct = Down::Direct { from: from.clone(), data: data.clone() };
                    self.send_down(other, direct);
                }
            }
            Up::Signal(to, signal) => {
                for other in self.links_of(&to) {
                    let down = Down::Signal { from: from.clone(), signal: signal.clone() };
                    self.send_down(other, down);
                }
            }
        }
    }

    fn answer(&mut self, link: usize, request: Option<RequestId>, result: Result<(), CallError>) {
        if let Some(request) = request {
            self.send_down(link, Down::Done(request, result));
        }
    }

    fn links_of(&self, peer_id: &str) -> Vec<usize> {
        let links = self.links.iter().enumerate();
        links.filter(|(_, link)| link.alive && link.peer_id == peer_id).map(|(at, _)| at).collect()
    }

    fn listeners(&self) -> Vec<usize> {
        let links = self.links.iter().enumerate();
        links.filter(|(_, link)| link.alive && link.subscribed).map(|(at, _)| at).collect()
    }

    /// How many links of each id are in the channel.
    pub(crate) fn present(&self) -> BTreeMap<&str, usize> {
        let mut present = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.alive && link.subscribed) {
            *present.entry(&*link.peer_id).or_default() += 1;
        }
        present
    }

    /// A link enters the channel, or asks again who is in it.
    pub(crate) fn enter(&mut self, link: usize) {
        let id = self.links[link].peer_id.clone();
        let was_there = self.present().contains_key(&*id);
        self.links[link].subscribed = true;
        if !was_there {
            self.tell_others(link, &id, true);
        }
        // A new snapshot follows.
        self.links[link].pending_presence = None;
        let joined = self.present().keys().map(|id| (*id).to_owned()).collect();
        self.send_down(link, Down::Presence { joined, left: Vec::new() });
    }

    fn leave(&mut self, link: usize) {
        if !std::mem::replace(&mut self.links[link].subscribed, false) {
            return;
        }
        let id = self.links[link].peer_id.clone();
        if !self.present().contains_key(&*id) {
            self.tell_others(link, &id, false);
        }
    }

    fn tell_others(&mut self, link: usize, id: &str, joined: bool) {
        for other in self.listeners() {
            if other == link {
                continue;
            }
            let waits = self.links[other].pending_presence.is_some();
            self.links[other].pending_presence.get_or_insert_default().add(id, joined);
            if !waits && self.dice.chance(self.faults.presence_late) {
                let at = self.now + self.dice.magnitude(self.faults.latest);
                self.schedule.add(at, Happening::Tells { link: other });
            } else if !waits {
                self.tell_news(other);
            }
        }
    }

    /// Tells a link who came and who went since it was told last.
    pub(crate) fn tell_news(&mut self, link: usize) {
        if let Some(PresenceUpdate { joined, left }) = self.links[link].pending_presence.take()
            && !(joined.is_empty() && left.is_empty())
        {
            self.totals.returns += joined.iter().filter(|id| left.contains(id)).count() as u64;
            self.send_down(link, Down::Presence { joined, left });
        }
    }

    /// A link is gone; the server notices at once or later.
    pub(crate) fn close_link(&mut self, link: usize, noticed: bool) {
        if noticed {
            self.server_notices(link);
        } else {
            let at = self.now + 1_000 + self.dice.magnitude(40_000);
            self.schedule.add(at, Happening::Notices { link });
        }
    }

    pub(crate) fn server_notices(&mut self, link: usize) {
        if self.links[link].alive {
            self.leave(link);
            self.links[link].alive = false;
        }
    }

    /// A frame reaches a page.
    pub(crate) fn deliver(&mut self, link: usize, down: Down) {
        let Some(page) = self.links[link].page else {
            if let Down::Signal { signal, .. } = down {
                self.overhear(signal);
            }
            return;
        };
        if !self.pages[page].alive || self.pages[page].link != Some(link) {
            return;
        }
        let slot = self.pages[page].slot;
        let peer = |peer_id: String| PresencePeer { peer_id, metadata: None };
        match down {
            Down::Done(request, result) => self.tell_done(page, request, result),
            Down::Presence { joined, left } => {
                trace!(self, slot, "gets presence: joined {joined:?}, left {left:?}");
                self.tell(
                    page,
                    Input::Presence {
                        channel: CHANNEL.into(),
                        joined: joined.into_iter().map(peer).collect(),
                        left: left.into_iter().map(peer).collect(),
                    },
                );
            }
            Down::Message { from, data } => {
                let channel = CHANNEL.into();
                self.tell(page, Input::Message { channel, from, data, from_metadata: None });
            }
            Down::Direct { from, data } => {
                self.tell(page, Input::Direct { from, data, from_metadata: None });
            }
            Down::Signal { from, signal } => {
                trace!(self, slot, "gets {} from {from}", super::driver::words(&signal));
                self.tell(page, Input::Signal { from, signal });
            }
        }
    }
}

/// Metadata that is lost cannot be told from metadata that was never given.
fn suffers(signal: &Signal<Load>) -> bool {
    match signal {
        Signal::Description(_) | Signal::Candidate(_) => true,
        Signal::Metadata(_) => false,
    }
}

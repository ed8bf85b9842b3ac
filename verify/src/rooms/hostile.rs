//! A member that means harm: it has a link and no page, and sends what it likes.

use std::rc::Rc;

use metered_realtime_proto::peer::{
    Candidate, Description as Signalled, SdpType, Signal, TrackMetadata,
};

use super::link::{Link, Up};
use super::load::{Description, Line, Load, Media};
use super::world::{Happening, World};
use crate::dice::Dice;

impl World {
    pub(crate) fn add_hostile(&mut self) {
        let link = self.links.len();
        // One that is polite to everybody, or impolite.
        let id = self.dice.pick(&["evil", "zevil"]);
        self.links.push(Link::new(None, id.into(), self.now));
        self.travel_up(link, Up::Subscribe(None));
        self.hostile = Some(link);
    }

    /// A burst of harm.
    pub(crate) fn do_harm(&mut self) {
        let Some(link) = self.hostile else { return };
        let ids: Vec<String> = self
            .present()
            .keys()
            .filter(|id| !self.is_hostile(id))
            .map(|id| (*id).to_owned())
            .collect();
        if ids.is_empty() {
            return;
        }
        let to = ids[self.dice.below(ids.len() as u64) as usize].clone();
        let what = self.dice.below(6);
        // At once, or so that each finds the one before it applied.
        let pause = if what == 5 { 20 } else { 0 };
        for count in 0..=self.dice.magnitude(200) {
            let up = Up::Signal(to.clone(), self.harm(what));
            self.schedule.add(self.now + count * pause, Happening::Arrives { link, up });
        }
    }

    /// Whether it is the id of the member that means harm.
    pub(crate) fn is_hostile(&self, id: &str) -> bool {
        self.hostile.is_some_and(|link| self.links[link].peer_id == id)
    }

    /// It keeps what it was sent, to send it to others.
    pub(crate) fn overhear(&mut self, signal: Signal<Load>) {
        self.overheard.push(signal);
        if self.overheard.len() > 20 {
            self.overheard.remove(0);
        }
    }

    fn harm(&mut self, what: u64) -> Signal<Load> {
        match what {
            0 => Signal::Candidate(Candidate {
                init: Some(Load::Garbage),
                size: self.dice.magnitude(2_000) as usize,
                ufrag: (self.dice.below(2) == 0).then(|| self.dice.below(5).to_string()),
            }),
            1 => Signal::Metadata(TrackMetadata {
                track: self.dice.below(1_000).to_string(),
                metadata: (self.dice.below(4) != 3).then_some(Load::Garbage),
                kind: None,
                stream: None,
                exact: false,
                size: self.dice.magnitude(60_000) as usize,
            }),
            2 if !self.overheard.is_empty() => {
                self.overheard[self.dice.below(self.overheard.len() as u64) as usize].clone()
            }
            _ => {
                // All of one connection, or of several.
                let one = what == 5;
                let kind = if one {
                    SdpType::Offer
                } else {
                    self.dice.pick(&[SdpType::Offer, SdpType::Answer])
                };
                self.descriptions += 1;
                let number = self.descriptions;
                let line = Line { media: Media::Video, sends: true, receives: true, track: None };
                let lines = vec![line; if one { 1 } else { self.dice.below(4) as usize }];
                let several = |dice: &mut Dice| if one { 0 } else { dice.below(3) as u32 };
                let description = Rc::new(Description {
                    number,
                    kind,
                    pc: 1_000_000 + several(&mut self.dice),
                    version: if one { number as u32 } else { self.dice.below(1_000) as u32 },
                    ufrag: 2_000_000 + several(&mut self.dice),
                    lines,
                    answers: None,
                });
                let mut sdp = description.sdp();
                if !one && self.dice.below(3) == 0 {
                    sdp.text = Load::Garbage;
                }
                sdp.size = self.dice.magnitude(if one { 10_000 } else { 1_000_000 }) as usize;
                Signal::Description(Signalled { kind, sdp, answers: None })
            }
        }
    }
}

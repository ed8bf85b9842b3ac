//! Deterministic simulation of rooms: members with their machines, a model of `RTCPeerConnection` and of the server, and
//! everything that goes wrong between them, under one seed.
//!
//! ```text
//!              one seed ─► dice
//! user ─► page ─► Room          time jumps from one happening to the next
//!           │  ▲    │
//!           │  └────┘ inputs, outputs ─► invariants (after every step)
//!           ├─► pc ◄──── path ────► pc of another page
//!           └─► link ◄─► server
//! ```

mod calm;
mod driver;
mod faults;
mod hostile;
mod ice;
mod invariants;
mod link;
mod load;
mod page;
mod pc;
mod platform;
mod server;
mod totals;
mod user;
mod world;

pub use totals::RoomTotals;

use crate::dice::Dice;
use crate::runner::Outcome;
use crate::trace::Trace;
use world::World;

/// Runs a session.
#[must_use]
pub fn run(dice: Dice, with_trace: bool) -> Outcome<RoomTotals> {
    let mut world = World::new(dice, with_trace);
    world.live();
    world.count();
    Outcome {
        broken: world.broken,
        totals: world.totals,
        trace: world.trace.map(Trace::into_text),
        choices: world.dice.into_record(),
    }
}

impl World {
    /// What kind of session it was.
    fn count(&mut self) {
        let sending = self.members.iter().filter(|member| member.tracks_at_start > 0).count();
        let facts = [
            self.members.len() >= 4,
            sending >= 2,
            self.fault_seen || self.totals.drops > 0,
            self.has_refresh,
        ];
        let [large, media, faulty, refreshed] = facts.map(u64::from);
        let totals = &mut self.totals;
        totals.sizes[self.members.len()] = 1;
        (totals.large, totals.media, totals.faulty, totals.refreshed) =
            (large, media, faulty, refreshed);
        totals.full = u64::from(facts == [true; 4]);
        totals.hostile = u64::from(self.hostile.is_some());
        totals.two_tabs = u64::from(self.has_tabs);
        totals.rebuilding = u64::from(self.rebuilds);
        totals.simulated_ms = self.now;
        for page in &self.pages {
            totals.events += page.checker.events;
            totals.resets += page.checker.resets;
        }
    }
}

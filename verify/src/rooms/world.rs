//! One seed, one session: members, their pages and connections, the server and what goes wrong, in simulated time.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_proto::machine::CallError;
use metered_realtime_proto::peer::{
    ConnectionEvent, ConnectionId, Input, RequestId, Signal, State,
};
use metered_realtime_proto::wire::{IceServer, Urls};

use super::faults::Faults;
use super::link::{Down, Link, Up};
use super::load::Load;
use super::page::Page;
use super::pc::Operation;
use super::totals::RoomTotals;
use crate::dice::Dice;
use crate::invariants::Broken;
use crate::schedule::Schedule;
use crate::trace::{Trace, trace};

/// Something that happens at a point in time.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A room's alarm rings, unless it was set anew since.
    Alarm { page: usize, set: u32 },
    /// A dial of a client succeeds or fails.
    Dials { page: usize },
    /// A call of the client ends by itself.
    Done { page: usize, request: RequestId, result: Result<(), CallError> },
    /// A frame reaches the server.
    Arrives { link: usize, up: Up },
    /// A frame reaches a page.
    Delivers { link: usize, down: Down },
    /// The server tells a link who came and who went.
    Tells { link: usize },
    /// The server notices that a link is gone.
    Notices { link: usize },
    /// A connection has done what it was asked for.
    Finishes { page: usize, connection: ConnectionId, operation: Operation },
    /// A connection reports something.
    Reports { page: usize, connection: ConnectionId, event: ConnectionEvent<Load> },
    /// A connection may need a negotiation.
    Needs { page: usize, connection: ConnectionId },
    /// All paths are looked at.
    Looks,
    /// A member comes.
    Comes { slot: usize },
    /// A user does something.
    Acts { slot: usize },
    /// Something goes wrong.
    Incident,
    /// The member that means harm does some.
    Harm,
}

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    /// The id of its token; `None`: it has a key, and another id after each reconnect.
    token_id: Option<String>,
    pub(crate) tracks_at_start: u64,
    pub(crate) renames_tracks: bool,
    /// Its living pages.
    pub(crate) pages: Vec<usize>,
}

/// Everything of a session.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) schedule: Schedule<Happening>,
    pub(crate) members: Vec<Member>,
    pub(crate) pages: Vec<Page>,
    pub(crate) links: Vec<Link>,
    pub(crate) presence_order: BTreeMap<usize, u64>,
    /// Pages and connections by the connection's number.
    pub(crate) owners: BTreeMap<u32, (usize, ConnectionId)>,
    /// Pairs of members without a path.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    pub(crate) hostile: Option<usize>,
    /// What the member that means harm was sent.
    pub(crate) overheard: Vec<Signal<Load>>,
    pub(crate) rebuilds: bool,
    /// Nothing goes wrong in the whole session.
    pub(crate) quiet: bool,
    /// Frames arrive in time in the whole session, and operations work.
    pub(crate) keeps_frames: bool,
    /// How many candidates a connection has at most. Many of them, in a large room, are more than may be sent at once.
    pub(crate) addresses: u64,
    pub(crate) faults: Faults,
    pub(crate) faults_over: bool,
    pub(crate) fault_seen: bool,
    pub(crate) has_refresh: bool,
    pub(crate) has_tabs: bool,
    pub(crate) pc_numbers: u32,
    pub(crate) descriptions: u64,
    pub(crate) track_numbers: u32,
    pub(crate) metadata: BTreeMap<u32, Option<u64>>,
    pub(crate) data: u64,
    ids: u32,
    pub(crate) rejoins: Vec<usize>,
    /// Signals to members that mean no harm.
    pub(crate) honest_signals: u64,
    /// When a user last got an event.
    pub(crate) activity: u64,
    acts_left: u64,
    pub(crate) trace: Option<Trace>,
    pub(crate) broken: Option<Broken>,
    pub(crate) totals: RoomTotals,
}

/// When sessions begin, in milliseconds.
const START: u64 = 1_000;

/// How often paths are looked at.
const LOOK_MS: u64 = 500;

impl World {
    pub(crate) fn new(mut dice: Dice, with_trace: bool) -> World {
        let quiet = dice.below(16) == 0;
        let faults = if quiet { Faults::none(&mut dice) } else { Faults::random(&mut dice) };
        let count = 2 + dice.pick(&[0, 1, 2, 2, 3, 4, 5, 6]);
        let rebuilds = dice.below(8) == 7;
        let acts_left = dice.magnitude(24);
        let addresses = dice.pick(&[6, 6, 6, 60]);
        let mut world = World {
            now: START,
            schedule: Schedule::default(),
            members: Vec::new(),
            pages: Vec::new(),
            links: Vec::new(),
            presence_order: BTreeMap::new(),
            owners: BTreeMap::new(),
            cut: BTreeSet::new(),
            hostile: None,
            overheard: Vec::new(),
            rebuilds,
            quiet,
            addresses,
            keeps_frames: faults.keep_frames(),
            faults,
            faults_over: false,
            fault_seen: false,
            has_refresh: false,
            has_tabs: false,
            pc_numbers: 0,
            descriptions: 0,
            track_numbers: 0,
            metadata: BTreeMap::new(),
            data: 0,
            ids: 0,
            rejoins: Vec::new(),
            honest_signals: 0,
            activity: START,
            acts_left,
            trace: with_trace.then(Trace::default),
            broken: None,
            totals: RoomTotals { sessions: 1, members: count, ..RoomTotals::default() },
            dice,
        };
        trace!(world, 99, "faults: {:?}", world.faults);
        for slot in 0..count {
            world.add_member(slot as usize);
        }
        world.plan();
        world
    }

    fn add_member(&mut self, slot: usize) {
        let token_id = (self.dice.below(4) != 3).then(|| format!("t{slot}"));
        let tracks_at_start = self.dice.pick(&[1, 2, 0]);
        let renames_tracks = self.dice.below(4) == 3;
        self.members.push(Member { token_id, tracks_at_start, renames_tracks, pages: Vec::new() });
        let at = START + self.dice.magnitude(5_000);
        self.schedule.add(at, Happening::Comes { slot });
    }

    fn plan(&mut self) {
        self.schedule.add(START + LOOK_MS, Happening::Looks);
        for _ in 0..self.acts_left {
            let slot = self.dice.below(self.members.len() as u64) as usize;
            let at = START + self.dice.magnitude(50_000);
            self.schedule.add(at, Happening::Acts { slot });
        }
        if self.quiet {
            return;
        }
        for _ in 0..self.dice.magnitude(8) {
            let at = START + self.dice.magnitude(40_000);
            self.schedule.add(at, Happening::Incident);
        }
        if self.dice.below(16) == 15 {
            self.add_hostile();
            for _ in 0..=self.dice.magnitude(8) {
                let at = START + self.dice.magnitude(40_000);
                self.schedule.add(at, Happening::Harm);
            }
        }
        if self.dice.below(8) > 0 {
            // Somebody loads the page anew.
            let slot = self.dice.below(self.members.len() as u64) as usize;
            self.members[slot].token_id = Some(format!("t{slot}"));
            let at = START + 3_000 + self.dice.magnitude(40_000);
            self.schedule.add(at, Happening::Acts { slot: slot + REFRESHES });
        }
    }

    pub(crate) fn fail(&mut self, rule: &'static str, detail: String) {
        self.note(Err(Broken { rule, detail }));
    }

    /// Keeps the first rule that was broken.
    pub(crate) fn note(&mut self, result: Result<(), Broken>) {
        if let Err(broken) = result
            && self.broken.is_none()
        {
            trace!(self, 99, "BROKEN: {broken}");
            self.broken = Some(broken);
        }
    }

    /// Lets things happen, until then or until `enough`.
    pub(crate) fn pass(&mut self, until: u64, mut enough: impl FnMut(&mut World) -> bool) {
        while self.broken.is_none()
            && let Some((at, what)) = self.schedule.next(until)
        {
            self.now = self.now.max(at);
            self.totals.steps += 1;
            let looked = matches!(what, Happening::Looks);
            self.happen(what);
            for page in std::mem::take(&mut self.rejoins) {
                if self.pages[page].alive && self.pages[page].room.state() == State::Idle {
                    self.join(page);
                }
            }
            if looked && enough(self) {
                return;
            }
        }
    }

    fn happen(&mut self, what: Happening) {
        match what {
            Happening::Alarm { page, set } => self.ring(page, set),
            Happening::Dials { page } => self.dial(page),
            Happening::Done { page, request, result } => self.tell_done(page, request, result),
            Happening::Arrives { link, up } => self.arrive(link, up),
            Happening::Delivers { link, down } => self.deliver(link, down),
            Happening::Tells { link } => self.tell_news(link),
            Happening::Notices { link } => self.server_notices(link),
            Happening::Finishes { page, connection, operation } => {
                self.finish(page, connection, operation);
            }
            Happening::Reports { page, connection, event } => self.report(page, connection, event),
            Happening::Needs { page, connection } => self.needs(page, connection),
            Happening::Looks => {
                self.check_paths();
                self.schedule.add(self.now + LOOK_MS, Happening::Looks);
            }
            Happening::Comes { slot } => self.come(slot),
            Happening::Acts { slot } => self.acts(slot),
            Happening::Incident => self.incident(),
            Happening::Harm => self.do_harm(),
        }
    }

    fn come(&mut self, slot: usize) {
        let token_id = self.members[slot].token_id.clone();
        let page = self.load_page(slot, token_id);
        self.prepare_tracks(page);
        self.join(page);
    }

    fn acts(&mut self, slot: usize) {
        let refreshes = slot >= REFRESHES;
        let slot = slot % REFRESHES;
        let Some(page) = self.members[slot].pages.first().copied() else { return };
        if refreshes { self.refresh(page) } else { self.act(page) }
    }

    pub(crate) fn schedule_dial(&mut self, page: usize, ms: u64) {
        self.schedule.add(self.now + ms, Happening::Dials { page });
    }

    /// The client's dial ends.
    fn dial(&mut self, page: usize) {
        if !self.pages[page].alive || self.pages[page].link.is_some() {
            return;
        }
        let Some(connect) = self.pages[page].dialling.take() else { return };
        if self.dice.chance(self.faults.refused) {
            self.fault_seen = true;
            if let Some(request) = connect {
                let close = metered_realtime_proto::machine::Close::new(1006, "refused");
                self.tell_done(page, request, Err(CallError::Connect(close)));
            } else {
                self.pages[page].dialling = Some(None);
                self.schedule_dial(page, 1_000);
                let (code, reason) = (1006, String::new());
                self.tell(page, Input::Disconnected { code, reason, will_reconnect: true });
            }
            return;
        }
        self.ids += 1;
        let fresh = format!("k{}x{}", self.pages[page].slot, self.ids);
        let peer_id = self.pages[page].token_id.clone().unwrap_or(fresh);
        let link = self.links.len();
        self.links.push(Link::new(Some(page), peer_id.clone(), self.now));
        self.pages[page].link = Some(link);
        trace!(self, self.pages[page].slot, "is welcomed as {peer_id}");
        self.pages[page].own_ids.push(peer_id.clone());
        let subscribed = self.pages[page].subscribed && connect.is_none();
        let max_message_size = 65_536.0;
        self.pages[page].checker.welcomed();
        let ice_servers = self.some_ice_servers();
        self.pages[page].ice_servers = ice_servers.clone().or(self.pages[page].ice_servers.take());
        self.tell(page, Input::Connected { peer_id, max_message_size, ice_servers });
        if let Some(request) = connect {
            self.tell_done(page, request, Ok(()));
        } else if subscribed && self.pages[page].link == Some(link) {
            self.write(page, Up::Subscribe(None));
        }
    }

    /// Those of a welcome, if it has any.
    fn some_ice_servers(&mut self) -> Option<Vec<IceServer>> {
        let number = self.dice.below(4).checked_sub(1)?;
        let urls = Urls::One(format!("turn:{number}"));
        Some(vec![IceServer { urls, username: None, credential: None }])
    }

    /// Something goes wrong.
    fn incident(&mut self) {
        self.fault_seen = true;
        let living: Vec<usize> =
            (0..self.pages.len()).filter(|page| self.pages[*page].alive).collect();
        if living.is_empty() {
            return;
        }
        let page = living[self.dice.below(living.len() as u64) as usize];
        let noticed = !self.dice.chance(self.faults.unnoticed);
        match self.dice.below(6) {
            0 | 1 => self.lose_link(page, 1006, true, noticed),
            2 => {
                // The server restarts.
                for page in living {
                    self.lose_link(page, 1001, true, true);
                }
            }
            3 | 4 => {
                let (a, b) = (self.any_slot(), self.any_slot());
                let pair = (a.min(b), a.max(b));
                trace!(self, 99, "path of {pair:?}");
                if a != b && !self.cut.remove(&pair) {
                    self.cut.insert(pair);
                }
            }
            _ => {
                // A second page of the same member, for a while.
                let slot = self.pages[page].slot;
                if let Some(token_id) = self.members[slot].token_id.clone()
                    && self.members[slot].pages.len() == 1
                {
                    self.has_tabs = true;
                    let page = self.load_page(slot, Some(token_id));
                    self.prepare_tracks(page);
                    self.join(page);
                }
            }
        }
    }

    fn any_slot(&mut self) -> usize {
        self.dice.below(self.members.len() as u64) as usize
    }
}

/// A slot above this means that the page is loaded anew.
pub(crate) const REFRESHES: usize = 100;

//! One seed, one session: the clients, the server, the network and the users, in simulated time that jumps from one
//! happening to the next.

use metered_realtime::machine::{Input, Instant, Machine, Options, State};

use crate::agenda::{Agenda, Happening, News, TokenAnswer};
use crate::dice::Dice;
use crate::driver::Client;
use crate::invariants::Broken;
use crate::network::Link;
use crate::options;
use crate::story::{Story, tell};
use crate::totals::Totals;
use crate::weather::Weather;

/// Everything of a session.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) agenda: Agenda,
    pub(crate) clients: Vec<Client>,
    pub(crate) links: Vec<Link>,
    /// The links that the server takes for alive.
    pub(crate) live: Vec<usize>,
    pub(crate) peers: u32,
    pub(crate) published: u32,
    pub(crate) weather: Weather,
    /// The storm is over.
    pub(crate) calm: bool,
    /// Frames travel as text.
    pub(crate) spoken: bool,
    pub(crate) acts_left: u64,
    pub(crate) pace: u64,
    pub(crate) patience: u32,
    pub(crate) story: Option<Story>,
    pub(crate) broken: Option<Broken>,
    pub(crate) totals: Totals,
}

/// How a session went.
#[derive(Debug)]
pub struct Outcome {
    /// The first rule that was broken.
    pub broken: Option<Broken>,
    /// What happened, in numbers.
    pub totals: Totals,
    /// What happened, in words, if that was asked for.
    pub story: Option<String>,
    /// The choices, if they were written down.
    pub choices: Vec<u64>,
}

/// Runs a session.
#[must_use]
pub fn run(dice: Dice, tell_story: bool) -> Outcome {
    let mut world = World::new(dice, tell_story);
    world.storm();
    if world.broken.is_none() {
        world.clear_up();
    }
    if world.broken.is_none() {
        world.end();
    }
    world.totals.simulated_ms = world.now - START;
    Outcome {
        broken: world.broken,
        totals: world.totals,
        story: world.story.map(Story::into_text),
        choices: world.dice.into_record(),
    }
}

impl World {
    fn new(mut dice: Dice, tell_story: bool) -> World {
        let weather =
            if dice.below(16) == 0 { Weather::calm() } else { Weather::stormy(&mut dice) };
        let clients = if dice.below(4) == 3 { 2 } else { 1 };
        let mut world = World {
            now: START,
            agenda: Agenda::default(),
            clients: Vec::new(),
            links: Vec::new(),
            live: Vec::new(),
            peers: 0,
            published: 0,
            weather,
            calm: false,
            spoken: dice.below(8) == 7,
            acts_left: 0,
            pace: dice.pick(&[2_000, 20, 500, 20_000, 200_000]),
            patience: 10,
            story: tell_story.then(Story::default),
            broken: None,
            totals: Totals { sessions: 1, ..Totals::default() },
            dice,
        };
        world.acts_left = world.dice.magnitude(60);
        tell!(world, 2, "weather: {:?}", world.weather);
        for client in 0..clients {
            world.add_client(client);
        }
        for _ in 0..world.dice.magnitude(12) {
            let at = START + world.dice.magnitude(300_000);
            world.agenda.add(at, Happening::Gust);
        }
        world
    }

    fn add_client(&mut self, client: usize) {
        let (raw, facts) = options::draw(&mut self.dice);
        tell!(self, client, "options: {raw:?}");
        let options = Options::check(raw).expect("the options that are drawn keep all rules");
        let seed = self.dice.below(u64::MAX);
        let machine = Machine::new(options, seed, Instant::from_millis(START));
        let short_path = self.dice.below(2) == 1;
        let mut new = Client::new(machine, facts, short_path);
        new.watch.tick(Instant::from_millis(START));
        // Without a logger the machine makes no log lines.
        new.machine.set_logging(self.dice.below(4) == 3);
        self.clients.push(new);
        if self.dice.below(8) != 7 {
            self.user_connects(client);
            self.pump(client);
        }
        self.agenda.add(START + 1, Happening::Acts { client });
    }

    fn storm(&mut self) {
        // A keepalive every millisecond is allowed, and dull.
        let dull = self.shortest_watchdog(false).saturating_mul(200);
        let until = START + self.dice.pick(&[60_000, 5_000, 600_000, 7_200_000]).min(dull);
        // Some options allow a thousand dials a second, and one has soon seen enough of that.
        self.pass(until, |world| world.totals.steps > STORM_STEPS);
        if self.totals.steps <= STORM_STEPS {
            self.now = until.max(self.now);
        }
    }

    fn shortest_watchdog(&self, usable: bool) -> u64 {
        let usable =
            self.clients.iter().filter(|client| !usable || client.watch.can_be_connected());
        let watchdogs = usable.filter_map(|client| client.facts.inactivity);
        watchdogs.min().unwrap_or(u64::MAX)
    }

    /// Lets things happen, until then or until `enough`.
    pub(crate) fn pass(&mut self, until: u64, enough: impl Fn(&World) -> bool) {
        while self.broken.is_none() && !enough(self) {
            let Some((at, what)) = self.agenda.next(until) else { return };
            self.now = self.now.max(at);
            self.totals.steps += 1;
            if self.totals.steps > MOST_STEPS {
                return self.break_rule("time goes on", format!("{MOST_STEPS} steps"));
            }
            self.happen(what);
        }
    }

    fn happen(&mut self, what: Happening) {
        let sleeper = match &what {
            Happening::Alarm { client, .. }
            | Happening::Drain { client }
            | Happening::Acts { client }
            | Happening::Made { client, .. }
            | Happening::TokenAnswers { client, .. }
            | Happening::HandlerEnds { client }
            | Happening::SendFailed { client, .. } => Some(*client),
            Happening::Hears { link, .. } => self.links.get(*link).map(|link| link.client),
            Happening::Awakes { .. }
            | Happening::Gust
            | Happening::Arrives { .. }
            | Happening::Says { .. }
            | Happening::Closes { .. } => None,
        };
        if let Some(client) = sleeper.filter(|client| self.clients[*client].asleep) {
            self.clients[client].deferred.push(what);
            return;
        }
        match what {
            Happening::Alarm { client, set } => self.rings(client, set),
            Happening::Drain { client } => self.pump(client),
            Happening::Acts { client } => self.acts(client),
            Happening::Gust => self.gust(),
            Happening::Awakes { client } => self.awakes(client),
            Happening::Arrives { link, up } => {
                if !self.links[link].up_lost {
                    self.arrives(link, up);
                }
            }
            Happening::Says { link, said } => self.say(link, said),
            Happening::Closes { link, code } => self.server_closes(link, code),
            Happening::Hears { link, news } => self.hears(link, news),
            Happening::Made { client, socket } => {
                if self.clients[client].wants(socket) {
                    self.make(client, socket);
                    self.pump(client);
                }
            }
            Happening::TokenAnswers { client, request, answer } => {
                self.token_answers(client, request, answer);
            }
            Happening::HandlerEnds { client } => self.handler_ends(client),
            Happening::SendFailed { client, call } => self.feed(client, Input::SendFailed { call }),
        }
    }

    /// One thing goes wrong.
    fn gust(&mut self) {
        if self.calm {
            return;
        }
        let client = self.dice.below(self.clients.len() as u64) as usize;
        self.pump(client);
        let links = self.clients[client].links();
        let link = links.get(self.dice.below(links.len() as u64) as usize).copied();
        match (self.dice.below(16), link) {
            (0 | 1, Some(link)) => self.cut(link, false),
            (2 | 3, Some(link)) => self.cut(link, true),
            (4, Some(link)) => {
                tell!(self, client, "network: nothing reaches the server any more");
                self.links[link].up_lost = true;
            }
            (5, Some(link)) => {
                tell!(self, client, "network: nothing reaches the client any more");
                self.links[link].down_lost = true;
                self.links[link].mute = true;
            }
            (6 | 7, Some(link)) => {
                let code = self.draw_close_code();
                self.server_closes(link, code);
            }
            (8, Some(link)) => {
                let ms = self.dice.magnitude(120_000);
                self.stall(link, ms);
            }
            (9, Some(link)) => self.noise(link),
            (10, _) => self.falls_asleep(client),
            (11, _) => {
                let ms = self.dice.magnitude(100_000_000);
                tell!(self, client, "clock: {ms} ms ahead");
                self.clients[client].skew += ms as i64;
            }
            (12, _) => {
                let ms = self.dice.magnitude(200_000);
                tell!(self, client, "clock: {ms} ms back");
                self.clients[client].skew -= ms as i64;
            }
            (13, _) => self.feed(client, Input::HandlersDrained),
            _ => {
                if !self.clients[client].asleep {
                    self.feed(client, Input::Wake);
                }
            }
        }
    }

    fn falls_asleep(&mut self, client: usize) {
        if !std::mem::replace(&mut self.clients[client].asleep, true) {
            let ms = self.dice.magnitude(100_000_000);
            tell!(self, client, "process: stands still for {ms} ms");
            self.pump(client);
            self.agenda.add(self.now + ms, Happening::Awakes { client });
        }
    }

    fn awakes(&mut self, client: usize) {
        if !std::mem::take(&mut self.clients[client].asleep) {
            return;
        }
        tell!(self, client, "process: goes on");
        let mut deferred = std::mem::take(&mut self.clients[client].deferred);
        if self.dice.below(2) == 1 {
            // The alarm rings after what has arrived; otherwise in its place.
            deferred.sort_by_key(|what| matches!(what, Happening::Alarm { .. }));
        }
        if self.dice.below(3) == 2 {
            self.feed(client, Input::Wake);
        }
        for what in deferred {
            if self.broken.is_none() {
                self.happen(what);
            }
        }
    }

    /// The weather turns fine. From now on everybody gets what is theirs, and soon.
    fn clear_up(&mut self) {
        tell!(self, 2, "the weather turns fine");
        self.calm = true;
        self.weather = Weather::calm();
        for client in 0..self.clients.len() {
            self.awakes(client);
            self.pump(client);
            let due = self.clients[client].machine.poll_timeout();
            self.set_alarm(client, due);
            self.mend(client);
        }
        for client in 0..self.clients.len() {
            if !self.clients[client].watch.can_be_connected() {
                self.user_closes(client);
                self.pump(client);
            }
        }
        for client in 0..self.clients.len() {
            if self.broken.is_some() || !self.clients[client].watch.can_be_connected() {
                continue;
            }
            for call in self.clients[client].watch.patient_calls() {
                let clock = self.clock(client);
                tell!(self, client, "user: abort({}), which would wait for ever", call.0);
                self.clients[client].watch.aborts(call);
                self.clients[client].machine.abort(call, clock);
                self.pump(client);
            }
            self.hurry(client);
            let wait = self.clients[client].watch.longest_recovery();
            let due = self.clients[client].machine.poll_timeout();
            let due = due.map_or(0, |due| due.since(self.clients[client].clock(self.now)));
            let patience = self.shortest_watchdog(true).saturating_mul(5_000).min(PATIENCE_MS);
            if due > patience {
                continue;
            }
            let until = self.now + wait.min(patience);
            self.recover(client, until);
            if self.broken.is_none() && self.clients[client].machine.state() == State::Connected {
                self.check_unwanted(client);
            }
        }
    }

    /// Waits until all is well; the user connects by hand where the client has given up.
    fn recover(&mut self, client: usize, until: u64) {
        let closed = |world: &World| world.clients[client].machine.state() == State::Closed;
        while self.broken.is_none() && !self.is_well(client) {
            if self.patience == 0 {
                let why = self.ailment(client).unwrap_or_default();
                return self.break_rule("connect() works in a good network", why);
            }
            self.user_insists(client);
            self.pass(until, |world| closed(world) || world.is_well(client));
            if self.broken.is_none() && !closed(self) && !self.is_well(client) {
                self.patience -= 1;
                self.hurry(client);
                let state = &self.clients[client];
                let due = state.machine.poll_timeout();
                let due = due.map_or(0, |due| due.since(state.clock(self.now)));
                if state.machine.state() == State::Reconnecting && self.now + due > until {
                    return;
                }
                if self.now + due > until {
                    let why = self.ailment(client).unwrap_or_default();
                    self.break_rule("everything is well again once the network is", why);
                }
            }
        }
    }

    /// Nobody waits for months: the token provider answers after all, and the network says that it is back.
    fn hurry(&mut self, client: usize) {
        if let Some(request) = self.clients[client].watch.token_request() {
            self.token_answers(client, request, TokenAnswer::Token);
        }
        let state = &self.clients[client];
        let due = state.machine.poll_timeout().map(|due| due.since(state.clock(self.now)));
        if state.machine.state() == State::Reconnecting && due.is_some_and(|due| due > 600_000) {
            self.feed(client, Input::Wake);
        }
    }

    /// Links that are half-open end, or are left to the watchdog, or all links are replaced.
    fn mend(&mut self, client: usize) {
        let watched = self.clients[client].facts.inactivity.is_some_and(|ms| ms <= 120_000);
        let replaces = self.dice.below(2) == 1;
        for link in self.clients[client].links() {
            let state = &self.links[link];
            let broken = state.mute || state.up_lost || state.down_lost;
            if (broken && !watched) || state.up_lost && !state.mute || replaces {
                self.leave(link);
                self.cut(link, false);
            }
        }
    }

    fn is_well(&self, client: usize) -> bool {
        self.ailment(client).is_none()
    }

    /// What is not yet as it should be.
    fn ailment(&self, client: usize) -> Option<String> {
        let state = &self.clients[client];
        if state.machine.state() != State::Connected {
            return Some(format!("the client is {}", state.machine.state().name()));
        }
        if state.watch.has_pending() {
            return Some("calls wait for an answer".into());
        }
        let Some(link) = state.link() else { return Some("there is no socket".into()) };
        state.watch.missing(&self.links[link].seat)
    }

    fn check_unwanted(&mut self, client: usize) {
        if let Some(link) = self.clients[client].link() {
            let verdict = self.clients[client].watch.unwanted(&self.links[link].seat);
            self.check(verdict);
        }
    }

    /// The user closes everything, and then nothing is left.
    fn end(&mut self) {
        for client in 0..self.clients.len() {
            self.clients[client].watch.last_close();
            self.user_closes(client);
            self.pump(client);
        }
        let back = self.clients.iter().map(|client| client.watch.behind(client.clock(self.now)));
        let wait = back.max().unwrap_or_default() + 1_000;
        self.pass(self.now + wait, |_| false);
        for client in 0..self.clients.len() {
            if self.broken.is_some() {
                return;
            }
            let state = &self.clients[client];
            let verdict = state.watch.finished(&state.machine, state.held.len());
            self.check(verdict);
        }
        self.haunt();
    }

    /// Late news of all kinds do not wake a closed client.
    fn haunt(&mut self) {
        for link in 0..self.links.len().min(8) {
            let (client, socket) = (self.links[link].client, self.links[link].socket);
            let news = match self.dice.below(3) {
                0 => News::Opened,
                1 => News::Closed(metered_realtime::machine::Close::new(1006, "")),
                _ => News::Said(crate::server::Said::Frame(
                    metered_realtime::wire::ServerFrame::Pong,
                )),
            };
            let input = match news {
                News::Opened => Input::SocketOpened { socket },
                News::Closed(close) => Input::SocketClosed { socket, close },
                News::Said(_) => Input::Oversize { socket },
            };
            self.feed(client, input);
        }
        for client in 0..self.clients.len() {
            self.feed(client, Input::Wake);
            self.feed(client, Input::HandlersDrained);
            let state = &self.clients[client];
            if self.broken.is_none() {
                let verdict = state.watch.finished(&state.machine, state.held.len());
                self.check(verdict);
            }
        }
    }

    pub(crate) fn check(&mut self, verdict: Result<(), Broken>) {
        if let Err(broken) = verdict {
            self.fail(broken);
        }
    }

    pub(crate) fn fail(&mut self, broken: Broken) {
        if self.broken.is_none() {
            tell!(self, 2, "BROKEN: {broken}");
            self.broken = Some(broken);
        }
    }

    pub(crate) fn break_rule(&mut self, rule: &'static str, detail: String) {
        self.fail(Broken { rule, detail });
    }
}

/// Some time after the start of all clocks, so that they can be set back.
const START: u64 = 1_000_000_000;

/// What takes longer than this is not waited for.
const PATIENCE_MS: u64 = 20_000_000;

/// A storm ends after so many steps.
const STORM_STEPS: u64 = 20_000;

/// A session that takes more steps than this is a loop.
const MOST_STEPS: u64 = 200_000;

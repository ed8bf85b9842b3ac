//! A session: the clients, the server, the network and the users, in simulated time that jumps from one step to the next.

use metered_realtime_proto::machine::{Input, Instant, Machine, Options};
use metered_realtime_proto_testing::Server;

use crate::client::Client;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::invariants::Broken;
use crate::link::Link;
use crate::options;
use crate::runner::Outcome;
use crate::schedule::{Schedule, Scheduled};
use crate::totals::Totals;
use crate::trace::{Trace, trace};

/// The state of a session.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    pub(crate) schedule: Schedule,
    pub(crate) clients: Vec<Client>,
    pub(crate) links: Vec<Link>,
    pub(crate) server: Server,
    pub(crate) peers: u32,
    pub(crate) published: u32,
    pub(crate) faults: Faults,
    /// Whether the faults are over.
    pub(crate) faults_over: bool,
    /// Whether frames are written as text and read again.
    pub(crate) as_text: bool,
    pub(crate) acts_left: u64,
    pub(crate) pace: u64,
    pub(crate) patience: u32,
    pub(crate) trace: Option<Trace>,
    pub(crate) broken: Option<Broken>,
    pub(crate) totals: Totals,
}

/// Runs a session.
#[must_use]
pub fn run(dice: Dice, with_trace: bool) -> Outcome<Totals> {
    let mut world = World::new(dice, with_trace);
    world.run_with_faults();
    if world.broken.is_none() {
        world.end_faults();
    }
    if world.broken.is_none() {
        world.end();
    }
    world.totals.simulated_ms = world.now - START;
    Outcome {
        broken: world.broken,
        totals: world.totals,
        trace: world.trace.map(Trace::into_text),
        choices: world.dice.into_record(),
    }
}

impl World {
    fn new(mut dice: Dice, with_trace: bool) -> World {
        let faults = if dice.below(16) == 0 { Faults::none() } else { Faults::random(&mut dice) };
        let clients = if dice.below(4) == 3 { 2 } else { 1 };
        let mut world = World {
            now: START,
            schedule: Schedule::default(),
            clients: Vec::new(),
            links: Vec::new(),
            server: Server::default(),
            peers: 0,
            published: 0,
            faults,
            faults_over: false,
            as_text: dice.below(8) == 7,
            acts_left: 0,
            pace: dice.pick(&[2_000, 20, 500, 20_000, 200_000]),
            patience: 10,
            trace: with_trace.then(Trace::default),
            broken: None,
            totals: Totals { sessions: 1, ..Totals::default() },
            dice,
        };
        world.acts_left = world.dice.magnitude(60);
        trace!(world, 2, "faults: {:?}", world.faults);
        for client in 0..clients {
            world.add_client(client);
        }
        for _ in 0..world.dice.magnitude(12) {
            let at = START + world.dice.magnitude(300_000);
            world.schedule.add(at, Scheduled::Incident);
        }
        world
    }

    fn add_client(&mut self, client: usize) {
        let (raw, facts) = options::draw(&mut self.dice);
        trace!(self, client, "options: {raw:?}");
        let options = Options::check(raw).expect("the options that are drawn keep all rules");
        let seed = self.dice.below(u64::MAX);
        let machine = Machine::new(options, seed, Instant::from_millis(START));
        let short_path = self.dice.below(2) == 1;
        let mut new = Client::new(machine, facts, short_path);
        new.checker.tick(Instant::from_millis(START));
        // Without a logger the machine makes no log lines.
        new.machine.set_logging(self.dice.below(4) == 3);
        self.clients.push(new);
        if self.dice.below(8) != 7 {
            self.user_connects(client);
            self.pump(client);
        }
        self.schedule.add(START + 1, Scheduled::Acts { client });
    }

    fn run_with_faults(&mut self) {
        // A keepalive every millisecond is allowed, but not interesting for long.
        let dull = self.shortest_watchdog(false).saturating_mul(200);
        let until = START + self.dice.pick(&[60_000, 5_000, 600_000, 7_200_000]).min(dull);
        // Some options allow a thousand dials a second, and those are not interesting for long either.
        self.pass(until, |world| world.totals.steps > FAULTY_STEPS);
        if self.totals.steps <= FAULTY_STEPS {
            self.now = until.max(self.now);
        }
    }

    pub(crate) fn shortest_watchdog(&self, usable: bool) -> u64 {
        let usable =
            self.clients.iter().filter(|client| !usable || client.checker.can_be_connected());
        let watchdogs = usable.filter_map(|client| client.facts.inactivity);
        watchdogs.min().unwrap_or(u64::MAX)
    }

    /// Runs the schedule until this time, or until `enough`.
    pub(crate) fn pass(&mut self, until: u64, enough: impl Fn(&World) -> bool) {
        while self.broken.is_none() && !enough(self) {
            let Some((at, what)) = self.schedule.next(until) else { return };
            self.now = self.now.max(at);
            self.totals.steps += 1;
            if self.totals.steps > MOST_STEPS {
                return self.break_rule("time goes on", format!("{MOST_STEPS} steps"));
            }
            self.execute(what);
        }
    }

    pub(crate) fn execute(&mut self, what: Scheduled) {
        let sleeper = match &what {
            Scheduled::Alarm { client, .. }
            | Scheduled::Drain { client }
            | Scheduled::Acts { client }
            | Scheduled::Made { client, .. }
            | Scheduled::TokenAnswers { client, .. }
            | Scheduled::HandlerEnds { client }
            | Scheduled::SendFailed { client, .. } => Some(*client),
            Scheduled::Delivers { link, .. } => self.links.get(*link).map(|link| link.client),
            Scheduled::Awakes { .. }
            | Scheduled::Incident
            | Scheduled::Arrives { .. }
            | Scheduled::ServerSends { .. }
            | Scheduled::Closes { .. } => None,
        };
        if let Some(client) = sleeper.filter(|client| self.clients[*client].asleep) {
            self.clients[client].deferred.push(what);
            return;
        }
        match what {
            Scheduled::Alarm { client, set } => self.fires(client, set),
            Scheduled::Drain { client } => self.pump(client),
            Scheduled::Acts { client } => self.acts(client),
            Scheduled::Incident => self.incident(),
            Scheduled::Awakes { client } => self.awakes(client),
            Scheduled::Arrives { link, up } => {
                if !self.links[link].up_lost {
                    self.arrives(link, up);
                }
            }
            Scheduled::ServerSends { link, message } => self.server_sends(link, message),
            Scheduled::Closes { link, code } => self.server_closes(link, code),
            Scheduled::Delivers { link, event } => self.deliver(link, event),
            Scheduled::Made { client, socket } => {
                if self.clients[client].wants(socket) {
                    self.make(client, socket);
                    self.pump(client);
                }
            }
            Scheduled::TokenAnswers { client, request, answer } => {
                self.token_answers(client, request, answer);
            }
            Scheduled::HandlerEnds { client } => self.handler_ends(client),
            Scheduled::SendFailed { client, call } => self.feed(client, Input::SendFailed { call }),
        }
    }

    pub(crate) fn check(&mut self, verdict: Result<(), Broken>) {
        if let Err(broken) = verdict {
            self.fail(broken);
        }
    }

    pub(crate) fn fail(&mut self, broken: Broken) {
        if self.broken.is_none() {
            trace!(self, 2, "BROKEN: {broken}");
            self.broken = Some(broken);
        }
    }

    pub(crate) fn break_rule(&mut self, rule: &'static str, detail: String) {
        self.fail(Broken { rule, detail });
    }
}

/// The time at the start. It is not zero, so that clocks can be set back.
const START: u64 = 1_000_000_000;

/// The faults end after this many steps.
const FAULTY_STEPS: u64 = 20_000;

/// A session with more steps than this never ends.
const MOST_STEPS: u64 = 200_000;

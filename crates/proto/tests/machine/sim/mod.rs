//! A machine with a driver, a simulated clock and a scripted server.
//!
//! The driver follows the rules of the real ones: it carries out outputs one after the other with nothing borrowed. Handlers run
//! when their event is dispatched and may call anything; the events that they cause follow. Everything observable goes into one
//! trace, in order. Time does not tick: it moves exactly to `poll_timeout()`.

mod calls;
mod clock;
mod pump;
mod server;
mod trace;

use std::collections::{BTreeMap, VecDeque};

use metered_realtime_proto::machine::{
    CallError, CallId, Event, Instant, Log, Machine, Options, RawOptions, RawReconnect, State,
};

pub(crate) use metered_realtime_proto_testing::{Json, decode_text};
pub(crate) use server::{Dial, TokenAnswer, failure};
pub(crate) use trace::Line;

use metered_realtime_proto_testing::Server;
use pump::Task;

/// A handler of the user: runs when an event is dispatched and may call the client.
pub(crate) type Handler = Box<dyn FnMut(&mut Sim, &Event<String>)>;

/// The simulation.
pub(crate) struct Sim {
    pub(crate) machine: Machine<String>,
    now: Instant,
    /// What the server does with the next dials; after them `dial_default`.
    dials: VecDeque<Dial>,
    pub(crate) dial_default: Dial,
    /// The next answers of the token provider. Without one it does not answer.
    tokens: VecDeque<TokenAnswer>,
    /// Whether the model server carries requests out and answers them at once.
    pub(crate) answers: bool,
    server: Server,
    /// Whether a socket that is asked to close reports that it has closed.
    pub(crate) closes_cleanly: bool,
    /// Whether sending fails.
    pub(crate) sends_fail: bool,
    /// The bytes that the next welcomes advertise.
    pub(crate) max_message_size: u32,
    /// After how many seconds the tokens of the next welcomes expire.
    pub(crate) token_lifetime_s: Option<f64>,
    /// How many asynchronous handlers are running.
    pub(crate) async_handlers: u32,
    drain_wanted: bool,
    handlers: Vec<Handler>,
    /// How many of the handlers `close()` will drop.
    handlers_to_drop: usize,
    tasks: VecDeque<Task>,
    pumping: bool,
    open_sockets: Vec<u32>,
    /// All sockets, in the order of the dials. The trace counts them from 1.
    sockets: Vec<u32>,
    /// All calls of the token provider, counted in the same way.
    token_requests: Vec<u32>,
    labels: BTreeMap<CallId, String>,
    results: BTreeMap<CallId, Result<(), CallError>>,
    /// Everything observable, in order.
    trace: Vec<Line>,
    events: Vec<(Instant, Event<String>)>,
    /// Frames as sent, with their socket.
    sent: Vec<(u32, serde_json::Value)>,
    pub(crate) addresses: Vec<String>,
    pub(crate) logs: Vec<Log>,
    pub(crate) streams_ended: u32,
    pub(crate) most_open_sockets: usize,
    pub(crate) outputs: u64,
}

/// Options for tests: a publishable key, and no jitter.
pub(crate) fn options() -> RawOptions {
    RawOptions {
        key: Some("pk_live_test".into()),
        reconnect: Some(reconnect()),
        ..RawOptions::default()
    }
}

/// The same with a token provider.
pub(crate) fn token_options() -> RawOptions {
    RawOptions { key: None, has_provider: true, ..options() }
}

/// Reconnect options without jitter.
pub(crate) fn reconnect() -> RawReconnect {
    RawReconnect { jitter_ratio: 0.0, ..RawReconnect::default() }
}

impl Sim {
    /// An idle client. The server welcomes every dial.
    pub(crate) fn new() -> Sim {
        Sim::with(options())
    }

    /// The same with other options.
    pub(crate) fn with(options: RawOptions) -> Sim {
        Sim::seeded(options, 7)
    }

    /// The same with a seed of the test's own.
    pub(crate) fn seeded(options: RawOptions, seed: u64) -> Sim {
        let now = Instant::from_millis(1_000);
        let options = Options::check(options).expect("the test's options keep all rules");
        Sim {
            machine: Machine::new(options, seed, now),
            now,
            dials: VecDeque::new(),
            dial_default: Dial::Welcome,
            tokens: VecDeque::new(),
            answers: false,
            server: Server::default(),
            closes_cleanly: true,
            sends_fail: false,
            max_message_size: 65_536,
            token_lifetime_s: None,
            async_handlers: 0,
            drain_wanted: false,
            handlers: Vec::new(),
            handlers_to_drop: 0,
            tasks: VecDeque::new(),
            pumping: false,
            open_sockets: Vec::new(),
            sockets: Vec::new(),
            token_requests: Vec::new(),
            labels: BTreeMap::new(),
            results: BTreeMap::new(),
            trace: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            addresses: Vec::new(),
            logs: Vec::new(),
            streams_ended: 0,
            most_open_sockets: 0,
            outputs: 0,
        }
    }

    /// A connected client with an empty trace.
    pub(crate) fn connected() -> Sim {
        Sim::connected_with(options())
    }

    /// The same with other options.
    pub(crate) fn connected_with(options: RawOptions) -> Sim {
        let mut sim = Sim::with(options);
        if sim.tokens.is_empty() {
            sim.tokens.push_back(TokenAnswer::token("tok"));
        }
        sim.connect();
        assert_eq!(sim.state(), State::Connected);
        sim.tokens.clear();
        sim.forget_trace();
        sim
    }

    /// A connected client that is subscribed to these channels.
    pub(crate) fn subscribed(channels: &[&str]) -> Sim {
        let mut sim = Sim::connected();
        for channel in channels {
            let call = sim.subscribe(channel).expect("connected");
            sim.ack(call);
        }
        sim.forget_trace();
        sim
    }

    /// A client that lost its connection and waits for its first retry.
    pub(crate) fn reconnecting() -> Sim {
        let mut sim = Sim::connected();
        sim.drop_connection(1006);
        assert_eq!(sim.state(), State::Reconnecting);
        sim.forget_trace();
        sim
    }

    /// The state that users see.
    pub(crate) fn state(&self) -> State {
        self.machine.state()
    }

    /// Adds a handler for all events.
    pub(crate) fn on(&mut self, handler: impl FnMut(&mut Sim, &Event<String>) + 'static) {
        self.handlers.push(Box::new(handler));
    }

    /// How many handlers there are.
    pub(crate) fn handler_count(&self) -> usize {
        self.handlers.len()
    }

    /// The newest socket.
    pub(crate) fn socket(&self) -> u32 {
        *self.sockets.last().expect("a socket was opened")
    }

    /// The newest request to the token provider.
    pub(crate) fn token_request(&self) -> u32 {
        *self.token_requests.last().expect("a token was asked for")
    }

    /// The newest request to the token provider, if there was one.
    pub(crate) fn newest_token_request(&self) -> Option<u32> {
        self.token_requests.last().copied()
    }

    /// Whether there was any socket.
    pub(crate) fn has_socket(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// Sockets that were opened and neither closed nor abandoned.
    pub(crate) fn open_sockets(&self) -> usize {
        self.open_sockets.len()
    }
}

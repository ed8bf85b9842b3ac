//! Random users on a random network: the rules of the boundary always hold.

use std::collections::BTreeMap;

use metered_realtime_proto::machine::{CallId, Event, RawOptions, RawReconnect, State};
use proptest::prelude::*;

use crate::sim::{Dial, Line, Sim, TokenAnswer, options, token_options};

/// One step of a walk.
#[derive(Clone, Debug)]
enum Step {
    Connect,
    Close(u16),
    Subscribe(u8, bool),
    Unsubscribe(u8),
    Publish,
    /// Withdraws one of the calls so far.
    Abort(usize),
    /// Acknowledges one of the calls so far.
    Ack(usize),
    Reject(usize),
    Message,
    Garbage,
    Welcome,
    Drop(u16),
    Advance(u64),
    Sleep(u64),
    Wake,
    SendsFail(bool),
    ClosesCleanly(bool),
    Handler(bool),
    Token(bool),
}

fn dial() -> impl Strategy<Value = Dial> {
    prop_oneof![
        4 => Just(Dial::Welcome),
        2 => Just(Dial::Open),
        1 => Just(Dial::Hang),
        2 => Just(Dial::Refuse(1006)),
        1 => prop::sample::select(vec![1011, 4001, 4002, 4010]).prop_map(Dial::CloseEarly),
        1 => Just(Dial::Unavailable),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let code = prop::sample::select(vec![1000, 1001, 1006, 1009, 4000, 4001, 4010, 4321]);
    prop_oneof![
        4 => Just(Step::Connect),
        2 => code.clone().prop_map(Step::Close),
        4 => (0u8..4, any::<bool>()).prop_map(|(channel, with)| Step::Subscribe(channel, with)),
        2 => (0u8..4).prop_map(Step::Unsubscribe),
        3 => Just(Step::Publish),
        2 => any::<usize>().prop_map(Step::Abort),
        4 => any::<usize>().prop_map(Step::Ack),
        2 => any::<usize>().prop_map(Step::Reject),
        2 => Just(Step::Message),
        1 => Just(Step::Garbage),
        2 => Just(Step::Welcome),
        4 => code.prop_map(Step::Drop),
        4 => (0u64..70_000).prop_map(Step::Advance),
        1 => (0u64..10_000_000).prop_map(Step::Sleep),
        1 => Just(Step::Wake),
        1 => any::<bool>().prop_map(Step::SendsFail),
        1 => any::<bool>().prop_map(Step::ClosesCleanly),
        1 => any::<bool>().prop_map(Step::Handler),
        3 => any::<bool>().prop_map(Step::Token),
    ]
}

/// What the events alone say of the client.
#[derive(Default)]
struct Observer {
    calls: Vec<CallId>,
    state: Option<State>,
    ever_connected: bool,
    /// How many sockets may be open at once.
    sockets: usize,
}

impl Observer {
    fn watch(&mut self, sim: &mut Sim) {
        for event in sim.events() {
            match event {
                Event::StateChange { from, to } => {
                    assert_eq!(self.state.unwrap_or(State::Idle), from, "the changes form a chain");
                    self.state = Some(to);
                    if to == State::Connecting {
                        self.ever_connected = false;
                    }
                }
                Event::Connected(connected) => {
                    assert_eq!(connected.is_reconnect, self.ever_connected);
                    self.ever_connected = true;
                }
                Event::Disconnected { .. } => {
                    assert!(self.ever_connected, "no disconnected without a connected");
                }
                _ => {}
            }
        }
        assert_eq!(self.state.unwrap_or(State::Idle), sim.state(), "all changes were reported");
        assert!(sim.most_open_sockets <= self.sockets, "one socket, and one that is closing");
        if !matches!(sim.state(), State::Connected) {
            assert_eq!(sim.machine.requests_in_flight(), 0);
        }
    }

    fn some_call(&self, pick: usize) -> Option<CallId> {
        (!self.calls.is_empty()).then(|| self.calls[pick % self.calls.len()])
    }
}

fn perform(step: Step, sim: &mut Sim, observer: &mut Observer) {
    let has_socket = sim.has_socket();
    match step {
        Step::Connect => observer.calls.extend(sim.try_connect()),
        Step::Close(code) => observer.calls.push(sim.close_with(code, "bye")),
        Step::Subscribe(channel, with) => {
            observer.calls.extend(sim.subscribe_with(&format!("c{channel}"), with));
        }
        Step::Unsubscribe(channel) => {
            observer.calls.extend(sim.unsubscribe(&format!("c{channel}")));
        }
        Step::Publish => observer.calls.extend(sim.publish("a", "1")),
        Step::Abort(pick) => {
            if let Some(call) = observer.some_call(pick) {
                sim.abort(call);
            }
        }
        Step::Ack(pick) => {
            if let Some(call) = observer.some_call(pick).filter(|_| has_socket) {
                sim.ack(call);
            }
        }
        Step::Reject(pick) => {
            if let Some(call) = observer.some_call(pick).filter(|_| has_socket) {
                sim.reject(call, "backend_error");
            }
        }
        Step::Message if has_socket => {
            sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
        }
        Step::Garbage if has_socket => sim.receive("garbage"),
        Step::Welcome if has_socket => sim.welcome(),
        Step::Drop(code) if has_socket => sim.drop_connection(code),
        Step::Message | Step::Garbage | Step::Welcome | Step::Drop(_) => {}
        Step::Advance(ms) => sim.advance(ms),
        Step::Sleep(ms) => {
            sim.sleep(ms);
            sim.fire_alarm();
        }
        Step::Wake => sim.wake(),
        Step::SendsFail(fail) => sim.sends_fail = fail,
        Step::ClosesCleanly(cleanly) => sim.closes_cleanly = cleanly,
        Step::Handler(true) => sim.async_handlers += 1,
        Step::Handler(false) if sim.async_handlers > 0 => sim.finish_handler(),
        Step::Handler(false) => {}
        Step::Token(good) => {
            if let Some(request) = sim.newest_token_request() {
                sim.answer_token(request, if good { Ok("tok") } else { Err("no") });
            }
        }
    }
}

fn walk(raw: RawOptions, seed: u64, dials: Vec<Dial>, steps: Vec<Step>) -> Vec<Line> {
    let renews = raw.renew_before_expiry_ms > 0.0;
    let mut sim = Sim::seeded(raw, seed);
    sim.token_lifetime_s = Some(120.0);
    sim.dials(dials);
    sim.tokens([TokenAnswer::token("tok"), TokenAnswer::Never]);
    let mut observer = Observer { sockets: if renews { 3 } else { 2 }, ..Observer::default() };
    for step in steps {
        perform(step, &mut sim, &mut observer);
        observer.watch(&mut sim);
    }
    let last = sim.close();
    observer.calls.push(last);
    sim.advance(1_000);
    observer.watch(&mut sim);
    let unanswered: BTreeMap<_, _> = observer
        .calls
        .iter()
        .filter(|call| sim.answer(**call).is_none())
        .map(|c| (c, ()))
        .collect();
    assert!(unanswered.is_empty(), "every call is answered: {unanswered:?}");
    assert_eq!((sim.alarm_in(), sim.open_sockets()), (None, 0));
    let lines = sim.timed_lines();
    check_sessions(&lines);
    lines
}

/// From `connect()` until the client is closed there is one final `disconnected` if it was connected, and otherwise none. After a
/// `close()` has resolved there is no event until the next `connect()`.
fn check_sessions(lines: &[Line]) {
    let (mut connected, mut finals, mut closed) = (false, 0, false);
    for Line { text, .. } in lines {
        if text.ends_with("-> connecting") {
            (connected, finals, closed) = (false, 0, false);
        }
        let is_event = ["disconnected", "connected", "message"].iter().any(|e| text.starts_with(e));
        assert!(
            !(closed && (is_event || text.contains(" -> "))),
            "{text} after close() in {lines:#?}"
        );
        connected |= text.ends_with("-> connected");
        finals += usize::from(text.ends_with(", final"));
        if text.ends_with("-> closed") {
            assert_eq!(finals, usize::from(connected), "{lines:#?}");
        }
        closed |= text == "close: ok";
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_keeps_the_rules(
        provider: bool,
        dials in prop::collection::vec(dial(), 0..10),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        walk(if provider { token_options() } else { options() }, 7, dials, steps);
    }

    #[test]
    fn every_walk_with_renewals_keeps_the_rules(
        seed: u64,
        dials in prop::collection::vec(dial(), 0..10),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let knobs = RawReconnect {
            fleet_spread_ms: 3_000.0,
            honour_going_away: true,
            ..RawReconnect::default()
        };
        let raw = RawOptions {
            renew_before_expiry_ms: 60_000.0,
            reconnect: Some(knobs),
            ..token_options()
        };
        walk(raw, seed, dials, steps);
    }

    #[test]
    fn the_same_seed_and_the_same_inputs_give_the_same_run(
        seed: u64,
        dials in prop::collection::vec(dial(), 0..10),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let jitter = || RawOptions { reconnect: Some(Default::default()), ..options() };
        let first = walk(jitter(), seed, dials.clone(), steps.clone());
        let second = walk(jitter(), seed, dials, steps);
        prop_assert_eq!(first, second);
    }
}

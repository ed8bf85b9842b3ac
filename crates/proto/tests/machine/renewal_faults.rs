//! Renewals of tokens with faults or little time: faults that the simulation found (`verify/FINDINGS.md`), and changes to the code
//! that no other test noticed.

use metered_realtime_proto::machine::{
    CallError, CallId, Close, Input, OptionName, Options, Outcome, RawOptions, SocketId, State,
};

use crate::sim::{Dial, Sim, TokenAnswer, options, token_options};
const NOW: u64 = 1_767_222_000;

fn welcome(expires_in_s: Option<u64>) -> String {
    let expires = expires_in_s.map_or("null".into(), |seconds| (NOW + seconds).to_string());
    format!(
        r#"{{"type":"welcome","peerId":"me","expiresAt":{expires},"serverTime":{NOW},"maxMessageSize":65536}}"#
    )
}

/// A client whose token is renewed after half a minute, and which is subscribed to these channels.
fn renewing(channels: &[&str]) -> Sim {
    renewing_with(["t1", "t2", "t3"], channels)
}

fn renewal_options() -> RawOptions {
    RawOptions { renew_before_expiry_ms: 30_000.0, inactivity_timeout_ms: 0.0, ..token_options() }
}

fn renewing_with(tokens: [&str; 3], channels: &[&str]) -> Sim {
    let mut sim = Sim::with(renewal_options());
    sim.dial_default = Dial::Open;
    sim.tokens(tokens.map(TokenAnswer::token));
    sim.connect();
    sim.receive(&welcome(Some(60)));
    for channel in channels {
        let call = sim.subscribe(channel).unwrap();
        sim.ack(call);
    }
    sim.forget_trace();
    sim
}

/// The second socket is welcomed. Returns the old and the new one.
fn join(sim: &mut Sim) -> (u32, u32) {
    let old = sim.socket();
    sim.advance(30_000);
    sim.receive(&welcome(None));
    assert_ne!(sim.socket(), old);
    (old, sim.socket())
}

/// The channels of the requests that were sent on a socket.
fn subscribes_on(sim: &Sim, socket: u32) -> Vec<String> {
    let requests = sim.requests_on(socket).into_iter();
    requests.map(|(_, frame)| frame["channel"].as_str().unwrap().to_owned()).collect()
}

fn newest_on(sim: &Sim, socket: u32) -> CallId {
    sim.requests_on(socket).last().expect("a request was sent").0
}

#[test]
fn a_publishable_key_is_never_renewed() {
    let options = RawOptions { renew_before_expiry_ms: 30_000.0, ..options() };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.connect();
    sim.receive(&welcome(Some(60)));
    sim.forget_trace();
    sim.advance(40_000);
    assert_eq!(sim.lines_of(&["fetch"]), [""; 0]);
}

#[test]
fn without_tracking_there_is_nothing_to_bring_over_and_no_renewal() {
    let options = RawOptions {
        renew_before_expiry_ms: 30_000.0,
        auto_resubscribe: false,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(60)));
    sim.forget_trace();
    sim.advance(59_000);
    assert_eq!(sim.lines(), [""; 0]);
}

#[test]
fn a_subscribe_that_fails_on_the_new_connection_is_tried_again_there_and_not_on_the_old_one() {
    let mut sim = renewing(&["a", "b"]);
    let (old, new) = join(&mut sim);
    let b = sim.last_request_id();
    sim.reject(CallId(b.0 - 1), "backend_error");
    sim.advance(2_000);
    let again = newest_on(&sim, new);
    sim.receive_on(new, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, again.0));
    sim.receive_on(new, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, b.0));
    sim.receive_on(old, r#"{"type":"pong"}"#);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(subscribes_on(&sim, new), ["a", "b", "a"]);
}

#[test]
fn subscribes_without_an_answer_are_tried_again_once_the_new_connection_has_taken_over() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    sim.advance(15_000);
    assert!(sim.lines().contains(&"connected again".to_owned()));
    sim.advance(2_000);
    assert_eq!(subscribes_on(&sim, new), ["a", "a"]);
}

#[test]
fn failures_on_the_old_connection_do_not_use_up_the_tries_on_the_new_one() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    for _ in 0..3 {
        sim.advance(20_000);
    }
    assert_eq!(subscribes_on(&sim, new), ["a", "a", "a", "a"]);
}

#[test]
fn a_subscribe_during_a_renewal_has_an_id_on_both_connections() {
    let mut sim = renewing(&["a"]);
    let (old, new) = join(&mut sim);
    let call = sim.subscribe("b").unwrap();
    sim.receive_on(old, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, call.0));
    assert!(sim.succeeded(call));
    assert_eq!(subscribes_on(&sim, new), ["a", "b"]);
    let id = newest_on(&sim, new);
    assert!(id > call);
}

#[test]
fn a_withdrawn_subscribe_is_forgotten_even_if_the_new_connection_confirmed_it() {
    let mut sim = renewing(&[]);
    let old = sim.socket();
    sim.advance(29_000);
    let call = sim.subscribe("a").unwrap();
    sim.advance(1_000);
    sim.receive(&welcome(None));
    sim.ack_last();
    sim.abort(call);
    assert_eq!(sim.error(call), &CallError::Aborted { outcome: Outcome::Unknown });
    assert_eq!(sim.machine.tracked_channels(), 0);
    assert_ne!(sim.socket(), old);
}

#[test]
fn renewal_accepts_a_finite_number_of_at_least_zero() {
    for ms in [f64::NAN, f64::INFINITY, -1.0] {
        let raw = RawOptions { renew_before_expiry_ms: ms, ..token_options() };
        let refused = Options::check(raw).expect_err("refused");
        assert_eq!(refused.option, OptionName::RenewBeforeExpiry);
    }
}

#[test]
fn renewal_is_off_at_zero() {
    let options = RawOptions { inactivity_timeout_ms: 0.0, ..token_options() };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(60)));
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn an_empty_token_fails_a_renewal_and_is_not_dialled_with() {
    let mut sim = renewing_with(["t1", "", "t3"], &[]);
    sim.advance(30_000);
    assert_eq!(sim.lines(), ["fetch 2"]);
    sim.advance(7_500);
    assert_eq!(sim.lines(), ["fetch 3", "open 2"]);
}

#[test]
fn a_renewal_that_gets_no_socket_is_tried_again() {
    let mut sim = renewing(&[]);
    sim.dials([Dial::Unavailable]);
    sim.advance(30_000);
    assert_eq!(sim.lines_of(&["fetch", "open"]), ["fetch 2", "open 2"]);
    sim.advance(7_500);
    assert_eq!(sim.lines(), ["fetch 3", "open 3"]);
}

#[test]
fn a_failed_renewal_leaves_no_request_in_flight() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    assert_eq!(sim.machine.requests_in_flight(), 1);
    sim.socket_closed(new, Close::new(1006, ""));
    assert_eq!(sim.machine.requests_in_flight(), 0);
}

#[test]
fn a_renewal_that_failed_is_tried_again_only_while_its_token_is_valid() {
    let mut sim = renewing_with(["t1", "", ""], &[]);
    sim.advance(59_000);
    let fetches = sim.lines_of(&["fetch"]).len();
    assert!(fetches >= 2, "{fetches}");
    sim.advance(120_000);
    assert_eq!(sim.lines_of(&["fetch"]).len(), 0);
}

#[test]
fn a_short_lived_token_is_renewed_after_half_of_its_lifetime() {
    let options = renewal_options();
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens([TokenAnswer::token("t1")]);
    sim.connect();
    sim.receive(&welcome(Some(40)));
    assert_eq!(sim.alarm_in(), Some(20_000));
}

#[test]
fn a_renewal_is_not_tried_again_after_its_token_has_expired() {
    for (left, again) in [(1_000, None), (1_001, Some(1_000))] {
        let options = RawOptions { token_provider_timeout_ms: 60_000.0, ..renewal_options() };
        let mut sim = Sim::with(options);
        sim.dial_default = Dial::Open;
        sim.tokens([TokenAnswer::token("t1"), TokenAnswer::Never]);
        sim.connect();
        sim.receive(&welcome(Some(60)));
        sim.advance(60_000 - left);
        sim.answer_token(sim.token_request(), Err("no"));
        assert_eq!(sim.alarm_in(), again);
    }
}

#[test]
fn a_text_that_is_too_large_ends_a_renewal_if_it_comes_on_its_socket() {
    let mut sim = renewing(&["a"]);
    let (_, new) = join(&mut sim);
    sim.forget_trace();
    sim.input(Input::Oversize { socket: SocketId(99) });
    assert_eq!(sim.lines(), [""; 0]);
    sim.input(Input::Oversize { socket: SocketId(new) });
    assert_eq!(sim.lines(), ["abandon 2 1000 superseded"]);
    assert_eq!((sim.state(), sim.open_sockets()), (State::Connected, 1));
}

#[test]
fn a_replay_that_succeeds_resets_the_count_of_failures() {
    let mut sim = renewing(&["b", "a"]);
    sim.drop_connection(1006);
    sim.advance(500);
    sim.receive(&welcome(Some(60)));
    let old = sim.socket();
    let [b, _] = sim.requests_on(old).iter().map(|(call, _)| *call).collect::<Vec<_>>()[..] else {
        panic!("two channels come back")
    };
    sim.ack(b);
    for _ in 0..3 {
        sim.reject_last("backend_error");
        sim.advance(2_000);
    }
    sim.ack_last();
    sim.advance(24_000);
    sim.receive(&welcome(None));
    // The subscribe to `b` is not answered, so the new connection does not take over yet.
    sim.reject_last("backend_error");
    let before = sim.requests_on(old).len();
    sim.advance(2_000);
    assert_eq!(sim.requests_on(old).len(), before + 1);
    let refused = newest_on(&sim, old);
    let error = format!(r#"{{"type":"error","code":"backend_error","requestId":"{}"}}"#, refused.0);
    sim.receive_on(old, &error);
    sim.advance(2_000);
    assert_ne!(newest_on(&sim, old), refused, "it is tried again");
}

#[test]
fn the_old_connection_stays_for_its_own_requests_and_for_no_later_ones() {
    let mut sim = renewing(&["a"]);
    let (old, new) = join(&mut sim);
    let joined = newest_on(&sim, new);
    let last = sim.publish("a", "1").unwrap();
    sim.ack(joined);
    let later = sim.publish("a", "2").unwrap();
    sim.receive_on(old, r#"{"type":"pong"}"#);
    assert_eq!(sim.open_sockets(), 2);
    sim.receive_on(old, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, last.0));
    assert_eq!(sim.open_sockets(), 1);
    assert_eq!(newest_on(&sim, new), later);
}

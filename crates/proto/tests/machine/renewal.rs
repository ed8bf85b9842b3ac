//! Renewing a token before it expires: a new connection takes over without a gap.

use metered_realtime_proto::machine::{
    CallError, Close, Event, Outcome, RawOptions, SocketId, State,
};
use metered_realtime_proto::wire::ApplicationFrame;

use crate::sim::{Dial, Sim, TokenAnswer, token_options};

const NOW: u64 = 1_767_222_000;

fn welcome(expires_in_s: u64) -> String {
    let expires = NOW + expires_in_s;
    format!(
        r#"{{"type":"welcome","peerId":"me","expiresAt":{expires},"serverTime":{NOW},"maxMessageSize":65536}}"#
    )
}

/// A client whose token is valid for an hour and is renewed a minute before it expires.
fn renewing() -> Sim {
    let options = RawOptions {
        renew_before_expiry_ms: 60_000.0,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    };
    let mut sim = Sim::with(options);
    sim.dial_default = Dial::Open;
    sim.tokens(["t1", "t2", "t3", "t4"].map(TokenAnswer::token));
    sim.connect();
    sim.receive(&welcome(3_600));
    assert_eq!(sim.state(), State::Connected);
    sim.forget_trace();
    sim
}

fn subscribed() -> Sim {
    let mut sim = renewing();
    for channel in ["a", "b"] {
        let call = sim.subscribe(channel).expect("connected");
        sim.ack(call);
    }
    sim.forget_trace();
    sim
}

const UNTIL_RENEWAL_MS: u64 = 3_540_000;

#[test]
fn the_new_connection_subscribes_to_everything_and_then_takes_over() {
    let mut sim = subscribed();
    let old = sim.socket();
    sim.advance(UNTIL_RENEWAL_MS - 1);
    assert_eq!(sim.lines(), [""; 0]);
    sim.advance(1);
    assert_eq!(sim.lines(), ["fetch 2", "open 2"]);
    sim.forget_trace();
    sim.receive(&welcome(3_600));
    assert_eq!(sim.lines(), ["send subscribe a", "send subscribe b"]);
    let last = sim.last_request_id();
    sim.forget_trace();
    sim.ack(metered_realtime_proto::machine::CallId(last.0 - 1));
    assert_eq!(sim.lines(), [""; 0]);
    sim.ack(last);
    assert_eq!(sim.lines(), ["send ping", "connected again"]);
    sim.forget_trace();
    sim.receive_on(old, r#"{"type":"pong"}"#);
    assert_eq!(sim.lines(), ["abandon 1 1000 superseded"]);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn messages_come_from_the_old_connection_until_it_is_replaced_and_then_from_the_new_one() {
    let mut sim = subscribed();
    let old = sim.socket();
    sim.advance(UNTIL_RENEWAL_MS);
    let new = sim.socket();
    sim.receive(&welcome(3_600));
    sim.forget_trace_but_frames();
    let message = |n: u32| format!(r#"{{"type":"message","channel":"a","from":"x","data":{n}}}"#);
    sim.receive_on(old, &message(1));
    sim.receive_on(new, &message(1));
    let last = sim.last_request_id();
    sim.ack(metered_realtime_proto::machine::CallId(last.0 - 1));
    sim.ack(last);
    sim.receive_on(new, &message(2));
    sim.receive_on(old, &message(3));
    sim.receive_on(old, r#"{"type":"pong"}"#);
    sim.receive_on(old, &message(4));
    let data: Vec<String> = sim
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Application(ApplicationFrame::Message { data, .. }) => Some(data),
            _ => None,
        })
        .collect();
    assert_eq!(data, ["1", "2", "3"]);
}

#[test]
fn presence_is_emitted_once_the_new_connection_has_taken_over() {
    let mut sim = subscribed();
    sim.advance(UNTIL_RENEWAL_MS);
    sim.receive(&welcome(3_600));
    sim.forget_trace_but_frames();
    let snapshot = |channel: &str| {
        format!(
            r#"{{"type":"presence","channel":"{channel}","joined":[{{"peerId":"x"}}],"left":[]}}"#
        )
    };
    let last = sim.last_request_id();
    sim.ack(metered_realtime_proto::machine::CallId(last.0 - 1));
    sim.receive(&snapshot("a"));
    assert_eq!(sim.events(), []);
    sim.ack(last);
    sim.receive(&snapshot("b"));
    let reported: Vec<&str> = sim
        .events()
        .iter()
        .map(|event| match event {
            Event::Connected(_) => "connected",
            Event::Application(ApplicationFrame::Presence { channel, .. }) if channel == "a" => "a",
            Event::Application(ApplicationFrame::Presence { .. }) => "b",
            _ => "?",
        })
        .collect();
    assert_eq!(reported, ["connected", "a", "b"]);
}

#[test]
fn application_frames_of_both_connections_take_the_short_way_once_the_new_one_has_taken_over() {
    let mut sim = subscribed();
    let old = SocketId(sim.socket());
    let admit = |sim: &mut Sim, socket| sim.machine.admit(socket, sim.instant());
    assert!(admit(&mut sim, old));
    assert!(!admit(&mut sim, SocketId(99)));
    sim.advance(UNTIL_RENEWAL_MS);
    let new = SocketId(sim.socket());
    assert!(!admit(&mut sim, new), "it is not welcomed");
    sim.receive(&welcome(3_600));
    assert!(admit(&mut sim, old));
    assert!(!admit(&mut sim, new));
    let last = sim.last_request_id();
    sim.ack(metered_realtime_proto::machine::CallId(last.0 - 1));
    sim.ack(last);
    assert!(admit(&mut sim, new));
    assert!(admit(&mut sim, old), "what was on its way still comes");
    assert!(!admit(&mut sim, SocketId(99)));
    sim.receive_on(old.0, r#"{"type":"pong"}"#);
    assert!(!admit(&mut sim, old));
}

#[test]
fn a_request_that_is_in_flight_is_answered_on_the_old_connection() {
    let mut sim = renewing();
    let old = sim.socket();
    sim.advance(UNTIL_RENEWAL_MS);
    let call = sim.publish("a", "1").expect("connected");
    let next = sim.publish("a", "2").expect("connected");
    sim.receive(&welcome(3_600));
    sim.receive_on(old, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, next.0));
    sim.receive_on(old, r#"{"type":"pong"}"#);
    assert_eq!(sim.open_sockets(), 2);
    sim.receive_on(old, &format!(r#"{{"type":"ack","requestId":"{}"}}"#, call.0));
    assert!(sim.succeeded(call));
    assert_eq!(sim.open_sockets(), 1);
}

#[test]
fn a_request_that_the_old_connection_never_answers_fails_as_unknown() {
    let mut sim = renewing();
    sim.advance(UNTIL_RENEWAL_MS);
    let call = sim.publish("a", "1").expect("connected");
    sim.receive(&welcome(3_600));
    sim.advance(5_000);
    let lost = CallError::Disconnected { close_code: 1000, outcome: Outcome::Unknown };
    assert_eq!(*sim.error(call), lost);
    assert_eq!(sim.open_sockets(), 1);
}

#[test]
fn changes_while_the_subscriptions_are_brought_over_go_to_both_connections() {
    let mut sim = subscribed();
    sim.advance(UNTIL_RENEWAL_MS);
    sim.receive(&welcome(3_600));
    sim.forget_trace();
    sim.unsubscribe("a").expect("connected");
    sim.subscribe("c").expect("connected");
    assert_eq!(
        sim.lines(),
        ["send unsubscribe a", "send unsubscribe a", "send subscribe c", "send subscribe c"]
    );
}

#[test]
fn a_failed_renewal_leaves_the_connection_alone_and_is_tried_again() {
    let mut sim = renewing();
    sim.advance(UNTIL_RENEWAL_MS);
    let new = sim.socket();
    sim.forget_trace();
    sim.socket_closed(new, Close::new(4001, "no"));
    assert_eq!(sim.state(), State::Connected);
    sim.advance(15_000);
    assert_eq!(sim.lines_of(&["fetch"]), ["fetch 3"]);
}

#[test]
fn a_provider_that_hangs_only_ends_the_renewal() {
    let mut sim = renewing();
    sim.tokens([]);
    let mut sim = {
        sim.advance(UNTIL_RENEWAL_MS - 1);
        sim
    };
    sim.advance(1);
    let new = sim.socket();
    sim.forget_trace();
    // The new socket is never welcomed.
    sim.advance(10_000);
    assert!(sim.lines().contains(&"abandon 2 1000 superseded".to_owned()), "{new}");
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn a_drop_in_the_middle_gives_up_the_renewal_and_reconnects() {
    let mut sim = subscribed();
    let old = sim.socket();
    sim.advance(UNTIL_RENEWAL_MS);
    sim.receive(&welcome(3_600));
    sim.forget_trace();
    sim.socket_closed(old, Close::new(1006, ""));
    assert_eq!(sim.state(), State::Reconnecting);
    assert_eq!(sim.open_sockets(), 0);
    sim.advance(500);
    sim.receive(&welcome(3_600));
    assert_eq!(sim.lines_of(&["open", "send"]), ["open 3", "send subscribe a", "send subscribe b"]);
}

#[test]
fn closing_in_the_middle_closes_both_connections() {
    let mut sim = renewing();
    sim.advance(UNTIL_RENEWAL_MS);
    let close = sim.close();
    assert!(sim.succeeded(close));
    assert_eq!(sim.open_sockets(), 0);
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn each_renewal_plans_the_next_one() {
    let mut sim = renewing();
    for _ in 0..2 {
        let old = sim.socket();
        sim.advance(UNTIL_RENEWAL_MS);
        sim.receive(&welcome(3_600));
        sim.receive_on(old, r#"{"type":"pong"}"#);
        assert_eq!(sim.open_sockets(), 1);
    }
    assert_eq!(sim.addresses.len(), 3);
}

#[test]
fn a_token_that_never_expires_is_never_renewed() {
    let mut sim = Sim::connected_with(RawOptions {
        renew_before_expiry_ms: 60_000.0,
        inactivity_timeout_ms: 0.0,
        ..token_options()
    });
    assert_eq!(sim.alarm_in(), None);
    sim.advance(1);
}

#[test]
fn a_renewal_that_was_due_during_a_sleep_begins_soon_after_the_last_one() {
    let mut sim = renewing();
    sim.advance(UNTIL_RENEWAL_MS);
    sim.receive(&welcome(3_600));
    sim.forget_trace();
    sim.sleep(4_000_000);
    sim.fire_alarm();
    assert_eq!(sim.lines(), ["abandon 1 1000 superseded"]);
    assert_eq!(sim.advance_to_alarm(), 1_000);
    assert_eq!(sim.lines(), ["fetch 3", "open 3"]);
}

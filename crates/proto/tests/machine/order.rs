//! The order of promises, events and frames (rules d02, d03, d10 and d16).

use metered_realtime_proto::machine::{Close, Event, Input, SocketId, State};
use metered_realtime_proto::wire::ApplicationFrame;

use crate::sim::{Dial, Sim};

const MESSAGE: &str = r#"{"type":"message","channel":"a","from":"p","data":1}"#;

/// Events of the socket that arrived together, before any output was carried out.
fn together(sim: &mut Sim, texts: &[&str], drop_after: bool) {
    for text in texts {
        sim.receive_undrained(text);
    }
    if drop_after {
        let socket = SocketId(sim.socket());
        sim.input_undrained(Input::SocketClosed { socket, close: Close::new(1006, "") });
    }
    sim.pump();
}

fn dialling() -> Sim {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.connect();
    sim.forget_trace();
    sim
}

#[test]
fn d02_neither_a_failed_first_connect_nor_a_failed_second_emits_disconnected() {
    let mut sim = Sim::connected();
    sim.drop_connection(4001);
    sim.forget_trace();
    sim.dials([Dial::Refuse(1006)]);
    sim.connect();
    assert_eq!(
        sim.lines(),
        ["closed -> connecting", "open 2", "connecting -> closed", "connect: connect error 1006"]
    );
}

#[test]
fn d02_close_while_reconnecting_emits_disconnected_with_the_requested_code() {
    let mut sim = Sim::reconnecting();
    sim.close_with(4321, "bye");
    assert_eq!(sim.lines()[..2], ["disconnected 4321 bye, final", "reconnecting -> closed"]);
}

#[test]
fn d03_inside_of_a_disconnected_handler_the_state_is_already_the_new_one() {
    for (code, state) in [(1006, State::Reconnecting), (4001, State::Closed)] {
        let mut sim = Sim::connected();
        sim.on(move |sim, event| {
            if let Event::Disconnected { .. } = event {
                assert_eq!(sim.state(), state);
            }
        });
        sim.drop_connection(code);
        assert_eq!(sim.state(), state);
    }
}

#[test]
fn d03_events_that_a_handler_causes_follow_the_current_ones() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Application(ApplicationFrame::Message { .. }) = event {
            sim.close();
        }
    });
    together(&mut sim, &[MESSAGE, r#"{"type":"direct","from":"p","data":2}"#], false);
    assert_eq!(
        sim.lines()[..4],
        [
            "message a p 1",
            "direct p 2",
            "disconnected 1000 client requested close, final",
            "connected -> closed"
        ]
    );
}

#[test]
fn a_message_that_arrives_with_the_welcome_follows_its_event() {
    let mut sim = dialling();
    let welcome = sim.welcome_text();
    together(&mut sim, &[&welcome, MESSAGE], false);
    assert_eq!(
        sim.lines(),
        ["connecting -> connected", "connected", "connect: ok", "message a p 1"]
    );
}

#[test]
fn a_drop_that_arrives_with_the_welcome_follows_its_event_and_is_retried() {
    let mut sim = dialling();
    let welcome = sim.welcome_text();
    together(&mut sim, &[&welcome], true);
    assert_eq!(
        sim.lines(),
        [
            "connecting -> connected",
            "connected",
            "connect: ok",
            "disconnected 1006, will retry",
            "connected -> reconnecting"
        ]
    );
}

#[test]
fn an_answer_and_an_event_keep_the_order_of_their_frames() {
    let mut sim = Sim::connected();
    let call = sim.subscribe("a").unwrap();
    sim.forget_trace();
    let ack = format!(r#"{{"type":"ack","requestId":"{}"}}"#, call.0);
    let snapshot = r#"{"type":"presence","channel":"a","joined":[],"left":[]}"#;
    together(&mut sim, &[MESSAGE, &ack, snapshot], false);
    assert_eq!(sim.lines(), ["message a p 1", "subscribe a: ok", "presence a +[] -[]"]);
}

#[test]
fn an_answer_just_before_a_drop_counts() {
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.forget_trace();
    let ack = format!(r#"{{"type":"ack","requestId":"{}"}}"#, call.0);
    together(&mut sim, &[&ack], true);
    assert_eq!(sim.lines()[..2], ["publish a: ok", "disconnected 1006, will retry"]);
}

#[test]
fn frames_leave_in_the_order_of_the_calls() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Application(ApplicationFrame::Message { .. }) = event {
            sim.publish("a", "1").unwrap();
            sim.subscribe("b").unwrap();
            sim.send("p", "2").unwrap();
            sim.unsubscribe("b").unwrap();
        }
    });
    sim.receive(MESSAGE);
    assert_eq!(
        sim.lines_of(&["send"]),
        ["send publish a 1", "send subscribe b", "send send p 2", "send unsubscribe b"]
    );
}

#[test]
fn a_message_for_a_handler_that_reconnects_by_hand_is_not_mixed_with_the_new_session() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::StateChange { to: State::Closed, .. } = event {
            sim.connect();
        }
    });
    sim.drop_connection(4001);
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.most_open_sockets, 1);
}

#[test]
fn d10_withdrawing_connect_in_the_handler_of_connected_closes_the_client() {
    let mut sim = dialling();
    let connect = metered_realtime_proto::machine::CallId(1);
    sim.on(move |sim, event| {
        if let Event::StateChange { to: State::Connected, .. } = event {
            sim.subscribe("a").unwrap();
            sim.abort(connect);
        }
    });
    sim.welcome();
    assert_eq!(
        sim.lines(),
        [
            "connecting -> connected",
            "abandon 1 1000 connect aborted",
            "subscribe a: lost 1000 notSent",
            "disconnected 1000 connect aborted, final",
            "connected -> closed",
            "connect: aborted notSent"
        ]
    );
    assert_eq!((sim.machine.requests_in_flight(), sim.alarm_in()), (0, None));
}

#[test]
fn withdrawing_a_connect_that_has_succeeded_changes_nothing() {
    let mut sim = dialling();
    sim.welcome();
    sim.forget_trace();
    sim.abort(metered_realtime_proto::machine::CallId(1));
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn d16_a_session_has_the_events_of_the_official_client_in_the_same_order() {
    let mut sim = Sim::new();
    sim.answers = true;
    sim.connect();
    sim.subscribe("a").unwrap();
    sim.publish("a", "1").unwrap();
    sim.receive(MESSAGE);
    sim.receive(r#"{"type":"going_away","retryAfterMs":1000}"#);
    sim.close_from_server(1001, "deploy");
    sim.advance(500);
    sim.close();
    assert_eq!(
        sim.lines(),
        [
            "idle -> connecting",
            "open 1",
            "connecting -> connected",
            "connected",
            "connect: ok",
            "send subscribe a",
            "subscribe a: ok",
            "presence a +[] -[]",
            "send publish a 1",
            "publish a: ok",
            "message a p 1",
            "going away 1000",
            "disconnected 1001 deploy, will retry",
            "connected -> reconnecting",
            "open 2",
            "reconnecting -> connected",
            "connected again",
            "send subscribe a",
            "presence a +[] -[]",
            "disconnected 1000 client requested close, final",
            "connected -> closed",
            "close 2 1000 client requested close",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
}

//! `close()` (rules 187 to 204 and d04).

use metered_realtime_proto::machine::{CallError, Close, Event, State};
use metered_realtime_proto::wire::{ApplicationFrame, fit_reason, sendable_code};

use crate::sim::{Dial, Sim, token_options};

const DEFAULT: &str = "client requested close";

#[test]
fn e187_e191_e192_close_emits_its_events_in_order_and_once() {
    let mut sim = Sim::connected();
    sim.close();
    assert_eq!(
        sim.lines(),
        [
            "disconnected 1000 client requested close, final",
            "connected -> closed",
            "close 1 1000 client requested close",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
    sim.advance(600_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn e188_close_takes_a_code_and_a_reason() {
    let mut sim = Sim::connected();
    sim.close_with(4321, "bye");
    let lines = sim.lines();
    assert_eq!(lines[0], "disconnected 4321 bye, final");
    assert_eq!(lines[2], "close 1 4321 bye");
}

#[test]
fn e189_close_waits_for_the_socket() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    let call = sim.close();
    assert_eq!(sim.state(), State::Closed);
    sim.advance(999);
    assert_eq!(sim.answer(call), None);
    sim.socket_closed(sim.socket(), Close::new(1000, DEFAULT));
    assert!(sim.succeeded(call));
    assert_eq!(sim.alarm_in(), None);
}

#[test]
fn e190_a_socket_that_never_reports_its_close_is_abandoned_after_a_second() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    let call = sim.close();
    sim.forget_trace();
    assert_eq!(sim.advance_to_alarm(), 1_000);
    assert!(sim.succeeded(call));
    assert_eq!(sim.lines(), ["abandon 1 1000", "forget listeners", "end streams", "close: ok"]);
    assert_eq!(sim.open_sockets(), 0);
}

#[test]
fn e193_requests_in_flight_fail_at_once() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    let call = sim.publish("a", "1").unwrap();
    sim.close();
    let lost = CallError::Disconnected {
        close_code: 1000,
        outcome: metered_realtime_proto::machine::Outcome::Unknown,
    };
    assert_eq!(sim.error(call), &lost);
    assert_eq!(
        sim.lines()[1..3],
        ["publish a: lost 1000 unknown", "disconnected 1000 client requested close, final"]
    );
}

#[test]
fn e194_closing_twice_emits_once_and_answers_both_calls() {
    let mut one_after_the_other = Sim::connected();
    let first = one_after_the_other.close();
    one_after_the_other.forget_trace();
    let second = one_after_the_other.close();
    assert!(one_after_the_other.succeeded(first) && one_after_the_other.succeeded(second));
    assert_eq!(one_after_the_other.lines(), ["forget listeners", "end streams", "close: ok"]);

    let mut at_once = Sim::connected();
    at_once.closes_cleanly = false;
    let first = at_once.close();
    at_once.advance(600);
    let second = at_once.close_with(4000, "other");
    at_once.advance(399);
    assert_eq!((at_once.answer(first), at_once.answer(second)), (None, None));
    at_once.advance(1);
    assert!(at_once.succeeded(first) && at_once.succeeded(second));
    assert_eq!(at_once.lines_of(&["disconnected", "connected ->"]).len(), 2);
}

#[test]
fn e195_an_idle_client_can_be_closed() {
    let mut sim = Sim::new();
    let call = sim.close();
    assert_eq!(sim.lines(), ["idle -> closed", "forget listeners", "end streams", "close: ok"]);
    assert!(sim.succeeded(call));
}

#[test]
fn e196_e204_close_while_connecting_fails_connect_and_leaves_no_socket() {
    for dial in [Dial::Hang, Dial::Open] {
        let mut sim = Sim::new();
        sim.dials([dial]);
        let connect = sim.connect();
        sim.forget_trace();
        sim.close_with(4321, "bye");
        assert_eq!(sim.error(connect), &CallError::Connect(Close::new(4321, "bye")));
        assert_eq!(
            sim.lines(),
            [
                "connecting -> closed",
                "connect: connect error 4321",
                "close 1 4321 bye",
                "forget listeners",
                "end streams",
                "close: ok"
            ]
        );
        assert_eq!(sim.open_sockets(), 0);
    }
}

#[test]
fn e204_close_while_a_retry_is_dialling_closes_its_socket() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::Hang]);
    sim.advance(500);
    sim.forget_trace();
    sim.close();
    assert_eq!(
        sim.lines()[..3],
        [
            "disconnected 1000 client requested close, final",
            "reconnecting -> closed",
            "close 2 1000 client requested close"
        ]
    );
    assert_eq!(sim.open_sockets(), 0);
}

#[test]
fn e197_what_arrives_after_close_is_dropped() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    sim.close();
    sim.forget_trace();
    sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    let welcome = sim.welcome_text();
    sim.receive(&welcome);
    assert!(sim.lines().is_empty());
    sim.advance(1_000);
    sim.forget_trace();
    sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    sim.drop_connection(4001);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Closed);
}

/// Calls `close()` in the handler of an event, and returns the trace.
fn closes_in_handler_of(
    matches_event: fn(&Event<String>) -> bool,
    cause: fn(&mut Sim),
) -> Vec<String> {
    let mut sim = Sim::new();
    sim.on(move |sim, event| {
        if matches_event(event) && sim.state() != State::Closed {
            sim.close();
            assert_eq!(sim.state(), State::Closed);
        }
    });
    cause(&mut sim);
    sim.advance(600_000);
    assert_eq!(sim.state(), State::Closed);
    assert_eq!((sim.open_sockets(), sim.alarm_in()), (0, None));
    let lines = sim.lines();
    assert_eq!(lines.last().unwrap(), "close: ok");
    let finals = lines.iter().filter(|line| line.ends_with("final")).count();
    assert_eq!(finals, 1, "{lines:?}");
    lines
}

#[test]
fn e198_close_works_in_the_handler_of_every_event() {
    let connect = |sim: &mut Sim| {
        sim.connect();
    };
    closes_in_handler_of(|event| matches!(event, Event::Connected(_)), connect);
    closes_in_handler_of(
        |event| matches!(event, Event::StateChange { to: State::Connected, .. }),
        connect,
    );
    closes_in_handler_of(
        |event| matches!(event, Event::Application(ApplicationFrame::Message { .. })),
        |sim| {
            sim.connect();
            sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
        },
    );
    closes_in_handler_of(
        |event| matches!(event, Event::Application(ApplicationFrame::Direct { .. })),
        |sim| {
            sim.connect();
            sim.receive(r#"{"type":"direct","from":"p","data":1}"#);
        },
    );
    closes_in_handler_of(
        |event| matches!(event, Event::Application(ApplicationFrame::Presence { .. })),
        |sim| {
            sim.connect();
            sim.receive(r#"{"type":"presence","channel":"a","joined":[],"left":[]}"#);
        },
    );
    closes_in_handler_of(
        |event| matches!(event, Event::ServerError { .. }),
        |sim| {
            sim.connect();
            sim.receive(r#"{"type":"error","code":"c"}"#);
        },
    );
    closes_in_handler_of(
        |event| matches!(event, Event::GoingAway { .. }),
        |sim| {
            sim.connect();
            sim.receive(r#"{"type":"going_away"}"#);
        },
    );
    let drop_it = |sim: &mut Sim| {
        sim.connect();
        sim.drop_connection(1006);
    };
    closes_in_handler_of(|event| matches!(event, Event::Disconnected { .. }), drop_it);
    closes_in_handler_of(
        |event| matches!(event, Event::StateChange { to: State::Reconnecting, .. }),
        drop_it,
    );
}

#[test]
fn e199_close_waits_for_handlers_no_longer_than_a_second() {
    let mut sim = Sim::connected();
    sim.async_handlers = 1;
    let call = sim.close();
    assert_eq!(sim.answer(call), None);
    sim.advance(1_000);
    assert!(sim.succeeded(call));
    sim.forget_trace();
    sim.finish_handler();
    assert!(sim.lines().is_empty());
}

#[test]
fn d04_close_resolves_when_the_socket_is_closed_and_the_handlers_are_done() {
    let mut sim = Sim::connected();
    sim.async_handlers = 2;
    let call = sim.close();
    sim.advance(300);
    sim.finish_handler();
    assert_eq!(sim.answer(call), None);
    sim.finish_handler();
    assert!(sim.succeeded(call));
}

#[test]
fn d04_socket_and_handlers_share_one_second() {
    let mut sim = Sim::connected();
    sim.async_handlers = 1;
    sim.closes_cleanly = false;
    let call = sim.close();
    sim.advance(900);
    sim.finish_handler();
    assert_eq!(sim.answer(call), None);
    assert_eq!(sim.advance_to_alarm(), 100);
    assert!(sim.succeeded(call));
}

#[test]
fn e200_the_listeners_of_a_closed_client_are_gone() {
    let mut sim = Sim::new();
    sim.on(|_, _| {});
    sim.connect();
    sim.close();
    assert_eq!(sim.handler_count(), 0);
    sim.connect();
    assert_eq!(sim.handler_count(), 0);
}

#[test]
fn a_listener_added_while_the_socket_closes_stays() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    sim.on(|_, _| {});
    sim.close();
    sim.on(|_, _| {});
    sim.advance(1_000);
    assert_eq!(sim.handler_count(), 1);
}

#[test]
fn e201_codes_and_reasons_that_browsers_refuse_are_adjusted() {
    let mut sim = Sim::connected();
    let reason = "é".repeat(100);
    sim.close_with(1001, &reason);
    let lines = sim.lines();
    assert_eq!(lines[0], format!("disconnected 1001 {reason}, final"));
    assert_eq!(lines[2], format!("close 1 1000 {}", "é".repeat(61)));

    let legal = [1000, 3000, 3999, 4000, 4999];
    assert!(legal.iter().all(|code| sendable_code(*code) == *code));
    let illegal = [0, 999, 1001, 1005, 1006, 1009, 2999, 5000, u16::MAX];
    assert!(illegal.iter().all(|code| sendable_code(*code) == 1000));
    assert_eq!(fit_reason(""), "");
    assert_eq!(fit_reason(&"x".repeat(123)).len(), 123);
    assert_eq!(fit_reason(&"x".repeat(124)).len(), 123);
    assert_eq!(fit_reason(&"🦀".repeat(31)).len(), 120);
}

#[test]
fn close_while_the_token_provider_runs_forgets_its_call() {
    let mut sim = Sim::with(token_options());
    sim.connect();
    sim.forget_trace();
    sim.close();
    assert_eq!(
        sim.lines(),
        [
            "forget 1",
            "connecting -> closed",
            "connect: connect error 1000",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
}

#[test]
fn d03_connect_is_legal_inside_of_the_final_disconnected_handler() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Disconnected { will_reconnect: false, code, .. } = event
            && *code == 4001
        {
            sim.connect();
        }
    });
    sim.drop_connection(4001);
    assert_eq!(
        sim.lines(),
        [
            "disconnected 4001, final",
            "connected -> closed",
            "end streams",
            "closed -> connecting",
            "open 2",
            "connecting -> connected",
            "connected",
            "connect: ok"
        ]
    );
}

#[test]
fn d04_connect_while_the_socket_closes_finishes_the_close_first() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    let close = sim.close();
    sim.forget_trace();
    sim.connect();
    assert!(sim.succeeded(close));
    assert_eq!(
        sim.lines(),
        [
            "abandon 1 1000",
            "forget listeners",
            "end streams",
            "close: ok",
            "closed -> connecting",
            "open 2",
            "connecting -> connected",
            "connected",
            "connect: ok"
        ]
    );
    assert_eq!(sim.open_sockets(), 1);
    sim.advance(5_000);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn connect_inside_of_a_handler_of_close_starts_a_new_session() {
    let mut sim = Sim::connected();
    sim.on(|sim, event| {
        if let Event::Disconnected { will_reconnect: false, .. } = event {
            sim.connect();
        }
    });
    let close = sim.close();
    assert!(sim.succeeded(close));
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.open_sockets(), 1);
    let lines = sim.lines();
    let closed = lines.iter().position(|line| line == "close: ok").unwrap();
    assert_eq!(lines[closed + 1], "closed -> connecting");
}

#[test]
fn d04_closing_a_client_that_gave_up_is_silent_and_drops_its_listeners() {
    let mut sim = Sim::connected();
    sim.on(|_, _| {});
    sim.drop_connection(4001);
    sim.forget_trace();
    sim.close();
    assert_eq!(sim.lines(), ["forget listeners", "end streams", "close: ok"]);
    assert_eq!(sim.handler_count(), 0);
}

#[test]
fn d04_a_client_that_never_connected_emits_no_disconnected() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.connect();
    sim.close();
    assert!(sim.lines_of(&["disconnected"]).is_empty());
}

#[test]
fn a_late_alarm_does_not_prolong_the_close() {
    let mut sim = Sim::connected();
    sim.closes_cleanly = false;
    let call = sim.close();
    sim.sleep(3_600_000);
    sim.fire_alarm();
    assert!(sim.succeeded(call));
}

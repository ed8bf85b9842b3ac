//! Large numbers of requests, subscriptions and connects: nothing is lost, no memory is left, and the work grows linearly.

use metered_realtime_proto::machine::{CallError, State};

use crate::sim::{Dial, Sim};

const MANY: usize = 10_000;

#[test]
fn ten_thousand_requests_are_answered_in_any_order() {
    let mut sim = Sim::connected();
    let calls: Vec<_> = (0..MANY).map(|_| sim.publish("a", "1").unwrap()).collect();
    assert_eq!(sim.machine.requests_in_flight(), MANY);
    // Every third from the back, then the rest from the front.
    for call in calls.iter().rev().step_by(3).chain(&calls) {
        sim.ack(*call);
    }
    assert!(calls.iter().all(|call| sim.succeeded(*call)));
    assert_eq!(sim.machine.requests_in_flight(), 0);
    assert_eq!(sim.alarm_in(), Some(20_000), "no deadline of an answered request is left");
}

#[test]
fn ten_thousand_requests_cost_two_outputs_each() {
    let mut sim = Sim::connected();
    sim.answers = true;
    let before = sim.outputs;
    for _ in 0..MANY {
        sim.publish("a", "1").unwrap();
    }
    assert_eq!(sim.outputs - before, 2 * MANY as u64);
}

#[test]
fn ten_thousand_requests_time_out_at_one_alarm() {
    let mut sim = Sim::connected();
    let calls: Vec<_> = (0..MANY).map(|_| sim.publish("a", "1").unwrap()).collect();
    assert_eq!(sim.advance_to_alarm(), 15_000);
    let timeout = CallError::AckTimeout { timeout_ms: 15_000 };
    assert!(calls.iter().all(|call| sim.error(*call) == &timeout));
}

#[test]
fn requests_with_mixed_timeouts_fail_each_at_its_own_time() {
    let mut sim = Sim::connected();
    let calls: Vec<_> = (0..MANY as u64)
        .map(|n| (n * 7 % 10_007 + 1, sim.publish_within("a", "1", n * 7 % 10_007 + 1).unwrap()))
        .collect();
    sim.advance(5_000);
    for (timeout, call) in calls {
        assert_eq!(sim.answer(call).is_some(), timeout <= 5_000);
    }
}

#[test]
fn ten_thousand_subscriptions_come_back_in_order_with_one_frame_each() {
    let mut sim = Sim::connected();
    sim.answers = true;
    let names: Vec<_> = (0..MANY).map(|n| format!("c{}", n * 7 % MANY)).collect();
    for name in &names {
        sim.subscribe(name).unwrap();
    }
    assert_eq!(sim.machine.tracked_channels(), MANY);
    sim.drop_connection(1006);
    sim.forget_trace();
    let before = sim.outputs;
    sim.advance(500);
    let expected: Vec<_> = names.iter().map(|name| format!("send subscribe {name}")).collect();
    assert_eq!(sim.lines_of(&["send"]), expected);
    // A frame and a snapshot for each.
    assert!(sim.outputs - before < 2 * MANY as u64 + 20);

    for name in &names {
        sim.unsubscribe(name).unwrap();
    }
    assert_eq!(sim.machine.tracked_channels(), 0);
}

#[test]
fn thousands_of_refused_replays_are_tried_again_at_one_alarm() {
    let mut sim = Sim::connected();
    sim.answers = true;
    for n in 0..MANY {
        sim.subscribe(&format!("c{n}")).unwrap();
    }
    sim.answers = false;
    sim.drop_connection(1006);
    sim.advance(500);
    let first = sim.last_request_id().0 + 1 - MANY as u32;
    for id in first..first + MANY as u32 {
        sim.reject(metered_realtime_proto::machine::CallId(id), "backend_error");
    }
    sim.forget_trace();
    assert_eq!(sim.advance_to_alarm(), 2_000);
    assert_eq!(sim.lines_of(&["send subscribe"]).len(), MANY);
}

#[test]
fn ten_thousand_requests_fail_together_at_a_drop() {
    let mut sim = Sim::connected();
    for n in 0..MANY {
        sim.publish(&format!("c{n}"), "1").unwrap();
    }
    sim.forget_trace();
    sim.drop_connection(1006);
    let lines = sim.lines();
    assert_eq!(lines.len(), MANY + 2);
    assert_eq!(lines[0], "publish c0: lost 1006 unknown");
    assert_eq!(lines[MANY], "disconnected 1006, will retry");
}

#[test]
fn thousands_of_failed_connects_leave_nothing_behind() {
    let mut sim = Sim::new();
    sim.dial_default = Dial::Refuse(1006);
    for _ in 0..2_000 {
        sim.connect();
        assert_eq!(sim.state(), State::Closed);
    }
    assert_eq!((sim.open_sockets(), sim.most_open_sockets, sim.alarm_in()), (0, 1, None));
}

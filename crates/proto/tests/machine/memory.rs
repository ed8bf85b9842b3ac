//! What is done with is not kept.

use std::collections::VecDeque;

use metered_realtime_proto::machine::CallError;

use crate::sim::Sim;

/// All that the machine holds, written out, is short.
fn assert_small(sim: &Sim) {
    let size = format!("{:?}", sim.machine).len();
    assert!(size < 6_000, "{size}");
}

#[test]
fn nothing_piles_up_behind_a_request_that_waits() {
    let mut sim = Sim::connected();
    let first = sim.publish_within("a", "0", 10_000).unwrap();
    for _ in 0..1_000 {
        let call = sim.publish("a", "1").unwrap();
        sim.ack(call);
    }
    assert_eq!(sim.machine.requests_in_flight(), 1);
    assert_small(&sim);
    sim.advance(10_000);
    assert_eq!(sim.error(first), &CallError::AckTimeout { timeout_ms: 10_000 });
}

#[test]
fn nothing_piles_up_of_requests_that_are_answered_one_by_one() {
    let mut sim = Sim::connected();
    for _ in 0..1_000 {
        let call = sim.publish("a", "1").unwrap();
        sim.ack(call);
    }
    assert_small(&sim);
}

#[test]
fn nothing_piles_up_where_some_requests_always_wait() {
    let mut sim = Sim::connected();
    let mut waiting: VecDeque<_> = (0..4).map(|_| sim.publish("a", "1").unwrap()).collect();
    for _ in 0..1_000 {
        waiting.push_back(sim.publish("a", "1").unwrap());
        sim.ack(waiting.pop_front().unwrap());
    }
    assert_small(&sim);
}

#[test]
fn nothing_is_kept_of_many_requests_that_were_answered_in_their_order() {
    let mut sim = Sim::connected();
    let calls: Vec<_> = (0..1_000).map(|_| sim.publish("a", "1").unwrap()).collect();
    calls.into_iter().for_each(|call| sim.ack(call));
    assert_small(&sim);
}

#[test]
fn nothing_is_kept_of_many_requests_that_were_answered_behind_one_that_waits() {
    for many in [1_000, 1_001] {
        let mut sim = Sim::connected();
        sim.publish_within("a", "0", 10_000).unwrap();
        let calls: Vec<_> = (0..many).map(|_| sim.publish("a", "1").unwrap()).collect();
        calls.into_iter().for_each(|call| sim.ack(call));
        assert_small(&sim);
    }
}

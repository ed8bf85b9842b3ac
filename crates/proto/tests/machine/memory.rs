//! Nothing is kept longer than it is needed.

use std::collections::VecDeque;

use metered_realtime_proto::machine::CallError;

use crate::sim::Sim;

/// The debug output of the machine is short, so it holds little.
fn assert_small(sim: &Sim) {
    let size = format!("{:?}", sim.machine).len();
    assert!(size < 6_000, "{size}");
}

#[test]
fn memory_does_not_grow_behind_a_pending_request() {
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
fn memory_does_not_grow_with_requests_that_are_answered_one_by_one() {
    let mut sim = Sim::connected();
    for _ in 0..1_000 {
        let call = sim.publish("a", "1").unwrap();
        sim.ack(call);
    }
    assert_small(&sim);
}

#[test]
fn memory_does_not_grow_while_some_requests_are_always_pending() {
    let mut sim = Sim::connected();
    let mut waiting: VecDeque<_> = (0..4).map(|_| sim.publish("a", "1").unwrap()).collect();
    for _ in 0..1_000 {
        waiting.push_back(sim.publish("a", "1").unwrap());
        sim.ack(waiting.pop_front().unwrap());
    }
    assert_small(&sim);
}

#[test]
fn no_memory_is_left_of_many_requests_answered_in_order() {
    let mut sim = Sim::connected();
    let calls: Vec<_> = (0..1_000).map(|_| sim.publish("a", "1").unwrap()).collect();
    calls.into_iter().for_each(|call| sim.ack(call));
    assert_small(&sim);
}

#[test]
fn no_memory_is_left_of_many_requests_answered_behind_a_pending_one() {
    for many in [1_000, 1_001] {
        let mut sim = Sim::connected();
        sim.publish_within("a", "0", 10_000).unwrap();
        let calls: Vec<_> = (0..many).map(|_| sim.publish("a", "1").unwrap()).collect();
        calls.into_iter().for_each(|call| sim.ack(call));
        assert_small(&sim);
    }
}

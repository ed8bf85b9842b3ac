//! Signals of peers that presence has not named yet.

use metered_realtime_proto::machine::Instant;

use crate::sim::{Sim, sdp};

#[test]
fn p065_an_offer_before_presence_is_kept_and_used() {
    let mut sim = Sim::joined(&[]);
    sim.offers("a", sdp("A", 1));
    sim.candidate("a", "c1", Some("uA"));
    assert!(sim.lines().is_empty());
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines(), ["peer-joined a", "a#1 create", "a#1 set remote offer A.1"]);
    sim.applied("a");
    assert_eq!(sim.lines(), ["a#1 set local answer"]);
}

#[test]
fn p065_it_is_kept_for_ten_seconds() {
    let mut sim = Sim::joined(&[]);
    sim.offers("a", sdp("A", 1));
    assert_eq!(sim.room.poll_timeout(), Some(Instant::from_millis(11_000)));
    sim.advance(10_000);
    assert_eq!(sim.room.poll_timeout(), None);
    sim.presence(&["a"], &[]);
    assert_eq!(sim.lines(), ["peer-joined a"]);
}

#[test]
fn p066_of_strangers_64_signals_and_128_kib_and_16_ids_are_kept() {
    let mut sim = Sim::joined(&[]);
    for number in 0..1_000 {
        sim.candidate("a", &format!("c{number}"), Some("uA"));
    }
    let long = "c".repeat(1_000);
    for _ in 0..1_000 {
        sim.candidate("b", &long, Some("uB"));
    }
    for number in 0..1_000 {
        sim.offers(&format!("s{number}"), sdp("S", 1));
    }
    assert!(sim.lines().is_empty());
    assert!(format!("{:?}", sim.room).len() < 200_000);
    sim.presence(&["s13", "s14"], &[]);
    assert_eq!(sim.lines_with("create"), ["s13#1 create"]);
}

#[test]
fn p066_signals_in_the_name_of_oneself_are_dropped() {
    let mut sim = Sim::joined(&[]);
    sim.offers("m", sdp("M", 1));
    assert_eq!(sim.room.poll_timeout(), None);
}

#[test]
fn p165_a_description_in_the_name_of_one_member_touches_only_that_member() {
    let mut sim = Sim::calling("M", "A");
    sim.presence(&["b"], &[]);
    sim.forget();
    sim.offers("b", sdp("A", 9));
    assert!(sim.lines().iter().all(|line| line.starts_with("b#1")));
}

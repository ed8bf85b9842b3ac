//! The random numbers that spread clients.

use metered_realtime_proto::machine::{RawOptions, RawReconnect};

use crate::sim::{Dial, Sim, options, reconnect};

#[test]
fn delays_are_spread_evenly_within_one_client_and_over_many() {
    let knobs = RawReconnect {
        initial_delay_ms: 10_000.0,
        max_delay_ms: 10_000.0,
        jitter_ratio: 1.0,
        max_attempts: f64::INFINITY,
        ..reconnect()
    };
    let lost = |seed| {
        let mut sim = Sim::seeded(RawOptions { reconnect: Some(knobs.clone()), ..options() }, seed);
        sim.connect();
        sim.dial_default = Dial::Refuse(1006);
        sim.drop_connection(1006);
        sim
    };
    let mut one = lost(1);
    let within: Vec<u64> = (0..2_000).map(|_| one.advance_to_alarm()).collect();
    let over: Vec<u64> = (0..2_000).map(|seed| lost(seed).advance_to_alarm()).collect();
    for delays in [within, over] {
        for tenth in 0..10 {
            let share = delays.iter().filter(|delay| **delay / 2_000 == tenth).count();
            assert!((140..260).contains(&share), "{share} of 2,000 in tenth {tenth}");
        }
        let pairs = delays.windows(2);
        let rising = pairs.filter(|pair| pair[0] < pair[1]).count();
        assert!((900..1_100).contains(&rising), "{rising} of 1,999 are longer than the one before");
    }
}

#[test]
fn the_random_numbers_are_those_of_splitmix64_so_a_run_can_be_repeated() {
    let knobs = RawReconnect { jitter_ratio: 1.0, multiplier: 1.0, ..reconnect() };
    let knobs = RawReconnect { initial_delay_ms: 1e12, max_delay_ms: 1e12, ..knobs };
    let mut sim = Sim::seeded(RawOptions { reconnect: Some(knobs), ..options() }, 1_234_567);
    sim.connect();
    sim.dial_default = Dial::Refuse(1006);
    sim.drop_connection(1006);
    // The first numbers of the reference implementation of SplitMix64 with this seed.
    for number in
        [6_457_827_717_110_365_317u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    {
        let share = number as f64 / 2f64.powi(64);
        assert!(sim.advance_to_alarm().abs_diff((2e12 * share) as u64) <= 1);
    }
}

//! A few sessions of the simulation, as ordinary tests. `cargo xtask verify` runs a million.

use metered_realtime_verify::{Dice, next, run};

/// Every build runs the same sessions. A debug build is fast enough for this many.
const SESSIONS: u64 = 10_000;

#[test]
fn some_thousand_sessions_keep_all_rules() {
    let mut state = 2026;
    for _ in 0..SESSIONS {
        let seed = next(&mut state);
        let outcome = run(Dice::seeded(seed), false);
        if let Some(broken) = outcome.broken {
            let trace = run(Dice::seeded(seed), true).trace.unwrap_or_default();
            panic!("seed {seed}: {broken}\n{trace}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..20 {
        let stories = [0; 2].map(|_| run(Dice::seeded(seed), true).trace);
        assert_eq!(stories[0], stories[1]);
    }
}

#[test]
fn recorded_choices_give_the_same_run_again() {
    for seed in 0..20 {
        let first = run(Dice::recorded(seed), true);
        let second = run(Dice::scripted(first.choices), true);
        assert_eq!(first.trace, second.trace);
    }
}

#[test]
fn a_session_in_which_every_choice_is_zero_keeps_all_rules() {
    let outcome = run(Dice::scripted(Vec::new()), true);
    assert_eq!(outcome.broken, None);
    assert_eq!(outcome.totals.dials, 1);
}

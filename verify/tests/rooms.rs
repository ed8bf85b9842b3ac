//! A little of the simulation of rooms, as part of the ordinary tests; `cargo xtask verify --rooms` runs a hundred thousand.

use metered_realtime_verify::{Dice, next, rooms};

/// Every build runs the same sessions.
const SESSIONS: u64 = 200;

#[test]
fn p064_p074_some_hundred_sessions_of_rooms_keep_all_rules() {
    let mut state = 2026;
    for _ in 0..SESSIONS {
        let seed = next(&mut state);
        let outcome = rooms::run(Dice::seeded(seed), false);
        if let Some(broken) = outcome.broken {
            let trace = rooms::run(Dice::seeded(seed), true).trace.unwrap_or_default();
            panic!("seed {seed}: {broken}\n{trace}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_of_rooms_word_for_word() {
    for seed in 0..5 {
        let traces = [0; 2].map(|_| rooms::run(Dice::seeded(seed), true).trace);
        assert_eq!(traces[0], traces[1]);
    }
}

#[test]
fn the_choices_of_a_room_session_that_were_written_down_give_the_same_run_again() {
    for seed in 0..5 {
        let first = rooms::run(Dice::recorded(seed), true);
        let second = rooms::run(Dice::scripted(first.choices), true);
        assert_eq!(first.trace, second.trace);
    }
}

#[test]
fn a_room_session_without_any_choices_is_plain_and_keeps_all_rules() {
    let outcome = rooms::run(Dice::scripted(Vec::new()), true);
    assert_eq!(outcome.broken, None);
    assert_eq!((outcome.totals.members, outcome.totals.pairs), (2, 1));
}

//! Runs many sessions on all processors, and tells the trace of the first that breaks a rule.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::dice::{Dice, next};
use crate::invariants::Broken;
use crate::shrink::shrink;

/// Counts of one session or of many.
pub trait Tally: Default + Send {
    /// Adds those of other sessions.
    fn add(&mut self, other: &Self);
}

/// How a session went.
#[derive(Debug)]
pub struct Outcome<T> {
    /// The first rule that was broken.
    pub broken: Option<Broken>,
    /// What happened, in numbers.
    pub totals: T,
    /// What happened, in words, if that was asked for.
    pub trace: Option<String>,
    /// The choices, if they were written down.
    pub choices: Vec<u64>,
}

/// A session as a function of chance. The flag: whether its trace is wanted.
pub type Session<T> = fn(Dice, bool) -> Outcome<T>;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many sessions.
    pub sessions: u64,
    /// The seed of the first session's seed.
    pub seed: u64,
    /// How many threads; 0: one for each processor.
    pub threads: usize,
    /// One session of this many is run twice, to see that it is the same.
    pub repeat: u64,
}

/// A session that broke a rule, the first of its kind.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its number.
    pub session: u64,
    /// Its seed.
    pub seed: u64,
    /// The rule.
    pub broken: Broken,
    /// How many sessions broke it.
    pub count: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Results<T> {
    /// Counts of all sessions.
    pub totals: T,
    /// How many were run twice.
    pub repeated: u64,
    /// By rule.
    pub failures: BTreeMap<&'static str, Failure>,
}

/// How many sessions a thread takes at a time.
const BATCH: u64 = 100;

/// Runs all sessions.
///
/// # Panics
/// A session panics.
pub fn run_all<T: Tally>(plan: Plan, session: Session<T>) -> Results<T> {
    let threads = match plan.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    };
    let (done, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    let results = Mutex::new(Results::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| run_batches(plan, session, &done, &taken, &results));
        }
    });
    results.into_inner().expect("no thread panics with it")
}

fn run_batches<T: Tally>(
    plan: Plan,
    session: Session<T>,
    done: &AtomicU64,
    taken: &AtomicU64,
    results: &Mutex<Results<T>>,
) {
    let mut totals = T::default();
    let mut repeated = 0;
    loop {
        let start = taken.fetch_add(BATCH, Ordering::Relaxed);
        if start >= plan.sessions {
            break;
        }
        for number in start..(start + BATCH).min(plan.sessions) {
            let seed = session_seed(plan.seed, number);
            let outcome = session(Dice::seeded(seed), false);
            totals.add(&outcome.totals);
            let mut broken = outcome.broken;
            if number % plan.repeat == 0 && broken.is_none() {
                repeated += 1;
                broken = differs(session, seed);
            }
            if let Some(broken) = broken {
                let mut results = results.lock().expect("no thread panics with it");
                note(&mut results.failures, number, seed, broken);
            }
        }
        progress(done, start, plan.sessions);
    }
    let mut results = results.lock().expect("no thread panics with it");
    results.totals.add(&totals);
    results.repeated += repeated;
}

/// The same seed gives the same run, word for word.
fn differs<T>(session: Session<T>, seed: u64) -> Option<Broken> {
    let first = session(Dice::seeded(seed), true);
    let second = session(Dice::seeded(seed), true);
    (first.trace != second.trace)
        .then(|| Broken { rule: "the same seed gives the same run", detail: String::new() })
}

fn note(failures: &mut BTreeMap<&'static str, Failure>, session: u64, seed: u64, broken: Broken) {
    let first = Failure { session, seed, broken, count: 0 };
    let failure = failures.entry(first.broken.rule).or_insert_with(|| first.clone());
    failure.count += 1;
    if session < failure.session {
        *failure = Failure { count: failure.count, ..first };
    }
}

fn progress(done: &AtomicU64, start: u64, all: u64) {
    let before = done.fetch_add(BATCH, Ordering::Relaxed);
    let step = (all / 10).max(BATCH);
    if before / step != (before + BATCH) / step && start > 0 {
        eprintln!("  {} of {all} sessions", (before + BATCH).min(all));
    }
}

/// The trace of a failure, as short and plain as this many runs can make it.
#[must_use]
pub fn report<T>(failure: &Failure, session: Session<T>, runs: u32) -> String {
    let Failure { session: number, seed, broken, count } = failure;
    let choices = session(Dice::recorded(*seed), false).choices;
    let length = choices.len();
    let choices = shrink(choices, runs, |choices| {
        let outcome = session(Dice::scripted(choices), false);
        outcome.broken.filter(|now| now.rule == broken.rule).map(|_| outcome.choices)
    });
    let shrunk = choices.len();
    let trace = session(Dice::scripted(choices), true).trace.unwrap_or_default();
    format!(
        "\nBROKEN in {count} sessions, first in session {number}, whose trace is --trace {seed}:\n  {broken}\n\
         shrunk from {length} to {shrunk} choices:\n{trace}"
    )
}

/// The seed of one session of a run.
fn session_seed(seed: u64, session: u64) -> u64 {
    let mut state = seed ^ session.wrapping_mul(0xD134_2543_DE82_EF95);
    next(&mut state)
}

//! `metered-realtime-verify`: runs sessions and prints the trace of the first one that breaks a rule.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use metered_realtime_verify::{Broken, Dice, Totals, campaign, figures, next, run, shrink};

/// Runs the client's machine against a model server, a hostile network and a hostile user.
#[derive(Parser)]
struct Args {
    /// How many sessions.
    #[arg(long, default_value_t = 1_000_000)]
    sessions: u64,
    /// The seed of the first session's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads; 0: one for each processor.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// One of this many sessions is run twice, and both runs have to be the same.
    #[arg(long, default_value_t = 500)]
    repeat: u64,
    /// Only print the trace of this one session. A failure prints its number.
    #[arg(long)]
    trace: Option<u64>,
    /// Only run the fuzz corpus and this many variations of it.
    #[arg(long, value_name = "VARIATIONS")]
    fuzz: Option<u64>,
    /// Only print figures of the machine as JSON, for comparison with other clients.
    #[arg(long)]
    figures: bool,
    /// Also print the summary as one line of JSON.
    #[arg(long)]
    json: bool,
    /// How many runs may be used to shrink a failure.
    #[arg(long, default_value_t = 20_000)]
    shrink: u32,
}

/// The first session that broke a rule, and how many others did.
struct Failure {
    session: u64,
    seed: u64,
    broken: Broken,
    count: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(seed) = args.trace {
        let outcome = run(Dice::seeded(seed), true);
        println!("{}", outcome.trace.unwrap_or_default());
        return if outcome.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    if let Some(variations) = args.fuzz {
        let campaign = campaign::run(variations, args.seed);
        println!("{campaign}");
        return if campaign.panics == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if args.figures {
        println!("{}", figures_as_json(args.seed));
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let (totals, repeated, failures) = run_all(&args);
    let seconds = started.elapsed().as_secs_f64();
    summary(&args, &totals, repeated, seconds);
    if args.json {
        let broken: u64 = failures.values().map(|failure| failure.count).sum();
        println!("{}", summary_as_json(&args, &totals, repeated, seconds, broken));
    }
    if failures.is_empty() {
        println!("No rule was broken.");
        return ExitCode::SUCCESS;
    }
    for failure in failures.values() {
        report(failure, args.shrink);
    }
    ExitCode::FAILURE
}

type Failures = BTreeMap<&'static str, Failure>;

fn run_all(args: &Args) -> (Totals, u64, Failures) {
    let threads = match args.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        some => some,
    };
    let done = AtomicU64::new(0);
    let taken = AtomicU64::new(0);
    let results = Mutex::new((Totals::default(), 0, Failures::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut totals = Totals::default();
                let mut repeated = 0;
                loop {
                    let start = taken.fetch_add(BATCH, Ordering::Relaxed);
                    if start >= args.sessions {
                        break;
                    }
                    for session in start..(start + BATCH).min(args.sessions) {
                        let seed = session_seed(args.seed, session);
                        let outcome = run(Dice::seeded(seed), false);
                        totals.add(&outcome.totals);
                        let mut broken = outcome.broken;
                        if session % args.repeat == 0 && broken.is_none() {
                            repeated += 1;
                            broken = differs(seed);
                        }
                        if let Some(broken) = broken {
                            let mut results = results.lock().expect("no thread panics with it");
                            note(&mut results.2, session, seed, broken);
                        }
                    }
                    progress(&done, start, args.sessions);
                }
                let mut results = results.lock().expect("no thread panics with it");
                results.0.add(&totals);
                results.1 += repeated;
            });
        }
    });
    results.into_inner().expect("no thread panics with it")
}

/// The same seed gives the same trace.
fn differs(seed: u64) -> Option<Broken> {
    let first = run(Dice::seeded(seed), true);
    let second = run(Dice::seeded(seed), true);
    (first.trace != second.trace)
        .then(|| Broken { rule: "the same seed gives the same run", detail: String::new() })
}

fn note(failures: &mut Failures, session: u64, seed: u64, broken: Broken) {
    let failure = failures.entry(broken.rule).or_insert_with(|| Failure {
        session,
        seed,
        broken: broken.clone(),
        count: 0,
    });
    failure.count += 1;
    if session < failure.session {
        *failure = Failure { session, seed, broken, count: failure.count };
    }
}

fn progress(done: &AtomicU64, start: u64, all: u64) {
    let before = done.fetch_add(BATCH, Ordering::Relaxed);
    let step = (all / 10).max(BATCH);
    if before / step != (before + BATCH) / step && start > 0 {
        eprintln!("  {} of {all} sessions", (before + BATCH).min(all));
    }
}

fn summary(args: &Args, totals: &Totals, repeated: u64, seconds: f64) {
    let years = totals.simulated_ms as f64 / 31_557_600_000.0;
    println!(
        "{} sessions from seed {} in {seconds:.1} s ({:.0} a second), {years:.1} years of simulated time",
        totals.sessions,
        args.seed,
        totals.sessions as f64 / seconds,
    );
    println!(
        "{} steps, {} calls by users, {} answered later, {} sockets, {} frames sent, {} events, {} outputs",
        totals.steps,
        totals.calls,
        totals.settled,
        totals.dials,
        totals.frames,
        totals.events,
        totals.outputs,
    );
    println!("{repeated} sessions were run again and were the same, word for word");
}

fn summary_as_json(
    args: &Args,
    totals: &Totals,
    repeated: u64,
    seconds: f64,
    broken: u64,
) -> serde_json::Value {
    serde_json::json!({
        "sessions": totals.sessions,
        "seed": args.seed,
        "seconds": seconds,
        "broken": broken,
        "repeated": repeated,
        "simulatedMs": totals.simulated_ms,
        "steps": totals.steps,
        "calls": totals.calls,
        "settled": totals.settled,
        "sockets": totals.dials,
        "frames": totals.frames,
        "events": totals.events,
    })
}

fn figures_as_json(seed: u64) -> serde_json::Value {
    let dead_link = |timeout: f64| {
        let (given_up, dialled) = figures::dead_link(timeout, seed);
        serde_json::json!({"timeoutMs": timeout, "givenUpMs": given_up, "dialledMs": dialled})
    };
    serde_json::json!({
        "seed": seed,
        "fleetClients": FLEET,
        "fleetPeakIn100MsByDefault": figures::fleet_peak(FLEET, 0.0, seed),
        "fleetPeakIn100MsSpreadOver10S": figures::fleet_peak(FLEET, 10_000.0, seed),
        "fleetPeakIn100MsSpreadOver30S": figures::fleet_peak(FLEET, 30_000.0, seed),
        "dialsInAMinuteByDefault": figures::dials_a_minute(20.0, seed),
        "dialsInAMinuteWithoutBudget": figures::dials_a_minute(f64::INFINITY, seed),
        "deadLink": [dead_link(60_000.0), dead_link(5_000.0)],
    })
}

fn report(failure: &Failure, runs: u32) {
    let Failure { session, seed, broken, count } = failure;
    println!(
        "\nBROKEN in {count} sessions, first in session {session}, whose trace is --trace {seed}:"
    );
    println!("  {broken}");
    let choices = run(Dice::recorded(*seed), false).choices;
    let length = choices.len();
    let choices = shrink(choices, runs, |choices| {
        let outcome = run(Dice::scripted(choices), false);
        outcome.broken.filter(|now| now.rule == broken.rule).map(|_| outcome.choices)
    });
    println!("shrunk from {length} to {} choices:", choices.len());
    let outcome = run(Dice::scripted(choices), true);
    println!("{}", outcome.trace.unwrap_or_default());
}

/// The seed of one session of a run.
fn session_seed(seed: u64, session: u64) -> u64 {
    let mut state = seed ^ session.wrapping_mul(0xD134_2543_DE82_EF95);
    next(&mut state)
}

/// How many clients a fleet has.
const FLEET: u32 = 10_000;

/// A thread takes this many sessions at a time.
const BATCH: u64 = 100;

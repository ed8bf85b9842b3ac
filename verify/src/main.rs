//! `metered-realtime-verify`: runs sessions, and prints the trace of the first that breaks a rule.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use metered_realtime_verify::runner::{Plan, Session, Tally, report, run_all};
use metered_realtime_verify::{Dice, Totals, campaign, figures, rooms, run};

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
    /// One session of this many is run twice, to see that it is the same.
    #[arg(long, default_value_t = 500)]
    repeat: u64,
    /// Print the trace of this one session (the number that a failure prints) and do nothing else.
    #[arg(long)]
    trace: Option<u64>,
    /// Run the fuzz corpus and this many variations of it, and do nothing else.
    #[arg(long, value_name = "VARIATIONS")]
    fuzz: Option<u64>,
    /// Rooms of peer connections instead of clients.
    #[arg(long)]
    rooms: bool,
    /// Print figures that are compared with those of other clients, as JSON, and do nothing else.
    #[arg(long)]
    figures: bool,
    /// How many runs may be spent to shrink a failure.
    #[arg(long, default_value_t = 20_000)]
    shrink: u32,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(variations) = args.fuzz {
        let campaign = campaign::run(variations, args.seed);
        println!("{campaign}");
        return if campaign.panics == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if args.figures {
        println!("{}", figures_as_json(args.seed));
        return ExitCode::SUCCESS;
    }
    if args.rooms {
        return simulate(&args, rooms::run, |totals, repeated, seconds| {
            println!("{totals}");
            println!(
                "in {seconds:.1} s; {repeated} sessions were run again and were the same, word for word"
            );
        });
    }
    simulate(&args, run, |totals, repeated, seconds| {
        summary(&args, totals, repeated, seconds);
    })
}

/// Runs what was asked for: one session with its trace, or all.
fn simulate<T: Tally>(args: &Args, session: Session<T>, tell: impl Fn(&T, u64, f64)) -> ExitCode {
    if let Some(seed) = args.trace {
        let outcome = session(Dice::seeded(seed), true);
        println!("{}", outcome.trace.unwrap_or_default());
        return if outcome.broken.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let started = Instant::now();
    let Args { sessions, seed, threads, repeat, .. } = *args;
    let results = run_all(Plan { sessions, seed, threads, repeat }, session);
    tell(&results.totals, results.repeated, started.elapsed().as_secs_f64());
    if results.failures.is_empty() {
        println!("No rule was broken.");
        return ExitCode::SUCCESS;
    }
    for failure in results.failures.values() {
        println!("{}", report(failure, session, args.shrink));
    }
    ExitCode::FAILURE
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

/// How many clients a fleet has.
const FLEET: u32 = 10_000;

//! `cargo xtask verify`: the machine against a model server, a hostile network and a hostile user.

use super::setup;
use crate::figures::Figures;
use crate::process::Shell;
use crate::tools::Need;
use crate::workspace::Workspace;
use anyhow::Result;

/// A session is a function of its seed. One that breaks a rule is printed as a trace and shrunk; all
/// rules are in `verify/src/invariants`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many sessions: a million, or a hundred thousand of rooms.
    #[arg(long)]
    sessions: Option<u64>,
    /// Rooms of peer connections instead of clients.
    #[arg(long)]
    rooms: bool,
    /// The seed of the run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads; 0: one for each processor.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Print the trace of this one session (the number that a failure prints) and do nothing else.
    #[arg(long)]
    trace: Option<u64>,
    /// Run the fuzz corpus and this many variations of it, and do nothing else.
    #[arg(long, value_name = "VARIATIONS")]
    fuzz: Option<u64>,
    /// Build the machine with each of some bugs, see that the simulation of rooms finds it, and do nothing else.
    #[arg(long, requires = "rooms")]
    seeded_bugs: bool,
    #[command(flatten)]
    figures: Figures,
}

impl Args {
    /// The same of rooms.
    pub(super) fn brief_rooms() -> Args {
        Args { sessions: Some(500), rooms: true, ..Args::brief() }
    }

    /// A run that is short enough for every day.
    pub(super) fn brief() -> Args {
        Args {
            sessions: Some(20_000),
            rooms: false,
            seed: 1,
            threads: 0,
            trace: None,
            fuzz: None,
            seeded_bugs: false,
            figures: Figures { write: false },
        }
    }
}

/// Some of the seeded bugs, for every day. Each needs a build.
const DAILY_BUGS: [&str; 5] = [
    "an_offer_without_a_watchdog",
    "an_offer_counts_as_being_made_until_long_after_it_is_made",
    "candidates_before_their_description_are_lost",
    "sessions_are_not_told_apart",
    "ones_own_ghost_is_a_member",
];

pub(super) fn brief_seeded_bugs(shell: &Shell) -> Result<()> {
    seeded_bugs(shell, &DAILY_BUGS)
}

/// All that have one of these names in theirs; without names all.
fn seeded_bugs(shell: &Shell, names: &[&str]) -> Result<()> {
    shell
        .cmd("cargo")
        .args(["test", "--locked", "--package", "metered-realtime-verify", "--test", "seeded_bugs"])
        .args(["--", "--ignored", "--nocapture"])
        .args(names)
        .run()
}

pub(crate) fn run(args: &Args, workspace: &Workspace) -> Result<()> {
    simulate(workspace, &setup::ensure(workspace, &[Need::CompilerForC])?, args)
}

pub(super) fn simulate(workspace: &Workspace, shell: &Shell, args: &Args) -> Result<()> {
    if args.seeded_bugs {
        return seeded_bugs(shell, &[]);
    }
    let sessions = args.sessions.unwrap_or(if args.rooms { 100_000 } else { 1_000_000 });
    let mut verify = shell
        .cmd("cargo")
        .args(["run", "--locked", "--quiet", "--profile", "verify"])
        .args(["--package", "metered-realtime-verify", "--"])
        .args(["--sessions", &sessions.to_string()])
        .args(["--seed", &args.seed.to_string()])
        .args(["--threads", &args.threads.to_string()]);
    if args.rooms {
        verify = verify.args(["--rooms"]);
    }
    if let Some(trace) = args.trace {
        verify = verify.args(["--trace", &trace.to_string()]);
    }
    if let Some(variations) = args.fuzz {
        verify = verify.args(["--fuzz", &variations.to_string()]);
    }
    let section = match (args.fuzz, args.rooms) {
        (Some(_), _) => "fuzz",
        (None, true) => "rooms",
        (None, false) => "verify",
    };
    args.figures.run(workspace, shell, section, verify)
}

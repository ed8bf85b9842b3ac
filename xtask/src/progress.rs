//! Progress lines on stderr, each with the time since the start; results go to stdout.

use anyhow::{Error, Result};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();

/// Starts the clock of this run.
pub(crate) fn start() {
    START.get_or_init(Instant::now);
}

/// Announces a step, runs it and says how long it took, also when it fails.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    note(&format!("==> {name}"));
    let began = Instant::now();
    let outcome = work();
    let word = if outcome.is_ok() { "ok" } else { "FAILED" };
    note(&format!("    {word}: {name} ({})", seconds(began.elapsed())));
    outcome
}

/// One line of progress.
pub(crate) fn note(text: &str) {
    let elapsed = START.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{:>2}:{:02}] {text}", elapsed / 60, elapsed % 60);
}

/// The closing line of a run that failed: the error and what led to it.
pub(crate) fn error(error: &Error) {
    eprintln!("\nerror: {error:#}");
}

/// A duration as people read it.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

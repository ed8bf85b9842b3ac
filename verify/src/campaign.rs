//! Fuzzing on stable Rust: the inputs that libFuzzer kept (`fuzz/corpus`), and random variations of them.

use std::fmt;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::thread;

use crate::dice::Dice;
use crate::fuzz;

/// A fuzz target: the name of its corpus and its function, which panics if a rule is broken.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 7] = [
    ("frame", fuzz::frame),
    ("inputs", fuzz::inputs),
    ("room", fuzz::room),
    ("rooms", fuzz::rooms),
    ("sdp", fuzz::sdp),
    ("session", fuzz::session),
    ("signal", fuzz::signal),
];

/// What was run, and with which result.
#[derive(Debug, Default)]
pub struct Campaign {
    /// How many inputs came from the corpus.
    pub corpus: u64,
    /// How many were variations of those.
    pub variations: u64,
    /// How many made the code panic.
    pub panics: u64,
}

impl fmt::Display for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Campaign { corpus, variations, panics } = self;
        let inputs = corpus + variations;
        write!(f, "{inputs} fuzz inputs, {corpus} of them from the corpus: {panics} panics")
    }
}

/// Runs the corpus of every target and this many variations in all. The targets run in parallel.
///
/// # Panics
/// There is no corpus.
#[must_use]
pub fn run(variations: u64, seed: u64) -> Campaign {
    let share = variations.div_ceil(TARGETS.len() as u64);
    thread::scope(|scope| {
        let running = TARGETS.map(|target| scope.spawn(move || run_target(target, share, seed)));
        running.into_iter().fold(Campaign::default(), |sum, target| {
            let one = target.join().expect("panics of a body are caught");
            Campaign {
                corpus: sum.corpus + one.corpus,
                variations: sum.variations + one.variations,
                panics: sum.panics + one.panics,
            }
        })
    })
}

fn run_target((name, body): Target, variations: u64, seed: u64) -> Campaign {
    let corpus = corpus(name);
    let mut dice = Dice::seeded(seed);
    let mut campaign = Campaign { corpus: corpus.len() as u64, variations, panics: 0 };
    let mut check = |input: &[u8]| {
        if catch_unwind(|| body(input)).is_err() {
            eprintln!("{name} panicked with b\"{}\"", input.escape_ascii());
            campaign.panics += 1;
        }
    };
    corpus.iter().for_each(|input| check(input));
    (0..variations).for_each(|_| check(&vary(&corpus, &mut dice)));
    campaign
}

/// The corpus of one target, in the order of its files' names.
///
/// # Panics
/// The corpus cannot be read, or is nearly empty.
#[must_use]
pub fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&directory)
        .expect("the corpus is committed")
        .map(|entry| entry.expect("the directory can be read").path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{} holds {} files", directory.display(), files.len());
    files.iter().map(|file| fs::read(file).expect("the file can be read")).collect()
}

/// An input of the corpus with a few edits, of the kinds that fuzzers make.
fn vary(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let any = |dice: &mut Dice| &corpus[dice.below(corpus.len() as u64) as usize];
    let mut input = any(dice).clone();
    for _ in 0..=dice.magnitude(8) {
        let at = dice.below(input.len() as u64 + 1) as usize;
        let end = input.len().min(at + dice.magnitude(64) as usize);
        match dice.below(5) {
            0 => drop(input.drain(at..end)),
            1 => input.insert(at, dice.below(256) as u8),
            2 => input[at..end].fill_with(|| dice.below(256) as u8),
            3 => input.extend_from_within(at..end),
            _ => {
                let other = any(dice);
                let from = dice.below(other.len() as u64 + 1) as usize;
                input.splice(at.., other[from..].iter().copied());
            }
        }
    }
    input
}

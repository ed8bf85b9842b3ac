//! Makes a session that breaks a rule as short and as plain as it can be.

use crate::dice::Dice;
use crate::world::{Outcome, run};

/// Shrinks the choices of a session that breaks a rule, with at most so many runs.
#[must_use]
pub fn shrink(choices: Vec<u64>, rule: &str, mut runs: u32) -> Vec<u64> {
    let mut best = choices;
    loop {
        let before = best.clone();
        drop_blocks(&mut best, rule, &mut runs);
        lower(&mut best, rule, &mut runs);
        if best == before || runs == 0 {
            return best;
        }
    }
}

fn drop_blocks(best: &mut Vec<u64>, rule: &str, runs: &mut u32) {
    let mut size = best.len() / 2;
    while size > 0 {
        let mut start = 0;
        while start < best.len() && *runs > 0 {
            let end = (start + size).min(best.len());
            let mut without = best.clone();
            without.drain(start..end);
            let mut zeroed = best.clone();
            zeroed[start..end].fill(0);
            let shrunk = try_it(without, best, rule, runs) || try_it(zeroed, best, rule, runs);
            if !shrunk {
                start += size;
            } else if best.len() < start + size {
                break;
            } else if best[start..(start + size).min(best.len())].iter().all(|choice| *choice == 0)
            {
                start += size;
            }
        }
        size /= 2;
    }
}

fn lower(best: &mut Vec<u64>, rule: &str, runs: &mut u32) {
    let mut at = 0;
    while at < best.len() && *runs > 0 {
        let (mut low, mut high) = (0, best[at]);
        while low < high && *runs > 0 {
            let middle = low + (high - low) / 2;
            let mut candidate = best.clone();
            candidate[at] = middle;
            if try_it(candidate, best, rule, runs) {
                high = best.get(at).copied().unwrap_or_default().min(middle);
            } else {
                low = middle + 1;
            }
        }
        at += 1;
    }
}

/// Takes the candidate if it is plainer and breaks the same rule.
fn try_it(candidate: Vec<u64>, best: &mut Vec<u64>, rule: &str, runs: &mut u32) -> bool {
    if *runs == 0 || candidate == *best {
        return false;
    }
    *runs -= 1;
    let Outcome { broken, mut choices, .. } = run(Dice::scripted(candidate), false);
    if broken.is_none_or(|broken| broken.rule != rule) {
        return false;
    }
    while choices.last() == Some(&0) {
        choices.pop();
    }
    let plainer = (choices.len(), &choices) < (best.len(), best);
    if plainer {
        *best = choices;
    }
    plainer
}

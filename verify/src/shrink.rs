//! Makes a list of choices as short and as plain as possible, while a condition still holds.

/// Shrinks the choices, with at most this many tries. `still` gives the choices that were used, if the condition holds.
pub fn shrink(
    choices: Vec<u64>,
    tries: u32,
    still: impl FnMut(Vec<u64>) -> Option<Vec<u64>>,
) -> Vec<u64> {
    let mut shrinker = Shrinker { best: choices, tries, still };
    loop {
        let before = shrinker.best.clone();
        shrinker.drop_blocks();
        shrinker.lower();
        if shrinker.best == before || shrinker.tries == 0 {
            return shrinker.best;
        }
    }
}

struct Shrinker<F> {
    best: Vec<u64>,
    tries: u32,
    still: F,
}

impl<F: FnMut(Vec<u64>) -> Option<Vec<u64>>> Shrinker<F> {
    /// Removes blocks or makes them plain, from large blocks down to single choices.
    fn drop_blocks(&mut self) {
        let mut size = self.best.len() / 2;
        while size > 0 {
            let mut start = 0;
            while start < self.best.len() && self.tries > 0 {
                let end = (start + size).min(self.best.len());
                let mut without = self.best.clone();
                without.drain(start..end);
                if self.takes(without) {
                    continue;
                }
                let mut plain = self.best.clone();
                plain[start..end].fill(0);
                self.takes(plain);
                start += size;
            }
            size /= 2;
        }
    }

    /// Makes each choice as small as possible.
    fn lower(&mut self) {
        let mut at = 0;
        while at < self.best.len() && self.tries > 0 {
            let (mut low, mut high) = (0, self.best[at]);
            while low < high && self.tries > 0 {
                let middle = low + (high - low) / 2;
                let mut candidate = self.best.clone();
                candidate[at] = middle;
                if self.takes(candidate) {
                    high = self.best.get(at).copied().unwrap_or_default().min(middle);
                } else {
                    low = middle + 1;
                }
            }
            at += 1;
        }
    }

    /// Takes the candidate, if it is plainer and the condition holds.
    fn takes(&mut self, candidate: Vec<u64>) -> bool {
        if self.tries == 0 || candidate == self.best {
            return false;
        }
        self.tries -= 1;
        let Some(mut choices) = (self.still)(candidate) else { return false };
        // Zeros follow the last choice anyway.
        while choices.last() == Some(&0) {
            choices.pop();
        }
        let plainer = (choices.len(), &choices) < (self.best.len(), &self.best);
        if plainer {
            self.best = choices;
        }
        plainer
    }
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn choices_that_do_not_matter_go_and_the_others_become_small() {
        let choices = vec![5, 0, 9, 77, 3, 1_000, 4, 4, 4];
        let small = shrink(choices, 10_000, |choices| {
            let at = choices.iter().position(|choice| *choice >= 50)?;
            let later = choices[at + 1..].iter().any(|choice| *choice >= 100);
            later.then_some(choices)
        });
        assert_eq!(small, [50, 100]);
    }

    #[test]
    fn shrinking_ends_after_its_tries() {
        let mut tries = 0;
        let small = shrink(vec![9; 100], 25, |_| {
            tries += 1;
            None
        });
        assert_eq!(tries, 25);
        assert_eq!(small, [9; 100]);
    }
}

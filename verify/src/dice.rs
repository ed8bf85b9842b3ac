//! All random choices of a session. Zero is always the plainest choice, so that a session shrinks as numbers become zeros.

/// A random number generator, or a list of choices in its place.
#[derive(Debug)]
pub struct Dice {
    state: u64,
    script: Option<Vec<u64>>,
    at: usize,
    record: Option<Vec<u64>>,
}

impl Dice {
    /// Random choices from a seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Dice {
        Dice { state: seed, script: None, at: 0, record: None }
    }

    /// The same, and every choice is recorded.
    #[must_use]
    pub fn recorded(seed: u64) -> Dice {
        Dice { record: Some(Vec::new()), ..Dice::seeded(seed) }
    }

    /// These choices, and zeros after them.
    #[must_use]
    pub fn scripted(script: Vec<u64>) -> Dice {
        Dice { script: Some(script), record: Some(Vec::new()), ..Dice::seeded(0) }
    }

    /// The recorded choices.
    #[must_use]
    pub fn into_record(self) -> Vec<u64> {
        self.record.unwrap_or_default()
    }

    /// Uniform in `0..n`; 0 for an `n` of 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n <= 1 {
            return 0;
        }
        let value = match &self.script {
            Some(script) => script.get(self.at).map_or(0, |choice| choice % n),
            None => self.roll(n),
        };
        self.at += 1;
        if let Some(record) = &mut self.record {
            record.push(value);
        }
        value
    }

    /// `true` in this many of a thousand cases.
    pub fn chance(&mut self, per_mille: u16) -> bool {
        per_mille > 0 && self.below(1000) >= 1000 - u64::from(per_mille)
    }

    /// One of these. The first is the plainest.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// A number up to `most`. Small ones are as likely as large ones.
    pub fn magnitude(&mut self, most: u64) -> u64 {
        let bits = u64::from(64 - most.leading_zeros());
        let bits = self.below(bits + 1);
        if bits == 0 {
            0
        } else {
            self.below(1u64.checked_shl(bits as u32).unwrap_or(u64::MAX)).min(most)
        }
    }

    /// SplitMix64, scaled to the range.
    fn roll(&mut self, n: u64) -> u64 {
        let number = next(&mut self.state);
        ((u128::from(number) * u128::from(n)) >> 64) as u64
    }
}

/// One step of SplitMix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

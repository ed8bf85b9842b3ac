//! Guesses each bit of a wasm file from what came before ("context mixing", as the PAQ family of packers does it, with contexts that
//! know what the bytes of a wasm file are). The better the guess, the less is stored.
//!
//! Packing and unpacking run the same model, perhaps on different machines. So there is only arithmetic that IEEE 754
//! prescribes to the last bit.

/// What a byte is. Each kind has its own statistics.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An instruction.
    Op,
    /// Anything outside of functions, and numbers with a point.
    Raw,
    Constant,
    Label,
    Local,
    Offset,
    Call,
    Other,
}

/// So many contexts guess.
const GUESSES: usize = 6;
const TABLE: usize = 1 << 22;
/// Those of a path through a few bits are neighbours in the table.
const NODES: usize = 8;
const STEPS: usize = 4096;
/// So many steps of `squashed` are one unit.
const UNIT: f32 = 170.0;
/// The odds of the least probable, and their logarithm.
const LEAST_ODDS: f32 = 5.85e-6;
const CENTRE: f32 = 12.047;
/// A guess is a probability of 12 bits and, below, 4 bits of how often it was tried; stored so that 0 is a half, never tried.
const HALF: u16 = 2048 << 4;
const MOST_TRIES: u16 = 11;
const FIRST_WEIGHT: f32 = 0.3;
const LEARNING_RATE: f32 = 0.006;
/// For each kind, where in a number a byte is.
const SETS: usize = 32;

/// All that is known. Large: not for the stack.
pub struct Model {
    table: [u16; TABLE],
    /// `ln(p / (1 - p))` by probability, and its inverse.
    stretched: [f32; STEPS],
    squashed: [f32; STEPS],
    weights: [[f32; GUESSES]; SETS],
    contexts: [u32; GUESSES],
    places: [usize; GUESSES],
    node: usize,
    set: usize,
    /// The latest four bytes, the latest four instructions, and the latest number of each kind.
    recent: u32,
    ops: u32,
    latest: [u32; 8],
}

impl Model {
    /// For one file.
    #[must_use]
    pub const fn new() -> Model {
        Model {
            table: [0; TABLE],
            stretched: [0.0; STEPS],
            squashed: [0.0; STEPS],
            weights: [[0.0; GUESSES]; SETS],
            contexts: [0; GUESSES],
            places: [0; GUESSES],
            node: 0,
            set: 0,
            recent: 0,
            ops: 0,
            latest: [0; 8],
        }
    }

    /// Makes the tables: multiplied up, since a logarithm is not the same everywhere.
    pub(crate) fn prepare(&mut self) {
        let (mut odds, mut known) = (LEAST_ODDS, 0);
        for (step, p) in self.squashed.iter_mut().enumerate() {
            odds *= 1.0 + 1.0 / UNIT;
            *p = odds / (1.0 + odds);
            // All probabilities up to this one are less than a step away.
            while known <= (*p * STEPS as f32) as usize {
                self.stretched[known % STEPS] = step as f32 / UNIT - CENTRE;
                known += 1;
            }
        }
        self.weights = [[FIRST_WEIGHT; GUESSES]; SETS];
    }

    /// A byte comes. `before`: the bytes of the same number that came before.
    pub(crate) fn expect(&mut self, kind: Kind, before: u32) {
        let known = hash(before, kind as u32);
        // Outside of functions there are no instructions, but texts.
        let long = if kind == Kind::Raw { self.recent } else { self.ops };
        let seen = [
            self.ops & 0xff,
            self.recent & 0xff,
            self.recent & 0xffff,
            long & 0xff_ffff,
            long,
            (self.ops & 0xffff) ^ self.latest[kind as usize].wrapping_mul(0x2f0b_4c47),
        ];
        for (context, seen) in self.contexts.iter_mut().zip(seen) {
            *context = hash(known, seen);
        }
        self.set = kind as usize * 4 + (before >> 8).min(3) as usize;
        self.look();
    }

    /// The byte that was expected.
    pub(crate) fn see(&mut self, byte: u8) {
        self.recent = self.recent << 8 | u32::from(byte);
    }

    pub(crate) fn see_op(&mut self, op: u8) {
        self.ops = self.ops << 8 | u32::from(op);
    }

    pub(crate) fn see_number(&mut self, kind: Kind, number: u32) {
        self.latest[kind as usize] = number;
    }

    /// Guesses the next bit of the byte, lets `decide` say what it is, and learns from it. The probability is that of a 1.
    pub(crate) fn bit(&mut self, decide: impl FnOnce(f32) -> bool) -> bool {
        if self.node >= NODES {
            for context in &mut self.contexts {
                *context = hash(*context, self.node as u32);
            }
            self.look();
        }
        let weights = &mut self.weights[self.set % SETS];
        let mut inputs = [0.0; GUESSES];
        let mut sum = 0.0;
        for i in 0..GUESSES {
            let guess = self.table[(self.places[i] + self.node) % TABLE] ^ HALF;
            if guess & 15 != 0 {
                inputs[i] = self.stretched[usize::from(guess >> 4)];
            }
            sum += weights[i] * inputs[i];
        }
        let step = ((sum + CENTRE) * UNIT) as i32;
        let p = self.squashed[step.clamp(0, STEPS as i32 - 1) as usize];
        let bit = decide(p);
        let error = (f32::from(u8::from(bit)) - p) * LEARNING_RATE;
        let goal = if bit { STEPS as f32 - 1.0 } else { 0.0 };
        for i in 0..GUESSES {
            weights[i] += error * inputs[i];
            let guess = &mut self.table[(self.places[i] + self.node) % TABLE];
            let (before, tries) = (*guess ^ HALF, (*guess ^ HALF) & 15);
            let probability = f32::from(before >> 4);
            let better = probability + (goal - probability) / (f32::from(tries) + 1.3) + 0.5;
            *guess = ((better as u16) << 4 | (tries + 1).min(MOST_TRIES)) ^ HALF;
        }
        self.node = self.node * 2 + usize::from(bit);
        bit
    }

    fn look(&mut self) {
        for (i, context) in self.contexts.iter().enumerate() {
            self.places[i] = hash(*context, i as u32) as usize % TABLE / NODES * NODES;
        }
        self.node = 1;
    }
}

fn hash(a: u32, b: u32) -> u32 {
    let mixed = (a ^ b.wrapping_add(1).wrapping_mul(0x2f0b_4c47)).wrapping_mul(0x9e37_79b1);
    mixed ^ mixed >> 15
}

impl Default for Model {
    fn default() -> Model {
        Model::new()
    }
}

//! Guesses each bit of a wasm file from what came before ("context mixing", as the PAQ family of packers does it, with contexts that
//! know what the bytes of a wasm file are). The better the guess, the less is stored.
//!
//! Packing and unpacking run the same model, perhaps on different machines. So there is only arithmetic that IEEE 754
//! prescribes to the last bit.

use crate::walk::Fact::Byte1;
use crate::wide::{correct, empty, learn, sum};

/// Kinds of numbers, and so many of them.
pub(crate) const KINDS: usize = 8;
/// There is room for so many facts.
pub(crate) const FACTS: usize = 32;
/// So many contexts guess, each twice; one input is always the same, and one is nothing, so that there are fours.
pub(crate) const CONTEXTS: usize = 5;
pub(crate) const INPUTS: usize = 2 * CONTEXTS + 2;
const ALWAYS: f32 = 3.0;
/// So many mixers weigh the inputs, each with the weights of another set: those of a kind and a path, of a kind and how many contexts
/// know something, and of a kind and the byte before.
const MIXERS: usize = 3;
const PATHS: usize = 256;
const SETS: usize = 1 << 13;

/// A slot is a check, and for each path through up to three bits what came there.
pub(crate) const SLOT: usize = 8;
const SLOT_BITS: u32 = 16;
const SLOTS: usize = 1 << SLOT_BITS;
/// What is known of a path: a probability of 16 bits, 8 bits of how often it was tried, and the latest bits below a 1.
pub(crate) const NEVER: u32 = 0x8000_0001;
const HISTORIES: u32 = 64;
const STEPS: usize = 4096;
/// So many steps of `squashed` are one unit.
const UNIT: f32 = 185.5;
/// The odds of the least probable, and their logarithm.
const LEAST_ODDS: f32 = 1.6e-5;
const CENTRE: f32 = 11.043;
const FIRST_WEIGHT: f32 = 0.13;
const LEARNING_RATE: f32 = 0.012;
/// A guess that is so near needs no learning.
const GOOD: f32 = 0.03;

/// All that is learned. Large: not for the stack.
#[repr(C)]
pub(crate) struct Model {
    kind: usize,
    /// The bits of the byte that are known, below a 1; and those since the last `look`.
    path: usize,
    node: usize,
    /// What was known of the bit, from both views of each context.
    states: [u32; INPUTS],
    inputs: [f32; INPUTS],
    sets: [usize; MIXERS],
    guesses: [f32; MIXERS],
    contexts: [u32; CONTEXTS],
    places: [usize; CONTEXTS],
    /// `ln(p / (1 - p))` by probability, and its inverse.
    stretched: [f32; STEPS],
    squashed: [f32; STEPS],
    /// What came after each history.
    histories: [[u32; HISTORIES as usize]; CONTEXTS],
    weights: [[f32; INPUTS]; SETS],
    table: [[u32; SLOT]; SLOTS],
}

impl Model {
    pub(crate) const fn new() -> Model {
        Model {
            kind: 0,
            path: 0,
            node: 0,
            states: [0; INPUTS],
            inputs: [0.0; INPUTS],
            sets: [0; MIXERS],
            guesses: [0.0; MIXERS],
            contexts: [0; CONTEXTS],
            places: [0; CONTEXTS],
            stretched: [0.0; STEPS],
            squashed: [0.0; STEPS],
            histories: [[0; HISTORIES as usize]; CONTEXTS],
            weights: [[0.0; INPUTS]; SETS],
            table: [[0; SLOT]; SLOTS],
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
        self.weights.as_flattened_mut().fill(FIRST_WEIGHT);
        self.histories.as_flattened_mut().fill(NEVER);
        self.inputs[2 * CONTEXTS] = ALWAYS;
    }

    /// A byte comes. `before`: the bytes of the same number that came before. `masks`: which facts make up each context.
    pub(crate) fn expect(
        &mut self,
        kind: usize,
        before: u32,
        masks: &[u32; CONTEXTS],
        facts: &[u32; FACTS],
    ) {
        for (i, &mask) in masks.iter().enumerate() {
            let mut context = hash(before, (kind * CONTEXTS + i) as u32);
            let mut mask = mask;
            while mask != 0 {
                context = hash(context, facts[mask.trailing_zeros() as usize % FACTS]);
                mask &= mask - 1;
            }
            self.contexts[i] = context;
        }
        self.kind = kind;
        self.path = 1;
        self.sets[1] = (KINDS + kind) * PATHS + facts[Byte1 as usize] as usize;
        self.look();
    }

    /// Guesses the next bit of the byte, lets `decide` say what it is, and learns from it. The probability is that of a 1.
    pub(crate) fn bit(&mut self, decide: impl FnOnce(f32) -> u32) -> u32 {
        if self.node >= SLOT {
            for context in &mut self.contexts {
                *context = hash(*context, self.node as u32);
            }
            self.look();
        }
        for i in 0..CONTEXTS {
            let state = self.table[self.places[i] % SLOTS][self.node % SLOT];
            self.states[i] = state;
            self.states[i + CONTEXTS] = self.histories[i][(state % HISTORIES) as usize];
        }
        for i in 0..2 * CONTEXTS {
            self.inputs[i] = self.stretched[(self.states[i] >> 20) as usize];
        }
        self.sets[0] = self.kind * PATHS + self.path.min(PATHS - 1);
        let mut mixed = 0.0;
        for i in 0..MIXERS {
            let sum = sum(&self.weights[self.sets[i] % SETS], &self.inputs);
            self.guesses[i] = self.squash(sum);
            mixed += sum;
        }
        let bit = decide(self.squash(mixed / MIXERS as f32));
        let goal = bit as f32;
        for i in 0..MIXERS {
            let error = goal - self.guesses[i];
            if error.abs() > GOOD {
                correct(
                    &mut self.weights[self.sets[i] % SETS],
                    &self.inputs,
                    error * LEARNING_RATE,
                );
            }
        }
        learn(&mut self.states, goal);
        for i in 0..CONTEXTS {
            let state = &mut self.table[self.places[i] % SLOTS][self.node % SLOT];
            let mut history = *state % HISTORIES;
            self.histories[i][history as usize] = self.states[i + CONTEXTS];
            history = history * 2 + bit;
            if history >= HISTORIES {
                history = history % (HISTORIES / 2) + HISTORIES / 2;
            }
            *state = self.states[i] + history;
        }
        self.node = self.node * 2 + bit as usize;
        self.path = self.path * 2 + bit as usize;
        bit
    }

    fn squash(&self, x: f32) -> f32 {
        self.squashed[(((x + CENTRE) * UNIT) as usize).min(STEPS - 1)]
    }

    /// Finds the slot of each context, or takes the one of two that was used less.
    fn look(&mut self) {
        self.node = 1;
        self.sets[2] = (2 * KINDS + self.kind) * PATHS;
        for i in 0..CONTEXTS {
            self.places[i] = (self.contexts[i] >> (32 - SLOT_BITS)) as usize;
            // All are fetched at once, before any is looked at.
            self.states[i] = self.table[self.places[i]][0];
        }
        for i in 0..CONTEXTS {
            let check = self.contexts[i] | 1;
            let mut place = self.places[i] % SLOTS;
            if self.states[i] != check {
                let other = place ^ 1;
                let is_other = self.table[other][0] == check;
                if is_other || self.table[place][1] % 65_536 > self.table[other][1] % 65_536 {
                    place = other;
                    self.places[i] = place;
                }
                if !is_other {
                    empty(&mut self.table[place]);
                    self.table[place][0] = check;
                }
            }
            self.sets[2] += usize::from(self.table[place][1] != NEVER);
        }
    }
}

#[inline(never)]
pub(crate) fn hash(a: u32, b: u32) -> u32 {
    let mixed = (a ^ b.wrapping_add(1).wrapping_mul(0x2f0b_4c47)).wrapping_mul(0x9e37_79b1);
    mixed ^ mixed >> 15
}

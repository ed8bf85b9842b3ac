//! The arithmetic of the model, four numbers at a time: with SIMD where wasm has it, else with the same results one by one.

use crate::model::{INPUTS, NEVER, SLOT};

const LANES: usize = 4;

/// Where a probability of 16 bits is in a state, and how often it was tried, and what is as good as always.
const P: u32 = 16;
const TRIES: u32 = 8;
const MOST_TRIES: u32 = 255;
const ONE: f32 = 65_535.0;
/// The larger, the less a state learns at first.
const DOUBT: f32 = 1.15;

#[cfg(target_feature = "simd128")]
mod simd {
    #![expect(unsafe_code, reason = "loads and stores of four at once")]
    use super::{DOUBT, INPUTS, LANES, MOST_TRIES, NEVER, ONE, P, SLOT, TRIES};
    use core::arch::wasm32::*;

    pub(crate) fn sum(weights: &[f32; INPUTS], inputs: &[f32; INPUTS]) -> f32 {
        let mut sum = f32x4_splat(0.0);
        for i in (0..INPUTS).step_by(LANES) {
            sum = f32x4_add(sum, f32x4_mul(load(weights, i), load(inputs, i)));
        }
        f32x4_extract_lane::<0>(sum)
            + f32x4_extract_lane::<1>(sum)
            + (f32x4_extract_lane::<2>(sum) + f32x4_extract_lane::<3>(sum))
    }

    pub(crate) fn correct(weights: &mut [f32; INPUTS], inputs: &[f32; INPUTS], by: f32) {
        for i in (0..INPUTS).step_by(LANES) {
            let better = f32x4_add(load(weights, i), f32x4_mul(load(inputs, i), f32x4_splat(by)));
            // SAFETY: There are so many weights.
            unsafe { v128_store(weights.as_mut_ptr().add(i).cast(), better) };
        }
    }

    pub(crate) fn learn(states: &mut [u32; INPUTS], goal: f32) {
        for i in (0..INPUTS).step_by(LANES) {
            let state = load(states, i);
            let p = f32x4_convert_u32x4(u32x4_shr(state, P));
            let tries = v128_and(u32x4_shr(state, TRIES), u32x4_splat(MOST_TRIES));
            let way = f32x4_sub(f32x4_splat(goal * ONE), p);
            let p = f32x4_add(
                p,
                f32x4_div(way, f32x4_add(f32x4_convert_u32x4(tries), f32x4_splat(DOUBT))),
            );
            let tries = u32x4_min(u32x4_add(tries, u32x4_splat(1)), u32x4_splat(MOST_TRIES));
            let learned = v128_or(u32x4_shl(u32x4_trunc_sat_f32x4(p), P), u32x4_shl(tries, TRIES));
            // SAFETY: There are so many states.
            unsafe { v128_store(states.as_mut_ptr().add(i).cast(), learned) };
        }
    }

    pub(crate) fn empty(slot: &mut [u32; SLOT]) {
        for i in (0..SLOT).step_by(LANES) {
            // SAFETY: There are so many states.
            unsafe { v128_store(slot.as_mut_ptr().add(i).cast(), u32x4_splat(NEVER)) };
        }
    }

    fn load<T>(from: &[T; INPUTS], at: usize) -> v128 {
        // SAFETY: There are so many, of 32 bits each.
        unsafe { v128_load(from.as_ptr().add(at).cast()) }
    }
}
#[cfg(target_feature = "simd128")]
pub(crate) use simd::{correct, empty, learn, sum};

/// The sum of the inputs, each times its weight.
#[cfg(not(target_feature = "simd128"))]
pub(crate) fn sum(weights: &[f32; INPUTS], inputs: &[f32; INPUTS]) -> f32 {
    let mut sums = [0.0; LANES];
    for i in 0..INPUTS {
        sums[i % LANES] += weights[i] * inputs[i];
    }
    sums[0] + sums[1] + (sums[2] + sums[3])
}

/// Adds the inputs times `by` to the weights.
#[cfg(not(target_feature = "simd128"))]
pub(crate) fn correct(weights: &mut [f32; INPUTS], inputs: &[f32; INPUTS], by: f32) {
    for i in 0..INPUTS {
        weights[i] += inputs[i] * by;
    }
}

/// Each state is nearer to what came, the less the more often it was tried; and without its history.
#[cfg(not(target_feature = "simd128"))]
pub(crate) fn learn(states: &mut [u32; INPUTS], goal: f32) {
    for state in states {
        let p = (*state >> P) as f32;
        let tries = *state >> TRIES & MOST_TRIES;
        let p = p + (goal * ONE - p) / (tries as f32 + DOUBT);
        *state = (p as u32) << P | (tries + 1).min(MOST_TRIES) << TRIES;
    }
}

/// Nothing is known in this slot.
#[cfg(not(target_feature = "simd128"))]
pub(crate) fn empty(slot: &mut [u32; SLOT]) {
    *slot = [NEVER; SLOT];
}

//! From the file to the packed bytes.

use crate::model::{Kind, Model};
use crate::unpack::middle;
use crate::walk::{Coder, LARGEST, Walk};

/// Why a file cannot be packed.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// It has no code, is no wasm file, or is too large.
    NoCode,
    /// Unpacking would not give the same bytes: there is an instruction that the walk does not know.
    Different,
}

/// What [`pack`] made of a file.
#[derive(Debug)]
pub struct Packed {
    /// How many bytes it is.
    pub length: usize,
    /// How many bytes the file has before its functions.
    pub head: u32,
    /// And after them.
    pub tail: u32,
}

/// What packing works in. Large: not for the stack.
pub struct Scratch {
    model: Model,
    bare: [u8; LARGEST],
    again: [u8; LARGEST],
}

impl Scratch {
    /// For one file.
    #[must_use]
    pub const fn new() -> Scratch {
        Scratch { model: Model::new(), bare: [0; LARGEST], again: [0; LARGEST] }
    }
}

impl Default for Scratch {
    fn default() -> Scratch {
        Scratch::new()
    }
}

/// Packs a wasm file into `packed`. The scratch must be new.
///
/// # Errors
/// See [`Error`].
///
/// # Panics
/// If it does not fit into `packed`.
pub fn pack(scratch: &mut Scratch, wasm: &[u8], packed: &mut [u8]) -> Result<Packed, Error> {
    let Scratch { model, bare, again } = scratch;
    let (head, tail, length) = without_sizes(wasm, bare).ok_or(Error::NoCode)?;
    model.prepare();
    let mut encoder = Encoder { packed, at: 0, low: 0, high: u32::MAX };
    let source = Source { bare: &bare[..length], at: 0, bits: 1, encoder: &mut encoder };
    let mut walk = Walk { model, coder: source, file: again, length: 0 };
    walk.whole(head as u32, tail as u32);
    if walk.file.get(..walk.length) != Some(wasm) {
        return Err(Error::Different);
    }
    Ok(Packed { length: encoder.finish(), head: head as u32, tail: tail as u32 })
}

/// The bits of the file, as the walk asks for them.
struct Source<'a, 'b> {
    bare: &'a [u8],
    at: usize,
    /// Those of the present byte that are still to come, the next one lowest, below a 1.
    bits: u64,
    encoder: &'a mut Encoder<'b>,
}

impl Coder for Source<'_, '_> {
    fn bit(&mut self, p: f32, kind: Kind) -> bool {
        if self.bits == 1 {
            // A walk that does not know an instruction runs on behind the end.
            self.bits = bits_of(kind, self.bare.get(self.at).copied().unwrap_or(0x0b));
            self.at += 1;
        }
        let bit = self.bits & 1 == 1;
        self.bits >>= 1;
        self.encoder.write(bit, p);
        bit
    }
}

fn bits_of(kind: Kind, byte: u8) -> u64 {
    let byte = u64::from(byte);
    match kind {
        Kind::Op | Kind::Raw | Kind::Constant => reversed(byte, 8),
        Kind::Label | Kind::Local | Kind::Offset | Kind::Call | Kind::Other => {
            let count = (byte + 1).ilog2();
            let ones = (1 << count) - 1;
            reversed(byte + 1, count) << (count + u32::from(count < 8)) | ones
        }
    }
}

/// So many bits, the highest one lowest, below a 1.
fn reversed(number: u64, count: u32) -> u64 {
    (0..count).fold(1, |bits, i| bits << 1 | (number >> i & 1))
}

/// A range coder without carry, in 32 bits.
struct Encoder<'a> {
    packed: &'a mut [u8],
    at: usize,
    low: u32,
    high: u32,
}

impl Encoder<'_> {
    fn write(&mut self, bit: bool, p: f32) {
        let middle = middle(self.low, self.high, p);
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.push();
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
    }

    fn push(&mut self) {
        self.packed[self.at] = (self.high >> 24) as u8;
        self.at += 1;
    }

    /// One more byte tells the rest, since what follows reads as zeroes.
    fn finish(mut self) -> usize {
        self.push();
        self.at
    }
}

/// Copies the file without the sizes of its functions; gives how many bytes come before the functions and after them, and how many
/// it is in all.
fn without_sizes(wasm: &[u8], bare: &mut [u8]) -> Option<(usize, usize, usize)> {
    const CODE: u8 = 10;
    let mut at = 8;
    while *wasm.get(at)? != CODE {
        let (size, next) = leb(wasm, at + 1)?;
        at = next + size;
    }
    let (size, head) = leb(wasm, at + 1)?;
    let end = head + size;
    let (functions, mut at) = leb(wasm, head)?;
    let mut length = 0;
    let mut keep = |from: usize, to: usize| {
        let kept = wasm.get(from..to)?;
        bare.get_mut(length..length + kept.len())?.copy_from_slice(kept);
        length += kept.len();
        Some(length)
    };
    keep(0, at)?;
    for _ in 0..functions {
        let (size, body) = leb(wasm, at)?;
        at = body + size;
        keep(body, at)?;
    }
    let length = keep(end, wasm.len())?;
    Some((head, wasm.len() - end, length))
}

/// A number, and what is behind it.
fn leb(wasm: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let byte = *wasm.get(at)?;
        number |= (u64::from(byte & 127) << shift) as usize;
        at += 1;
        if byte < 128 {
            return Some((number, at));
        }
    }
    None
}

//! From the file to the packed bytes.

use core::array;
use core::cmp::Reverse;

use crate::model::{CONTEXTS, KINDS};
use crate::unpack::{MOST, part};
use crate::walk::{Coder, Fact, Fact::*, LARGEST, Walk, kind::*};

/// Why a file cannot be packed.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// It has no code, is no wasm file, or is too large.
    NoCode,
    /// Unpacking would not give the same bytes: there is an instruction that the walk does not know.
    Different,
}

/// What [`Packer::pack`] made of a file.
#[derive(Debug)]
pub struct Packed<'a> {
    /// What is to be unpacked.
    pub bytes: &'a [u8],
    /// How many sections the file has.
    pub sections: u32,
}

/// What packing works in. Large: not for the stack.
pub struct Packer {
    walk: Walk<Source>,
    file: [u8; LARGEST],
}

impl Packer {
    /// For one file.
    #[must_use]
    pub const fn new() -> Packer {
        let encoder = Encoder { packed: [0; LARGEST], at: 0, low: 0, range: 0 };
        let source =
            Source { bare: [0; LARGEST], at: 0, bits: 0, ranks: [0; 256], seen: [0; 256], encoder };
        Packer { walk: Walk::new(source), file: [0; LARGEST] }
    }

    /// Where the file is to be written.
    pub const fn input(&mut self) -> &mut [u8; LARGEST] {
        &mut self.file
    }

    /// Packs the wasm file that is so long.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn pack(&mut self, length: usize) -> Result<Packed<'_>, Error> {
        let Packer { walk, file } = self;
        let wasm = file.get(..length).ok_or(Error::NoCode)?;
        // Once to see which instructions there are, and once more with those alone, the frequent ones first.
        let mut ops: [u8; KNOWN] = array::from_fn(|op| op as u8);
        let (mut count, mut sections) = (KNOWN, 0);
        for _ in 0..2 {
            walk.clear();
            sections = walk.coder.start(wasm, &ops[..count]).ok_or(Error::NoCode)?;
            walk.whole(sections);
            let seen = |op: &u8| walk.coder.seen[usize::from(*op)];
            ops.sort_unstable_by_key(|op| (Reverse(seen(op)), *op));
            count = ops.iter().filter(|op| seen(op) > 0).count();
            ops[FREQUENT.min(count)..count].sort_unstable();
        }
        if walk.file.get(..walk.length) != Some(wasm) {
            return Err(Error::Different);
        }
        Ok(Packed { bytes: walk.coder.encoder.finish(), sections })
    }
}

impl Default for Packer {
    fn default() -> Packer {
        Packer::new()
    }
}

/// The bits of the file, as the walk asks for them.
struct Source {
    bare: [u8; LARGEST],
    at: usize,
    /// Those of the present byte that are still to come, the next one lowest, below a 1.
    bits: u64,
    /// The place of each instruction in the list of those that there are, and how many were seen.
    ranks: [u8; 256],
    seen: [u32; 256],
    encoder: Encoder,
}

impl Coder for Source {
    fn bit(&mut self, p: f32, kind: usize) -> u32 {
        if self.bits <= 1 {
            // A walk that does not know an instruction runs on behind the end.
            let mut byte = self.bare.get(self.at).copied().unwrap_or(0x0b);
            if kind == OP {
                self.seen[usize::from(byte)] += 1;
                byte = self.ranks[usize::from(byte)];
            }
            self.bits = bits_of(kind, byte);
            self.at += 1;
        }
        let bit = self.bits & 1;
        self.bits >>= 1;
        self.encoder.write(bit == 1, p);
        bit as u32
    }
}

fn bits_of(kind: usize, byte: u8) -> u64 {
    let byte = u64::from(byte);
    if kind < OP {
        return reversed(byte, 8);
    }
    let count = (byte + 1).ilog2();
    let ones = (1 << count) - 1;
    reversed(byte + 1, count) << (count + u32::from(count < 8)) | ones
}

/// So many bits, the highest one lowest, below a 1.
fn reversed(number: u64, count: u32) -> u64 {
    (0..count).fold(1, |bits, i| bits << 1 | (number >> i & 1))
}

/// A range coder. What is to come is in the range from `low`.
struct Encoder {
    packed: [u8; LARGEST],
    at: usize,
    low: u32,
    range: u32,
}

impl Encoder {
    fn write(&mut self, bit: bool, p: f32) {
        let part = part(self.range, p);
        if bit {
            self.range = part;
        } else {
            self.range -= part;
            let (low, carry) = self.low.overflowing_add(part);
            self.low = low;
            self.carry(carry);
        }
        while self.range < MOST {
            self.push();
            self.range <<= 8;
        }
    }

    /// To the bytes that are written already.
    fn carry(&mut self, mut carry: bool) {
        for byte in self.packed.get_mut(..self.at).unwrap_or_default().iter_mut().rev() {
            (*byte, carry) = byte.overflowing_add(carry.into());
            if !carry {
                return;
            }
        }
    }

    fn push(&mut self) {
        if let Some(byte) = self.packed.get_mut(self.at) {
            *byte = (self.low >> 24) as u8;
        }
        self.at += 1;
        self.low <<= 8;
    }

    /// One more byte tells the rest, since what follows reads as zeroes.
    fn finish(&mut self) -> &[u8] {
        let (low, carry) = self.low.overflowing_add(MOST - 1);
        self.low = low;
        self.carry(carry);
        self.push();
        self.packed.get(..self.at).unwrap_or_default()
    }
}

impl Source {
    /// Makes ready to give what the walk has to know, then the file without the sizes of its functions; gives how many sections it has.
    fn start(&mut self, wasm: &[u8], ops: &[u8]) -> Option<u32> {
        const CODE: u8 = 10;
        self.encoder.range = u32::MAX;
        let mut length = 0;
        let mut keep = |bytes: &[u8]| {
            self.bare.get_mut(length..length + bytes.len())?.copy_from_slice(bytes);
            length += bytes.len();
            Some(())
        };
        for context in contexts().as_flattened() {
            keep(&context.to_be_bytes()[1..])?;
        }
        let effects = effects();
        let mut before = 0u8;
        keep(&[ops.len() as u8])?;
        for (rank, &op) in ops.iter().enumerate() {
            self.ranks[usize::from(op)] = rank as u8;
            keep(&[op.wrapping_sub(before), effects[usize::from(op)]])?;
            before = op;
        }
        keep(wasm.get(..8)?)?;
        let (mut at, mut sections, mut has_code) = (8, 0, false);
        while at < wasm.len() {
            let (size, inner) = leb(wasm, at + 1)?;
            let end = inner + size;
            if wasm[at] == CODE {
                has_code = true;
                let (functions, mut body) = leb(wasm, inner)?;
                keep(wasm.get(at..body)?)?;
                for _ in 0..functions {
                    let (size, start) = leb(wasm, body)?;
                    body = start + size;
                    keep(wasm.get(start..body)?)?;
                }
                keep(wasm.get(body..end)?)?;
            } else {
                keep(wasm.get(at..end)?)?;
            }
            at = end;
            sections += 1;
        }
        has_code.then_some(sections)
    }
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

/// So many instructions are listed by how frequent they are, and then the others.
const FREQUENT: usize = 15;
/// Instructions are below this.
const KNOWN: usize = 0xfd;

/// What each instruction does, as [`Walk`] wants to know it.
fn effects() -> [u8; 256] {
    const NOTHING: u8 = 0;
    const I32: u8 = 7;
    const I64: u8 = 6;
    const F32: u8 = 5;
    const F64: u8 = 4;
    const NO: usize = RAW;
    const SPECIAL: usize = OP;
    let mut effects = [0; 256];
    let mut set = |from: u8, to: u8, operand: usize, pops: u8, push: u8| {
        for op in from..=to {
            effects[usize::from(op)] = pops | push << 2 | (operand as u8) << 5;
        }
    };
    set(0x02, 0x03, SPECIAL, 0, NOTHING);
    set(0x04, 0x04, SPECIAL, 1, NOTHING);
    set(0x05, 0x05, NO, 1, NOTHING);
    set(0x0c, 0x0c, LABEL, 0, NOTHING);
    set(0x0d, 0x0d, LABEL, 1, NOTHING);
    set(0x0e, 0x0e, SPECIAL, 1, NOTHING);
    set(0x0f, 0x0f, NO, 1, NOTHING);
    set(0x10, 0x10, CALL, 0, NOTHING);
    set(0x11, 0x11, SPECIAL, 3, NOTHING);
    set(0x1a, 0x1a, NO, 1, NOTHING);
    set(0x1b, 0x1b, NO, 2, NOTHING);
    set(0x1c, 0x1c, SPECIAL, 2, NOTHING);
    set(0x20, 0x20, LOCAL, 0, I32);
    set(0x21, 0x21, LOCAL, 1, NOTHING);
    set(0x22, 0x22, LOCAL, 1, I32);
    set(0x23, 0x23, OTHER, 0, I32);
    set(0x24, 0x24, OTHER, 1, NOTHING);
    set(0x25, 0x25, OTHER, 1, I32);
    set(0x26, 0x26, OTHER, 2, NOTHING);
    set(0x28, 0x3e, OFFSET, 1, I32);
    set(0x29, 0x29, OFFSET, 1, I64);
    set(0x2a, 0x2a, OFFSET, 1, F32);
    set(0x2b, 0x2b, OFFSET, 1, F64);
    set(0x30, 0x35, OFFSET, 1, I64);
    set(0x36, 0x3e, OFFSET, 2, NOTHING);
    set(0x3f, 0x3f, OTHER, 0, I32);
    set(0x40, 0x40, OTHER, 1, I32);
    set(0x41, 0x41, CONSTANT, 0, I32);
    set(0x42, 0x42, CONSTANT, 0, I64);
    set(0x43, 0x43, SPECIAL, 0, F32);
    set(0x44, 0x44, SPECIAL, 0, F64);
    set(0x45, 0xc4, NO, 2, I32);
    set(0x79, 0x8a, NO, 2, I64);
    set(0x8b, 0x98, NO, 2, F32);
    set(0x99, 0xa6, NO, 2, F64);
    for (from, to, push) in [
        (0x45, 0x45, I32),
        (0x50, 0x50, I32),
        (0x67, 0x69, I32),
        (0x79, 0x7b, I64),
        (0x8b, 0x91, F32),
        (0x99, 0x9f, F64),
        (0xa7, 0xab, I32),
        (0xac, 0xb1, I64),
        (0xb2, 0xb6, F32),
        (0xb7, 0xbb, F64),
        (0xbc, 0xbc, I32),
        (0xbd, 0xbd, I64),
        (0xbe, 0xbe, F32),
        (0xbf, 0xbf, F64),
        (0xc0, 0xc1, I32),
        (0xc2, 0xc4, I64),
    ] {
        set(from, to, NO, 1, push);
    }
    set(0xd0, 0xd0, OTHER, 0, F32);
    set(0xd2, 0xd2, OTHER, 0, F32);
    set(0xfc, 0xfc, SPECIAL, 3, NOTHING);
    effects
}

/// The facts that make up the contexts, for each kind.
fn contexts() -> [[u32; CONTEXTS]; KINDS] {
    [
        [of(&[Op2]), of(&[Byte1]), of(&[Byte1, Byte2]), of(&[Byte1, Byte2, Byte3]), of(&[Byte2])],
        [
            of(&[Op1]),
            of(&[Op1, Op3, Op4, Byte3, Number1]),
            of(&[Op1, Byte2, Byte3]),
            of(&[Op1, Type1, From1]),
            of(&[Op2, Op3, Op4, Op5, BaseOffset]),
        ],
        [
            of(&[Op1, Byte1, Byte2]),
            of(&[Op1, Type1]),
            of(&[Op2, Op3, Op4, Byte2, Type1, From1]),
            of(&[Type1, Type2, From2]),
            of(&[Type1, Statement]),
        ],
        [
            of(&[Op1, Function]),
            of(&[Op2, Op3, Op4, Op5, Byte1, Number2]),
            of(&[Byte1, From1, From2, Base, BaseOffset, Function]),
            of(&[Type1]),
            of(&[Function]),
        ],
        [
            of(&[Op1, Op2, Op3, Op4, Op5, From1]),
            of(&[Byte3, Type1, Statement]),
            of(&[Type1, Type2, From2]),
            of(&[From1, Base]),
            of(&[Function]),
        ],
        [
            of(&[]),
            of(&[Op1, Byte1]),
            of(&[Op1, Byte1, Number2]),
            of(&[Op1, Byte2]),
            of(&[Byte1, Number1]),
        ],
        [
            of(&[]),
            of(&[Op1, Op2, Byte3, Type1, Type2, From2]),
            of(&[Op1, Byte1]),
            of(&[Op1, Byte1, Number2]),
            of(&[Op1, Byte2]),
        ],
        [
            of(&[Op1, Op3, Op4, BaseOffset, Number1]),
            of(&[Op2, Byte1, Byte2]),
            of(&[Byte1]),
            of(&[Base]),
            of(&[BaseOffset]),
        ],
    ]
}

fn of(facts: &[Fact]) -> u32 {
    facts.iter().fold(0, |mask, fact| mask | 1 << *fact as u32)
}

//! From the packed bytes to the file.

use crate::walk::{Coder, LARGEST, Walk};

/// What unpacking works in. Large: not for the stack.
pub struct Unpacker(pub(crate) Walk<Decoder>);

impl Unpacker {
    /// For one file.
    #[must_use]
    pub const fn new() -> Unpacker {
        Unpacker(Walk::new(Decoder { at: 0, range: 0, value: 0, packed: [0; LARGEST] }))
    }

    /// Where the packed bytes are to be written.
    pub const fn input(&mut self) -> &mut [u8; LARGEST] {
        &mut self.0.coder.packed
    }

    /// Where the file is, once it is unpacked.
    #[must_use]
    pub const fn output(&self) -> &[u8; LARGEST] {
        &self.0.file
    }

    /// Unpacks the input, and gives the length of the output. `sections` is that of [`Packed`](crate::Packed).
    pub fn unpack(&mut self, sections: u32) -> usize {
        self.0.coder.range = u32::MAX;
        for _ in 0..4 {
            self.0.coder.read();
        }
        self.0.whole(sections);
        self.0.length
    }
}

impl Default for Unpacker {
    fn default() -> Unpacker {
        Unpacker::new()
    }
}

/// Reads what the range coder of `pack` wrote.
#[repr(C)]
pub(crate) struct Decoder {
    at: usize,
    range: u32,
    /// How far into the range what is written is.
    value: u32,
    packed: [u8; LARGEST],
}

impl Decoder {
    fn read(&mut self) {
        self.value = self.value << 8 | u32::from(self.packed[self.at % LARGEST]);
        self.at += 1;
    }
}

impl Coder for Decoder {
    fn bit(&mut self, p: f32, _kind: usize) -> u32 {
        let part = part(self.range, p);
        let bit = self.value < part;
        if bit {
            self.range = part;
        } else {
            self.range -= part;
            self.value -= part;
        }
        while self.range < MOST {
            self.range <<= 8;
            self.read();
        }
        bit.into()
    }
}

/// When the range is smaller, a byte is decided.
pub(crate) const MOST: u32 = 1 << 24;

/// The part of the range that is for a 1.
pub(crate) fn part(range: u32, p: f32) -> u32 {
    (range >> 16) * (p * 65_536.0) as u32
}

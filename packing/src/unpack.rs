//! From the packed bytes to the file.

use crate::model::{Kind, Model};
use crate::walk::{Coder, LARGEST, Walk};

/// Unpacks into `file` and gives its length. `head` and `tail` are those of [`Packed`](crate::Packed). The model must be new.
pub fn unpack(
    model: &mut Model,
    packed: &[u8],
    head: u32,
    tail: u32,
    file: &mut [u8; LARGEST],
) -> usize {
    model.prepare();
    let mut walk = Walk { model, coder: Decoder::new(packed), file, length: 0 };
    walk.whole(head, tail);
    walk.length
}

/// Reads what the range coder of `pack` wrote.
struct Decoder<'a> {
    packed: &'a [u8],
    at: usize,
    low: u32,
    high: u32,
    value: u32,
}

impl Decoder<'_> {
    fn new(packed: &[u8]) -> Decoder<'_> {
        let mut decoder = Decoder { packed, at: 0, low: 0, high: u32::MAX, value: 0 };
        (0..4).for_each(|_| decoder.read());
        decoder
    }

    fn read(&mut self) {
        // After the end there is nothing that matters.
        let byte = self.packed.get(self.at).map_or(0, |byte| u32::from(*byte));
        self.value = self.value << 8 | byte;
        self.at += 1;
    }
}

impl Coder for Decoder<'_> {
    fn bit(&mut self, p: f32, _kind: Kind) -> bool {
        let middle = middle(self.low, self.high, p);
        let bit = self.value <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        // What both begin with is decided.
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            self.read();
        }
        bit
    }
}

/// Where the part of a 1 ends.
pub(crate) fn middle(low: u32, high: u32, p: f32) -> u32 {
    low + ((high - low) >> 16) * (p * 65_536.0) as u32
}

//! Goes through a wasm file and knows what each byte of it is.

use crate::model::{Kind, Model};

/// Gives or takes the bits of the file.
pub(crate) trait Coder {
    /// The next bit, which is 1 with probability `p`. `kind`: what it is a bit of.
    fn bit(&mut self, p: f32, kind: Kind) -> bool;
}

/// The largest file, in bytes.
pub const LARGEST: usize = 1 << 18;

/// A walk through a file, which it writes down.
pub(crate) struct Walk<'a, C> {
    pub(crate) model: &'a mut Model,
    pub(crate) coder: C,
    pub(crate) file: &'a mut [u8; LARGEST],
    pub(crate) length: usize,
}

impl<C: Coder> Walk<'_, C> {
    /// `head` and `tail`: how many bytes come before the functions and after them. Functions come without their sizes, which follow from
    /// where they end.
    pub(crate) fn whole(&mut self, head: u32, tail: u32) {
        self.raw(head);
        for _ in 0..self.number(Kind::Other) {
            let start = self.length;
            for _ in 0..2 * self.number(Kind::Other) {
                self.number(Kind::Other);
            }
            self.instructions();
            self.insert_size(start);
        }
        self.raw(tail);
    }

    fn instructions(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            let op = self.next(Kind::Op, 0);
            self.model.see_op(op);
            match op {
                0x0b => depth -= 1,
                0x02..=0x04 => {
                    depth += 1;
                    self.number(Kind::Other);
                }
                0x20..=0x22 => self.several(Kind::Local, 1),
                0x28..=0x3e => {
                    self.number(Kind::Other);
                    self.number(Kind::Offset);
                }
                0x41 | 0x42 => self.several(Kind::Constant, 1),
                0x0c | 0x0d => self.several(Kind::Label, 1),
                0x0e => {
                    let labels = self.number(Kind::Label);
                    self.several(Kind::Label, labels + 1);
                }
                0x10 => self.several(Kind::Call, 1),
                0x43 => self.raw(4),
                0x44 => self.raw(8),
                // memory.copy, table.init and the like have two numbers, memory.fill and table.grow one, conversions none.
                0xfc => {
                    let more = match self.number(Kind::Other) {
                        0..=7 => 0,
                        8 | 10 | 12 | 14 => 2,
                        _ => 1,
                    };
                    self.several(Kind::Other, more);
                }
                0x1c => {
                    let types = self.number(Kind::Other);
                    self.raw(types);
                }
                0x11 => self.several(Kind::Other, 2),
                0x23..=0x26 | 0x3f | 0x40 | 0xd0 | 0xd2 => self.several(Kind::Other, 1),
                _ => {}
            }
        }
    }

    fn raw(&mut self, count: u32) {
        for _ in 0..count {
            self.next(Kind::Raw, 0);
        }
    }

    fn several(&mut self, kind: Kind, count: u32) {
        for _ in 0..count {
            self.number(kind);
        }
    }

    /// LEB128.
    fn number(&mut self, kind: Kind) -> u32 {
        let (mut number, mut shift, mut before) = (0, 0, 0);
        loop {
            let byte = u32::from(self.next(kind, before));
            number |= (byte & 127) << (shift & 31);
            if byte < 128 {
                break;
            }
            shift += 7;
            before += byte + 128;
        }
        self.model.see_number(kind, number);
        number
    }

    fn next(&mut self, kind: Kind, before: u32) -> u8 {
        self.model.expect(kind, before);
        let byte = match kind {
            Kind::Op | Kind::Raw | Kind::Constant => self.bits(kind, 8),
            Kind::Label | Kind::Local | Kind::Offset | Kind::Call | Kind::Other => self.small(kind),
        } as u8;
        self.model.see(byte);
        self.write(self.length, byte);
        self.length += 1;
        byte
    }

    /// How many bits, then the bits: what is small is short.
    fn small(&mut self, kind: Kind) -> u32 {
        let mut count = 0;
        while count < 8 && self.bits(kind, 1) == 3 {
            count += 1;
        }
        self.bits(kind, count) - 1
    }

    /// So many bits, below a 1.
    fn bits(&mut self, kind: Kind, count: u32) -> u32 {
        let mut bits = 1;
        for _ in 0..count {
            let bit = self.model.bit(|p| self.coder.bit(p, kind));
            bits = bits << 1 | u32::from(bit);
        }
        bits
    }

    fn insert_size(&mut self, start: usize) {
        let mut size = self.length - start;
        let mut at = start;
        loop {
            for behind in (at..self.length).rev() {
                self.write(behind + 1, self.file[behind % LARGEST]);
            }
            self.length += 1;
            self.write(at, (size & 127) as u8 | if size > 127 { 128 } else { 0 });
            size >>= 7;
            at += 1;
            if size == 0 {
                return;
            }
        }
    }

    fn write(&mut self, at: usize, byte: u8) {
        self.file[at % LARGEST] = byte;
    }
}

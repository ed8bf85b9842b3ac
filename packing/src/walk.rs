//! Goes through a wasm file and knows what each byte of it is.

use crate::model::{CONTEXTS, FACTS, KINDS, Model, hash};

/// What a byte is. Each kind has its own statistics.
pub(crate) mod kind {
    /// Texts and the like, and numbers with a point.
    pub(crate) const RAW: usize = 0;
    pub(crate) const CONSTANT: usize = 1;
    // From here on, small numbers are likely.
    /// An instruction, as its place in the list of those that there are.
    pub(crate) const OP: usize = 2;
    pub(crate) const LOCAL: usize = 3;
    pub(crate) const CALL: usize = 4;
    pub(crate) const LABEL: usize = 5;
    pub(crate) const OTHER: usize = 6;
    pub(crate) const OFFSET: usize = 7;
}
use kind::*;

/// What is known of the place that the next byte has. A context is a set of facts, and what came where they were the same guesses.
#[derive(Clone, Copy)]
pub(crate) enum Fact {
    /// The instruction, or the one before it if this is an instruction, and those before.
    Op1,
    Op2,
    Op3,
    Op4,
    Op5,
    /// The latest bytes.
    Byte1,
    Byte2,
    Byte3,
    /// The types of what is on the stack, from the top.
    Type1,
    Type2,
    /// The instructions that put it there.
    From1,
    From2,
    /// The local that the address comes from, and the latest offset from there.
    Base,
    BaseOffset,
    /// The latest numbers of the same kind.
    Number1,
    Number2,
    /// Which function it is in.
    Function,
    /// The instructions since the stack was empty.
    Statement,
}
use Fact::*;

/// Gives or takes the bits of the file.
pub(crate) trait Coder {
    /// The next bit, which is 1 with probability `p`. `kind`: what it is a bit of.
    fn bit(&mut self, p: f32, kind: usize) -> u32;
}

/// The largest file, in bytes.
pub const LARGEST: usize = 1 << 18;

const TYPES: usize = 256;
const FUNCTIONS: usize = 1024;
const LOCALS: usize = 256;
const DEEPEST: usize = 256;
const NO_TYPE: u32 = 0x40;

/// A walk through a file, which it writes down. Large: not for the stack. All zeroes at first, so that the module need not carry it.
#[repr(C)]
pub(crate) struct Walk<C> {
    pub(crate) length: usize,
    height: i32,
    /// The height where the innermost block began.
    base: i32,
    /// So many functions and locals were declared.
    known: usize,
    declared: usize,
    facts: [u32; FACTS],
    latest: [[u32; 2]; KINDS],
    /// The facts that make up each context, a bit for each.
    masks: [[u32; CONTEXTS]; KINDS],
    /// The instructions that there are, and what each does: how many values it takes from the stack, what type it puts
    /// there, and what kind of number it has. `RAW` is none, and `OP` something special.
    ops: [u8; 256],
    effects: [u8; 256],
    /// Where in the file the parameters of a type are.
    types: [usize; TYPES],
    functions: [u8; FUNCTIONS],
    /// The types of the locals of the present function.
    locals: [u8; LOCALS],
    /// What is on the stack: a type, the instruction that put it there, and the local that it comes from, more one.
    stack: [u32; DEEPEST],
    /// The latest offset from each local.
    offsets: [u32; LOCALS],
    pub(crate) file: [u8; LARGEST],
    pub(crate) coder: C,
    model: Model,
}

impl<C: Coder> Walk<C> {
    pub(crate) const fn new(coder: C) -> Walk<C> {
        Walk {
            length: 0,
            height: 0,
            base: 0,
            known: 0,
            declared: 0,
            facts: [0; FACTS],
            latest: [[0; 2]; KINDS],
            masks: [[0; CONTEXTS]; KINDS],
            ops: [0; 256],
            effects: [0; 256],
            types: [0; TYPES],
            functions: [0; FUNCTIONS],
            locals: [0; LOCALS],
            stack: [0; DEEPEST],
            offsets: [0; LOCALS],
            file: [0; LARGEST],
            coder,
            model: Model::new(),
        }
    }

    /// As new, for once more.
    #[expect(unsafe_code, reason = "too large to be made anew on the stack")]
    pub(crate) fn clear(&mut self) {
        // SAFETY: There are only numbers, and `new` has only zeroes.
        unsafe { core::ptr::write_bytes(self, 0, 1) };
    }

    /// What the walk has to know, then so many sections. Functions come without their sizes, which follow from where they end.
    #[inline(never)]
    pub(crate) fn whole(&mut self, sections: u32) {
        self.model.prepare();
        for i in 0..KINDS * CONTEXTS {
            for _ in 0..3 {
                let byte = self.next(RAW, 0);
                let mask = &mut self.masks.as_flattened_mut()[i];
                *mask = *mask << 8 | byte;
            }
        }
        let mut op = 0;
        for i in 0..self.next(RAW, 0) as usize {
            op = (op + self.next(RAW, 0)) % 256;
            self.ops[i % 256] = op as u8;
            self.effects[op as usize % 256] = self.next(RAW, 0) as u8;
        }
        self.length = 0;
        self.raw(8);
        for _ in 0..sections {
            let section = self.next(RAW, 0);
            let size = self.number(OTHER);
            if section == 10 {
                self.code();
            } else if section == 0 || section > 3 {
                self.raw(size);
            } else {
                for i in 0..self.number(OTHER) {
                    if section == 1 {
                        self.number(OTHER);
                        self.types[i as usize % TYPES] = self.length;
                    }
                    if section < 3 {
                        self.several(OTHER);
                        self.several(OTHER);
                    }
                    if section == 2 {
                        self.number(OTHER);
                    }
                    if section != 1 {
                        self.functions[self.known % FUNCTIONS] = self.number(OTHER) as u8;
                        self.known += 1;
                    }
                }
            }
        }
    }

    fn code(&mut self) {
        let count = self.number(OTHER);
        for i in 0..count {
            let start = self.length;
            self.facts[Function as usize] = i + 1;
            let own = self.known.wrapping_sub((count - i) as usize) % FUNCTIONS;
            let at = self.types[usize::from(self.functions[own])];
            self.declared = 0;
            for parameter in 0..self.byte(at) {
                self.declare(1, self.byte(at + 1 + parameter as usize));
            }
            for _ in 0..self.number(OTHER) {
                let more = self.number(OTHER);
                let r#type = self.number(OTHER);
                self.declare(more, r#type);
            }
            self.height = 0;
            self.block();
            self.insert_size(start);
        }
    }

    fn declare(&mut self, more: u32, r#type: u32) {
        for _ in 0..more {
            self.locals[self.declared % LOCALS] = r#type as u8;
            self.declared += 1;
        }
    }

    fn byte(&self, at: usize) -> u32 {
        self.file[at % LARGEST].into()
    }

    /// Up to the end of a block.
    fn block(&mut self) {
        let outer = self.base;
        self.base = self.height;
        let mut op = 0;
        while op != 0x0b {
            op = self.next(OP, 0);
            self.shift(Op1 as usize, Op5 as usize, op);
            self.facts[Statement as usize] = hash(self.facts[Statement as usize], op);
            self.instruction(op);
            if self.height <= self.base {
                self.facts[Statement as usize] = 0;
            }
        }
        self.height = self.base;
        self.base = outer;
    }

    /// What an instruction has behind it, and what it does to the stack.
    fn instruction(&mut self, op: u32) {
        let effect = u32::from(self.effects[op as usize % 256]);
        let (mut pops, mut pushed, mut local) = (effect & 3, effect >> 2 & 7, 0);
        let kind = (effect >> 5) as usize;
        if kind == OP {
            match op {
                0x02..=0x04 => {
                    pushed = self.number(OTHER) % NO_TYPE;
                    self.block();
                }
                0x0e => {
                    self.several(LABEL);
                    self.number(LABEL);
                }
                0x11 => {
                    self.number(OTHER);
                    self.number(OTHER);
                }
                0x1c => self.several(OTHER),
                // memory.copy, table.init and the like have two numbers, memory.fill and table.grow one, conversions none.
                0xfc => {
                    let which = self.number(OTHER);
                    if which > 7 {
                        self.number(OTHER);
                        if which & 17 == 0 {
                            self.number(OTHER);
                        }
                    }
                }
                _ => self.raw((op - 0x42) * 4),
            }
        } else if kind != RAW {
            if kind == OFFSET {
                self.number(OTHER);
            }
            let number = self.number(kind);
            if kind == OFFSET {
                self.offsets[self.facts[Base as usize] as usize % LOCALS] = number;
            } else if kind == LOCAL {
                local = number + 1;
                if pushed > 0 {
                    pushed = self.locals[number as usize % LOCALS].into();
                }
            } else if kind == CALL {
                let at = self.types[usize::from(self.functions[number as usize % FUNCTIONS])];
                pops = self.byte(at);
                if self.byte(at + 1 + pops as usize) > 0 {
                    pushed = self.byte(at + 2 + pops as usize);
                }
            }
        }
        self.height = (self.height - pops as i32).max(self.base);
        if pushed > 0 {
            self.stack[self.height as usize % DEEPEST] = (pushed % 8) | op << 8 | local << 16;
            self.height += 1;
        }
    }

    fn raw(&mut self, count: u32) {
        for _ in 0..count {
            self.next(RAW, 0);
        }
    }

    /// A number, and so many of them.
    fn several(&mut self, kind: usize) {
        for _ in 0..self.number(kind) {
            self.number(kind);
        }
    }

    /// LEB128.
    fn number(&mut self, kind: usize) -> u32 {
        let (mut number, mut shift, mut before) = (0, 0, 0);
        loop {
            let byte = self.next(kind, before);
            number |= (byte & 127) << (shift & 31);
            if byte < 128 {
                break;
            }
            shift += 7;
            before += byte + 128;
        }
        self.latest[kind % KINDS] = [number, self.latest[kind % KINDS][0]];
        number
    }

    /// The facts from this one on move on by one, up to the other.
    #[inline(never)]
    fn shift(&mut self, from: usize, mut to: usize, value: u32) {
        while to > from {
            self.facts[to % FACTS] = self.facts[(to - 1) % FACTS];
            to -= 1;
        }
        self.facts[from % FACTS] = value;
    }

    fn next(&mut self, kind: usize, before: u32) -> u32 {
        let mut base = 0;
        // Of what is stored, the address is below.
        let below = usize::from(self.facts[Op1 as usize].wrapping_sub(0x36) < 9);
        for depth in 0..2 {
            let value = self.stack[(self.height as usize).wrapping_sub(depth + 1) % DEEPEST];
            self.facts[Type1 as usize + depth] = value & 255;
            self.facts[From1 as usize + depth] = value >> 8 & 255;
            if depth == below {
                base = value >> 16;
            }
        }
        self.facts[Base as usize] = base;
        self.facts[BaseOffset as usize] = self.offsets[base as usize % LOCALS];
        for i in 0..2 {
            self.facts[Number1 as usize + i] = self.latest[kind % KINDS][i];
        }
        self.model.expect(kind, before, &self.masks[kind % KINDS], &self.facts);
        let mut byte = if kind < OP {
            self.bits(kind, 8)
        } else {
            // How many bits, then the bits: what is small is short.
            let mut count = 0;
            while count < 8 && self.bits(kind, 1) == 3 {
                count += 1;
            }
            self.bits(kind, count) - 1
        } & 255;
        if kind == OP {
            byte = self.ops[byte as usize].into();
        }
        self.shift(Byte1 as usize, Byte3 as usize, byte);
        self.write(self.length, byte);
        self.length += 1;
        byte
    }

    /// So many bits, below a 1.
    fn bits(&mut self, kind: usize, count: u32) -> u32 {
        let mut bits = 1;
        for _ in 0..count {
            bits = bits << 1 | self.model.bit(|p| self.coder.bit(p, kind));
        }
        bits
    }

    fn insert_size(&mut self, start: usize) {
        let mut size = (self.length - start) as u32;
        let mut at = start;
        while size > 0 {
            for behind in (at..self.length).rev() {
                self.write(behind + 1, self.byte(behind));
            }
            self.length += 1;
            self.write(at, size & 127 | if size > 127 { 128 } else { 0 });
            size >>= 7;
            at += 1;
        }
    }

    fn write(&mut self, at: usize, byte: u32) {
        self.file[at % LARGEST] = byte as u8;
    }
}

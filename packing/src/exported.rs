//! What the wasm module exports. Memory is fixed: whoever calls writes the input, and reads the output.

#![expect(unsafe_code, reason = "exports and fixed memory cannot be had without")]
#![expect(clippy::deref_addrof, reason = "a plain reference to a `static mut` is denied")]

use crate::{LARGEST, Model, Scratch, pack, unpack};

static mut INPUT: [u8; LARGEST] = [0; LARGEST];
static mut OUTPUT: [u8; LARGEST] = [0; LARGEST];

/// Where the input is to be written.
#[unsafe(no_mangle)]
extern "C" fn input() -> *mut u8 {
    (&raw mut INPUT).cast()
}

/// Where the output is.
#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    (&raw const OUTPUT).cast()
}

/// Unpacks the input, and gives the length of the output. `head` and `tail` are those that `packed` gave. Once only.
#[unsafe(no_mangle)]
extern "C" fn unpacked(head: u32, tail: u32) -> usize {
    static mut MODEL: Model = Model::new();
    // SAFETY: There is one thread, and nothing calls while this runs.
    let (model, input, output) =
        unsafe { (&mut *(&raw mut MODEL), &*(&raw const INPUT), &mut *(&raw mut OUTPUT)) };
    unpack(model, input, head, tail, output)
}

/// Packs so much of the input. Gives where three numbers are: how many bytes of output there are, head and tail. Once only.
#[unsafe(no_mangle)]
extern "C" fn packed(length: usize) -> *const u32 {
    static mut SCRATCH: Scratch = Scratch::new();
    static mut RESULT: [u32; 3] = [0; 3];
    // SAFETY: as above.
    let (scratch, input, output) =
        unsafe { (&mut *(&raw mut SCRATCH), &*(&raw const INPUT), &mut *(&raw mut OUTPUT)) };
    if let Ok(packed) = pack(scratch, &input[..length], output) {
        // SAFETY: as above.
        unsafe { RESULT = [packed.length as u32, packed.head, packed.tail] };
    }
    (&raw const RESULT).cast()
}

#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

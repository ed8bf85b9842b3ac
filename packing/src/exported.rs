//! What the wasm module exports. Memory is fixed: whoever calls writes the input, and reads the output.

#![expect(unsafe_code, reason = "exports and fixed memory cannot be had without")]
#![expect(clippy::deref_addrof, reason = "a plain reference to a `static mut` is denied")]

use crate::{Packer, Unpacker};

static mut UNPACKER: Unpacker = Unpacker::new();
static mut PACKER: Packer = Packer::new();

/// Where what is packed is to be written, and where the file is once it is unpacked.
#[unsafe(no_mangle)]
extern "C" fn places() -> *const [usize; 2] {
    static mut PLACES: [usize; 2] = [0; 2];
    // SAFETY: There is one thread, and nothing calls while this runs.
    unsafe {
        let unpacker = &mut *(&raw mut UNPACKER);
        PLACES = [unpacker.input().as_ptr() as usize, unpacker.output().as_ptr() as usize];
    }
    &raw const PLACES
}

/// Unpacks the input, and gives the length of the output. `sections` is what `packed` gave. Once only.
#[unsafe(no_mangle)]
extern "C" fn unpacked(sections: u32) -> usize {
    // SAFETY: as above.
    unsafe { (*(&raw mut UNPACKER)).unpack(sections) }
}

/// Where a file that is to be packed is to be written.
#[unsafe(no_mangle)]
extern "C" fn file() -> *mut u8 {
    // SAFETY: as above.
    unsafe { (*(&raw mut PACKER)).input().as_mut_ptr() }
}

/// Packs so much of the file. Gives where three numbers are: where the output is, how many bytes of it there are, and sections. Once only.
#[unsafe(no_mangle)]
extern "C" fn packed(length: usize) -> *const [usize; 3] {
    static mut RESULT: [usize; 3] = [0; 3];
    // SAFETY: as above.
    unsafe {
        let packer = &mut *(&raw mut PACKER);
        if let Ok(packed) = packer.pack(length) {
            RESULT = [packed.bytes.as_ptr() as usize, packed.bytes.len(), packed.sections as usize];
        }
    }
    &raw const RESULT
}

#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

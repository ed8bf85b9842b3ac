//! How deep JavaScript is inside of this module.
//!
//! When a call throws, JavaScript has to know whether the module was left in the middle of something, which it never recovers
//! from, or was not even reached, because the stack of the program was full before.

use std::cell::Cell;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// How many calls of this module are on the stack, or were left by a trap.
#[must_use]
pub fn depth() -> u32 {
    DEPTH.get()
}

/// One call of this module, until it is dropped. A trap drops nothing.
#[must_use]
#[derive(Debug)]
pub struct Entered(());

impl Entered {
    /// A call begins.
    pub fn now() -> Entered {
        DEPTH.set(DEPTH.get().wrapping_add(1));
        Entered(())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().wrapping_sub(1));
    }
}

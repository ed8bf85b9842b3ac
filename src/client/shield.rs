//! Keeps panics of the user's code where they belong.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of the user's; `None` if it panicked.
pub(crate) fn shield<R>(code: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(result) => Some(result),
        Err(panic) => {
            // What was panicked with is the user's, and so is its destructor.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(panic)));
            None
        }
    }
}

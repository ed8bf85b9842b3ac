//! Keeps panics of the user's code away from the client.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the user's code; `None` if it panicked.
pub(crate) fn catch_panic<R>(code: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(result) => Some(result),
        Err(panic) => {
            // The value that was thrown is the user's, and its destructor may panic as well.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(panic)));
            None
        }
    }
}

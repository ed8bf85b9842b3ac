//! Panics of the user's code must not reach ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of the user's; `None` if it panicked.
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

//! The options of a call.

use wasm_bindgen::JsValue;

use metered_realtime::web::member_of;
use metered_realtime_proto::machine::ACK_TIMEOUT_MS;

use crate::errors::{argument_error, of_user};

/// Checked options of a call. Its `signal` is JavaScript's business.
pub(crate) struct CallOptions {
    pub(crate) timeout_ms: u64,
    pub(crate) include_sender_metadata: bool,
}

impl CallOptions {
    /// Reads options. `null` and `undefined` mean: not given.
    ///
    /// # Errors
    /// A `TypeError`, or what a getter threw.
    pub(crate) fn read(options: &JsValue) -> Result<CallOptions, JsValue> {
        let mut read = CallOptions { timeout_ms: ACK_TIMEOUT_MS, include_sender_metadata: false };
        if is_absent(options) {
            return Ok(read);
        }
        if !options.is_object() {
            return Err(argument_error("options must be an object"));
        }
        let get = |name| member_of(options, name).map_err(|error| of_user(&error));
        let timeout_ms = get("timeoutMs")?;
        if !is_absent(&timeout_ms) {
            match timeout_ms.as_f64() {
                // At least one millisecond: a time above zero never becomes none.
                Some(ms) if ms > 0.0 && ms.is_finite() => read.timeout_ms = (ms as u64).max(1),
                _ => return Err(argument_error("timeoutMs must be a finite number above 0")),
            }
        }
        read.include_sender_metadata = get("includeSenderMetadata")?.is_truthy();
        Ok(read)
    }
}

/// `null` or `undefined`.
pub(crate) fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

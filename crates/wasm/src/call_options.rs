//! The options of a call.

use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::ACK_TIMEOUT_MS;

use crate::errors::{argument_error, of_user};

#[wasm_bindgen]
extern "C" {
    /// An object of the user's, whose getters may throw.
    type Given;

    #[wasm_bindgen(method, structural, catch, getter, js_name = timeoutMs)]
    fn timeout_ms(this: &Given) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = includeSenderMetadata)]
    fn include_sender_metadata(this: &Given) -> Result<JsValue, JsValue>;
}

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
        let given: &Given = options.unchecked_ref();
        let timeout_ms = given.timeout_ms().map_err(|error| of_user(&error))?;
        if !is_absent(&timeout_ms) {
            match timeout_ms.as_f64() {
                // At least one millisecond: a time above zero never becomes none.
                Some(ms) if ms > 0.0 && ms.is_finite() => read.timeout_ms = (ms as u64).max(1),
                _ => return Err(argument_error("timeoutMs must be a finite number above 0")),
            }
        }
        let metadata = given.include_sender_metadata().map_err(|error| of_user(&error))?;
        read.include_sender_metadata = metadata.is_truthy();
        Ok(read)
    }
}

/// `null` or `undefined`.
pub(crate) fn is_absent(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

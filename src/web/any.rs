//! Values that may be of the user's making: their members are looked up by name, and may throw.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    static GLOBAL: JsValue;
}

/// The global object.
pub(super) fn global() -> JsValue {
    GLOBAL.with(JsValue::clone)
}

/// A member of an object; `undefined` where there is none, or reading it throws.
pub(super) fn member(of: &JsValue, name: &str) -> JsValue {
    // `Reflect` throws for what is not an object: each time an entry of the table of JavaScript values was not given back.
    if of.is_object() || of.is_function() {
        member_of(of, name).unwrap_or_default()
    } else {
        JsValue::UNDEFINED
    }
}

/// A member of an object.
///
/// # Errors
/// What its getter throws.
pub fn member_of(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &JsValue::from_str(name))
}

/// What a thrown value says.
#[must_use]
pub fn message_of(error: &JsValue) -> String {
    member(error, "message").as_string().unwrap_or_default()
}

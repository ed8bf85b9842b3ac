//! Objects for JavaScript, field by field.

use js_sys::Object;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Object)]
    type Target;

    #[wasm_bindgen(method, structural, indexing_setter)]
    fn put(this: &Target, name: &str, value: &JsValue);
}

/// A new object.
pub(crate) struct Fields(Target);

impl Fields {
    pub(crate) fn new() -> Fields {
        Fields(Object::new().unchecked_into())
    }

    pub(crate) fn set(&self, name: &str, value: impl Into<JsValue>) {
        self.0.put(name, &value.into());
    }

    /// Sets a field that may be absent.
    pub(crate) fn set_given(&self, name: &str, value: Option<impl Into<JsValue>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    pub(crate) fn into_js(self) -> JsValue {
        self.0.into()
    }
}

//! The rules of frames over objects that `JSON.parse` made.

use js_sys::{Array, Reflect};
use wasm_bindgen::JsValue;

use crate::wire::Value;

/// A parsed JSON value of JavaScript's.
#[derive(Clone, Debug)]
pub struct JsJson(pub JsValue);

impl Value for JsJson {
    type Payload = JsValue;

    /// A member whose value is `undefined` cannot come from JSON, so it counts as absent.
    fn field(&self, name: &str) -> Option<JsJson> {
        if !self.is_object() {
            return None;
        }
        let field = Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
        (!field.is_undefined()).then_some(JsJson(field))
    }

    fn string(&self) -> Option<String> {
        self.0.as_string()
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<JsJson>> {
        Array::is_array(&self.0).then(|| {
            let array: &Array = wasm_bindgen::JsCast::unchecked_ref(&self.0);
            array.iter().map(JsJson).collect()
        })
    }

    fn is_object(&self) -> bool {
        self.0.is_object() && !Array::is_array(&self.0)
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn into_payload(self) -> JsValue {
        self.0
    }
}

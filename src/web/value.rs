//! The rules of frames over objects that `JSON.parse` made.

use wasm_bindgen::prelude::*;

use metered_realtime_proto::wire::Value;

#[wasm_bindgen]
extern "C" {
    /// What `JSON.parse` made, of a kind that has members. Reading them runs no code of anybody's.
    #[wasm_bindgen(js_name = Object)]
    type Members;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn member(this: &Members, name: &str) -> JsValue;
    #[wasm_bindgen(method, structural, indexing_getter)]
    fn item(this: &Members, index: u32) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn length(this: &Members) -> u32;
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
    #[wasm_bindgen(js_namespace = Number, js_name = isFinite)]
    fn is_finite(value: &JsValue) -> bool;
    #[wasm_bindgen(js_name = Number)]
    fn to_number(value: &JsValue) -> f64;
}

/// A parsed JSON value of JavaScript's.
#[derive(Clone, Debug)]
pub struct JsJson(pub JsValue);

impl Value for JsJson {
    type Payload = JsValue;
    type Name = String;
    type Text = String;

    /// A member whose value is `undefined` cannot come from JSON, so it counts as absent.
    fn field(&self, name: &str) -> Option<JsJson> {
        if !self.is_object() {
            return None;
        }
        let field = self.0.unchecked_ref::<Members>().member(name);
        (!field.is_undefined()).then_some(JsJson(field))
    }

    fn string(&self) -> Option<String> {
        self.0.as_string()
    }

    fn number(&self) -> Option<f64> {
        is_finite(&self.0).then(|| to_number(&self.0))
    }

    fn items(&self) -> Option<Vec<JsJson>> {
        is_array(&self.0).then(|| {
            let list = self.0.unchecked_ref::<Members>();
            let mut items = Vec::new();
            for index in 0..list.length() {
                items.push(JsJson(list.item(index)));
            }
            items
        })
    }

    fn is_object(&self) -> bool {
        self.0.is_object() && !is_array(&self.0)
    }

    fn is_null(&self) -> bool {
        self.0.is_null()
    }

    fn into_name(self) -> Option<String> {
        self.string()
    }

    fn into_payload(self) -> JsValue {
        self.0
    }
}

//! The rules of frames over objects that `JSON.parse` made.

use std::marker::PhantomData;

use wasm_bindgen::prelude::*;

use metered_realtime_proto::wire::Value;

#[wasm_bindgen]
extern "C" {
    /// What `JSON.parse` made, of a kind that has members. Reading them runs no code of anybody's.
    #[wasm_bindgen(js_name = Object)]
    type Members;

    // The fields of frequent frames by name: passing a name would create a string each time.
    #[wasm_bindgen(method, structural, getter, js_name = type)]
    fn kind(this: &Members) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn channel(this: &Members) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn from(this: &Members) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn data(this: &Members) -> JsValue;
    #[wasm_bindgen(method, structural, getter, js_name = fromMetadata)]
    fn from_metadata(this: &Members) -> JsValue;
    #[wasm_bindgen(method, structural, getter, js_name = requestId)]
    fn request_id(this: &Members) -> JsValue;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn member(this: &Members, name: &str) -> JsValue;
    #[wasm_bindgen(method, structural, indexing_getter)]
    fn item(this: &Members, index: u32) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn length(this: &Members) -> u32;
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
}

/// A name (a channel, a peer id) as a host wants it.
pub trait Name: Sized + 'static {
    /// The name, if this is a string.
    fn from_js(value: JsValue) -> Option<Self>;

    /// The name as text.
    #[cfg(feature = "peer")]
    fn to_text(&self) -> String;
}

impl Name for String {
    fn from_js(value: JsValue) -> Option<String> {
        value.as_string()
    }

    #[cfg(feature = "peer")]
    fn to_text(&self) -> String {
        self.clone()
    }
}

/// For a host in JavaScript: the string as it is.
impl Name for JsValue {
    fn from_js(value: JsValue) -> Option<JsValue> {
        value.is_string().then_some(value)
    }

    #[cfg(feature = "peer")]
    fn to_text(&self) -> String {
        self.as_string().unwrap_or_default()
    }
}

/// A parsed JSON value of JavaScript's, whose names become `N`.
#[derive(Debug)]
pub struct JsJson<N = String> {
    value: JsValue,
    name: PhantomData<N>,
}

impl<N> JsJson<N> {
    /// A value that `JSON.parse` made.
    #[must_use]
    pub fn new(value: JsValue) -> JsJson<N> {
        JsJson { value, name: PhantomData }
    }

    /// The value as it is.
    #[must_use]
    pub fn as_js(&self) -> &JsValue {
        &self.value
    }
}

impl<N: Name> Value for JsJson<N> {
    type Payload = JsValue;
    type Name = N;
    type Text = String;

    /// A member whose value is `undefined` cannot come from JSON, so it counts as absent.
    fn field(&self, name: &str) -> Option<JsJson<N>> {
        if !self.value.is_object() {
            return None;
        }
        let members = self.value.unchecked_ref::<Members>();
        let field = match name {
            "type" => members.kind(),
            "channel" => members.channel(),
            "from" => members.from(),
            "data" => members.data(),
            "fromMetadata" => members.from_metadata(),
            "requestId" => members.request_id(),
            _ => members.member(name),
        };
        (!field.is_undefined()).then(|| JsJson::new(field))
    }

    fn string(&self) -> Option<String> {
        self.value.as_string()
    }

    fn number(&self) -> Option<f64> {
        self.value.as_f64().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<JsJson<N>>> {
        is_array(&self.value).then(|| {
            let list = self.value.unchecked_ref::<Members>();
            (0..list.length()).map(|index| JsJson::new(list.item(index))).collect()
        })
    }

    fn is_object(&self) -> bool {
        self.value.is_object() && !is_array(&self.value)
    }

    fn is_null(&self) -> bool {
        self.value.is_null()
    }

    fn into_name(self) -> Option<N> {
        N::from_js(self.value)
    }

    fn into_payload(self) -> JsValue {
        self.value
    }
}

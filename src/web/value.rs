//! The rules of frames over objects that `JSON.parse` made.

use std::marker::PhantomData;

use wasm_bindgen::prelude::*;

use metered_realtime_proto::wire::{FrameType, Members, Value};

#[wasm_bindgen]
extern "C" {
    /// What `JSON.parse` made, of a kind that has members. Reading them runs no code of anybody's.
    #[derive(Debug)]
    #[wasm_bindgen(js_name = Object)]
    type Parsed;

    // The members of frequent frames by name: passing a name would create a string each time.
    #[wasm_bindgen(method, structural, getter, js_name = type)]
    fn kind(this: &Parsed) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn channel(this: &Parsed) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn from(this: &Parsed) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn data(this: &Parsed) -> JsValue;
    #[wasm_bindgen(method, structural, getter, js_name = fromMetadata)]
    fn from_metadata(this: &Parsed) -> JsValue;
    #[wasm_bindgen(method, structural, getter, js_name = requestId)]
    fn request_id(this: &Parsed) -> JsValue;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn member(this: &Parsed, name: &str) -> JsValue;
    #[wasm_bindgen(method, structural, indexing_getter)]
    fn item(this: &Parsed, index: u32) -> JsValue;
    #[wasm_bindgen(method, structural, getter)]
    fn length(this: &Parsed) -> u32;
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
}

thread_local! {
    /// The names of the frame types as strings of JavaScript's: comparing with them copies nothing.
    static FRAME_TYPES: [JsValue; FrameType::ALL.len()] =
        FrameType::ALL.map(|frame_type| frame_type.name().into());
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
    type Members<'a> = JsMembers<'a, N>;

    fn members(&self) -> Option<JsMembers<'_, N>> {
        let members = JsMembers { object: self.value.unchecked_ref(), name: PhantomData };
        self.value.is_object().then_some(members)
    }

    fn string(&self) -> Option<String> {
        self.value.as_string()
    }

    fn number(&self) -> Option<f64> {
        self.value.as_f64().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<JsJson<N>>> {
        is_array(&self.value).then(|| {
            let list = self.value.unchecked_ref::<Parsed>();
            (0..list.length()).map(|index| JsJson::new(list.item(index))).collect()
        })
    }

    fn is_object(&self) -> bool {
        self.value.is_object() && !is_array(&self.value)
    }

    fn is_null(&self) -> bool {
        self.value.is_null()
    }

    fn is_missing(&self) -> bool {
        self.value.is_undefined()
    }

    fn into_name(self) -> Option<N> {
        N::from_js(self.value)
    }

    fn into_payload(self) -> Option<JsValue> {
        (!self.is_missing()).then_some(self.value)
    }

    fn frame_type(&self) -> Option<FrameType> {
        let at = FRAME_TYPES.with(|names| names.iter().position(|name| *name == self.value))?;
        FrameType::ALL.get(at).copied()
    }
}

/// The members of an object that `JSON.parse` made. One that is not there is `undefined`, which JSON does not have.
#[derive(Debug)]
pub struct JsMembers<'a, N> {
    object: &'a Parsed,
    name: PhantomData<N>,
}

impl<N: Name> Members for JsMembers<'_, N> {
    type Value = JsJson<N>;

    /// Inlined, as the name is always known: nothing is compared when a frame is read.
    #[inline(always)]
    fn get(&self, name: &str) -> JsJson<N> {
        JsJson::new(match name {
            "type" => self.object.kind(),
            "channel" => self.object.channel(),
            "from" => self.object.from(),
            "data" => self.object.data(),
            "fromMetadata" => self.object.from_metadata(),
            "requestId" => self.object.request_id(),
            _ => self.object.member(name),
        })
    }
}

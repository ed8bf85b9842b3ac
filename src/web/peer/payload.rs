//! Payloads of the room: values of JavaScript's.

use js_sys::JSON;
use wasm_bindgen::JsValue;

use crate::web::value::JsJson;
use metered_realtime_proto::peer::{Decoded, decode};

/// A value that JSON can hold.
#[derive(Clone, Debug)]
pub struct JsPayload(pub JsValue);

impl JsPayload {
    /// Its JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        JSON::stringify(&self.0).ok().and_then(|text| text.as_string()).unwrap_or_default()
    }
}

/// Whether a room takes this for a signal of a connection, and not for data of the application.
#[must_use]
pub fn is_signal(data: &JsValue) -> bool {
    !matches!(decode(&JsJson::<String>::new(data.clone()), 0), Decoded::Data)
}

/// Two payloads are equal when their JSON is.
impl PartialEq for JsPayload {
    fn eq(&self, other: &JsPayload) -> bool {
        self.0 == other.0 || self.to_json() == other.to_json()
    }
}

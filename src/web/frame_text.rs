//! The text of a frame with data, put together by JavaScript: neither the name nor the data is copied into wasm.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::CallId;
use metered_realtime_proto::wire::{DATA, END, PUBLISH, REQUEST_ID, SEND};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = stringify)]
    fn stringify(value: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = String)]
    type Text;

    #[wasm_bindgen(method, js_class = "String", js_name = concat)]
    fn concat(
        this: &Text,
        name: &JsValue,
        data_key: &JsValue,
        data: &JsValue,
        id_key: &JsValue,
        id: u32,
        end: &JsValue,
    ) -> JsString;
}

/// JSON text that `JSON.stringify` wrote.
#[derive(Clone, Debug)]
pub struct Json(JsString);

impl Json {
    /// What `JSON.stringify` makes of a value; `None` for a value that JSON does not have, such as `undefined`.
    ///
    /// # Errors
    /// What the value's own `toJSON` or getters threw, or the platform's error for a value that JSON cannot hold.
    pub fn of(value: &JsValue) -> Result<Option<Json>, JsValue> {
        let text = stringify(value)?;
        Ok(text.is_string().then(|| Json(text.unchecked_into())))
    }

    /// JSON text that was written here.
    #[cfg(feature = "peer")]
    pub(super) fn written(text: &str) -> Json {
        Json(text.into())
    }

    /// The size in bytes, counted only where it could exceed `cap`: a character has at most three bytes.
    #[must_use]
    pub fn size(&self, cap: f64) -> usize {
        let units = self.0.length();
        if f64::from(units) * 3.0 <= cap { units as usize } else { String::from(&self.0).len() }
    }
}

/// What a frame with data is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// For all subscribers of a channel.
    Publish,
    /// For one peer.
    Send,
}

/// A frame's text.
#[derive(Debug)]
pub struct FrameText(JsString);

impl FrameText {
    /// `name`: the channel or the peer.
    #[must_use]
    pub fn new(purpose: Purpose, name: &Json, data: &Json, call: CallId) -> FrameText {
        PIECES.with(|pieces| {
            let head = match purpose {
                Purpose::Publish => &pieces.publish,
                Purpose::Send => &pieces.send,
            };
            FrameText(head.unchecked_ref::<Text>().concat(
                &name.0,
                &pieces.data,
                &data.0,
                &pieces.request_id,
                call.0,
                &pieces.end,
            ))
        })
    }

    pub(super) fn as_js(&self) -> &JsValue {
        &self.0
    }

    pub(super) fn to_text(&self) -> String {
        String::from(&self.0)
    }
}

/// What stands between the parts, as strings of JavaScript's.
struct Pieces {
    publish: JsValue,
    send: JsValue,
    data: JsValue,
    request_id: JsValue,
    end: JsValue,
}

thread_local! {
    static PIECES: Pieces = Pieces {
        publish: PUBLISH.into(),
        send: SEND.into(),
        data: DATA.into(),
        request_id: REQUEST_ID.into(),
        end: END.into(),
    };
}

//! What a socket's `message` events become.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::value::{JsJson, Name};
use metered_realtime_proto::wire::{INBOUND_CAP, Malformed, ServerFrame, decode};

#[wasm_bindgen]
extern "C" {
    /// Takes a JavaScript string as it is: no copy through wasm memory, and unpaired surrogates stay what they are.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse(text: &JsString) -> Result<JsValue, JsValue>;

    /// An event of a socket that may be the page's own.
    type MessageEvent;

    #[wasm_bindgen(method, structural, catch, getter)]
    fn data(this: &MessageEvent) -> Result<JsValue, JsValue>;
}

/// What a `message` event holds.
pub(super) enum Inbound<N> {
    Frame(ServerFrame<JsValue, N>),
    /// A text that is not a valid frame.
    Malformed(Malformed),
    /// Not a text.
    Binary,
    /// A text that is too large.
    Oversize,
}

/// Reads a `message` event.
pub(super) fn read<N: Name>(event: &JsValue) -> Inbound<N> {
    let data = event.unchecked_ref::<MessageEvent>().data().unwrap_or_default();
    if !data.is_string() {
        return Inbound::Binary;
    }
    let text: JsString = data.unchecked_into();
    if text.length() as usize > INBOUND_CAP {
        return Inbound::Oversize;
    }
    let decoded = match parse(&text) {
        Ok(parsed) => decode(&JsJson::<N>::new(parsed)),
        Err(_) => Err(Malformed::NotJson),
    };
    match decoded {
        Ok(frame) => Inbound::Frame(frame),
        Err(why) => Inbound::Malformed(why),
    }
}

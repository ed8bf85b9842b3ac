//! What a socket's `message` events become.

use js_sys::JsString;
use wasm_bindgen::prelude::*;

use super::value::{JsJson, Name};
use metered_realtime_proto::machine::{Input, SocketId};
use metered_realtime_proto::wire::{INBOUND_CAP, Malformed, decode};

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

/// Reads a `message` event.
pub(super) fn read<N: Name>(socket: SocketId, event: &JsValue) -> Input<JsValue, N> {
    let data = event.unchecked_ref::<MessageEvent>().data().unwrap_or_default();
    if !data.is_string() {
        return Input::Binary { socket };
    }
    let text: JsString = data.unchecked_into();
    if text.length() as usize > INBOUND_CAP {
        return Input::Oversize { socket };
    }
    let decoded = match parse(&text) {
        Ok(parsed) => decode(&JsJson::<N>::new(parsed)),
        Err(_) => Err(Malformed::NotJson),
    };
    match decoded {
        Ok(frame) => Input::Frame { socket, frame },
        Err(why) => Input::Malformed { socket, why },
    }
}

//! What a socket's `message` events become.

use js_sys::{JsString, Reflect};
use wasm_bindgen::prelude::*;

use super::value::JsJson;
use metered_realtime_proto::machine::{Input, SocketId};
use metered_realtime_proto::wire::{INBOUND_CAP, Malformed, decode};

#[wasm_bindgen]
extern "C" {
    /// Takes a JavaScript string as it is: no copy through wasm memory, and unpaired surrogates stay what they are.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse(text: &JsString) -> Result<JsValue, JsValue>;
}

pub(super) fn read(socket: SocketId, event: &JsValue) -> Input<JsValue> {
    let data = Reflect::get(event, &JsValue::from_str("data")).unwrap_or_default();
    let Ok(text) = data.dyn_into::<JsString>() else {
        return Input::Binary { socket };
    };
    if text.length() as usize > INBOUND_CAP {
        return Input::Oversize { socket };
    }
    let decoded = match parse(&text) {
        Ok(parsed) => decode(&JsJson(parsed)),
        Err(_) => Err(Malformed::NotJson),
    };
    match decoded {
        Ok(frame) => Input::Frame { socket, frame },
        Err(why) => Input::Malformed { socket, why },
    }
}

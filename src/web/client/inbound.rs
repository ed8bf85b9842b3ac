//! What a socket's `message` events become.

use js_sys::{JsString, Reflect};
use wasm_bindgen::prelude::*;

use super::page::Page;
use crate::machine::{Input, SocketId};
use crate::web::driver::Driver;
use crate::wire::INBOUND_CAP;

#[wasm_bindgen]
extern "C" {
    /// Takes a JavaScript string as it is: no copy through wasm memory, and unpaired surrogates stay what they are.
    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn parse(text: &JsString) -> Result<JsValue, JsValue>;
}

pub(super) fn hear(driver: &Driver<Page>, socket: SocketId, event: &JsValue) {
    let data = Reflect::get(event, &JsValue::from_str("data")).unwrap_or_default();
    let Ok(text) = data.dyn_into::<JsString>() else {
        return driver.input(Input::Binary { socket });
    };
    if text.length() as usize > INBOUND_CAP {
        return driver.input(Input::Oversize { socket });
    }
    match parse(&text) {
        Ok(parsed) => driver.frame(socket, parsed),
        Err(_) => driver.not_json(socket),
    }
}

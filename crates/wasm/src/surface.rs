//! The JavaScript that the core calls: the class `Surface` of the package's `surface.js`. Only methods with `catch` here may throw.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

#[wasm_bindgen]
extern "C" {
    /// The JavaScript side of one client.
    #[derive(Debug)]
    pub type Surface;

    // ---- construction ----

    /// The options are refused with this error.
    #[wasm_bindgen(method, structural)]
    pub fn refuse(this: &Surface, error: &JsValue);

    /// The core has dropped the client.
    #[wasm_bindgen(method, structural)]
    pub fn freed(this: &Surface);

    // ---- sockets ----

    /// A socket, `null` for one that comes later, or `undefined` where there is no WebSocket.
    #[wasm_bindgen(method, structural, catch)]
    pub fn dial(this: &Surface, socket: u32, address: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, js_name = forgetSocket)]
    pub fn forget_socket(this: &Surface, socket: &WebSocket, abandoned: bool);
    #[wasm_bindgen(method, structural)]
    pub fn guard(this: &Surface, callback: &Function) -> Function;
    #[wasm_bindgen(method, structural)]
    pub fn mute(this: &Surface, guarded: &Function);

    // ---- timers ----

    #[wasm_bindgen(method, structural, js_name = timerFired)]
    pub fn timer_fired(this: &Surface, timer: u32);
    #[wasm_bindgen(method, structural, js_name = hasFakeTimers)]
    pub fn has_fake_timers(this: &Surface) -> bool;

    // ---- the token provider and handlers ----

    #[wasm_bindgen(method, structural, js_name = fetchToken)]
    pub fn fetch_token(this: &Surface, request: u32);
    #[wasm_bindgen(method, structural, js_name = drainHandlers)]
    pub fn drain_handlers(this: &Surface);

    // ---- pending calls ----

    /// Keeps the functions that settle a promise. `watch`: the caller's `AbortSignal`, or undefined.
    #[wasm_bindgen(method, structural)]
    pub fn keep(this: &Surface, call: u32, resolve: &Function, reject: &Function, watch: &JsValue);
    #[wasm_bindgen(method, structural)]
    pub fn resolve(this: &Surface, call: u32);
    #[wasm_bindgen(method, structural)]
    pub fn reject(this: &Surface, call: u32, error: &JsValue);
    /// Rejects with the reason of the caller's signal.
    #[wasm_bindgen(method, structural, js_name = rejectAborted)]
    pub fn reject_aborted(this: &Surface, call: u32, outcome: &str);

    // ---- listeners, streams, the logger ----

    /// `close()` is called.
    #[wasm_bindgen(method, structural)]
    pub fn closing(this: &Surface);
    #[wasm_bindgen(method, structural, js_name = forgetListeners)]
    pub fn forget_listeners(this: &Surface);
    #[wasm_bindgen(method, structural, js_name = endStreams)]
    pub fn end_streams(this: &Surface);
    #[wasm_bindgen(method, structural)]
    pub fn log(this: &Surface, level: &str, message: &str, details: &JsValue);

    // ---- events ----

    #[wasm_bindgen(method, structural, js_name = stateChange)]
    pub fn state_change(this: &Surface, from: &str, to: &str);
    #[wasm_bindgen(method, structural)]
    pub fn message(
        this: &Surface,
        channel: &JsValue,
        from: &JsValue,
        data: &JsValue,
        from_metadata: &JsValue,
    );
    #[wasm_bindgen(method, structural)]
    pub fn direct(this: &Surface, from: &JsValue, data: &JsValue, from_metadata: &JsValue);
    /// Any other event, with what its listeners get.
    #[wasm_bindgen(method, structural)]
    pub fn emit(this: &Surface, event: &str, payload: &JsValue);
}

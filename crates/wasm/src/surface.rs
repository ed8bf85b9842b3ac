//! The JavaScript that the core calls: the class `Surface` of the package's `surface.js`. Only methods with `catch` here may throw.

use js_sys::{Array, Function, Object};
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
    pub fn log(this: &Surface, level: &str, message: &str, details: &Object);

    // ---- events ----

    #[wasm_bindgen(method, structural, js_name = stateChange)]
    pub fn state_change(this: &Surface, from: &str, to: &str);
    #[wasm_bindgen(method, structural)]
    pub fn connected(
        this: &Surface,
        peer_id: &str,
        server_time: f64,
        expires_at: Option<f64>,
        is_reconnect: bool,
        max_message_size: f64,
        ice_servers: Option<Array>,
    );
    #[wasm_bindgen(method, structural)]
    pub fn disconnected(this: &Surface, code: u16, reason: &str, will_reconnect: bool);
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
    #[wasm_bindgen(method, structural)]
    pub fn presence(this: &Surface, channel: &JsValue, joined: &Array, left: &Array);
    #[wasm_bindgen(method, structural, js_name = serverError)]
    pub fn server_error(
        this: &Surface,
        code: &str,
        message: Option<&str>,
        request_id: Option<&str>,
        channel: Option<&str>,
    );
    #[wasm_bindgen(method, structural, js_name = goingAway)]
    pub fn going_away(this: &Surface, retry_after_ms: f64);
    #[wasm_bindgen(method, structural, js_name = tokenProviderError)]
    pub fn token_provider_error(this: &Surface, consecutive_failures: u32, error: &JsValue);

    /// Adds `{ peerId, metadata }` to a list of peers.
    #[wasm_bindgen(method, structural, js_name = addPeer)]
    pub fn add_peer(this: &Surface, list: &Array, peer_id: &JsValue, metadata: &JsValue);
    /// Adds an ICE server to a list of them.
    #[wasm_bindgen(method, structural, js_name = addIceServer)]
    pub fn add_ice_server(
        this: &Surface,
        list: &Array,
        urls: &JsValue,
        username: Option<&str>,
        credential: Option<&str>,
    );
}

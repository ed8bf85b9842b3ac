//! What a room of the core calls in JavaScript: the class `RoomSurface` of the package's `peer/room-surface.js`. Its methods do
//! not throw, except where they say `catch` here.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What one room has of JavaScript.
    #[derive(Debug)]
    pub type RoomSurface;

    // ---- construction, callbacks, timers ----

    /// The options are refused with this error.
    #[wasm_bindgen(method, structural)]
    pub fn refuse(this: &RoomSurface, error: &JsValue);
    /// The room in the core is gone.
    #[wasm_bindgen(method, structural)]
    pub fn freed(this: &RoomSurface);
    #[wasm_bindgen(method, structural)]
    pub fn guard(this: &RoomSurface, callback: &Function) -> Function;
    #[wasm_bindgen(method, structural)]
    pub fn mute(this: &RoomSurface, guarded: &Function);
    #[wasm_bindgen(method, structural, js_name = timerFired)]
    pub fn timer_fired(this: &RoomSurface, timer: u32);
    #[wasm_bindgen(method, structural, js_name = hasFakeTimers)]
    pub fn has_fake_timers(this: &RoomSurface) -> bool;

    /// An `RTCPeerConnection`, by the user's factory where there is one.
    #[wasm_bindgen(method, structural, catch, js_name = makeConnection)]
    pub fn make_connection(this: &RoomSurface, configuration: &JsValue)
    -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, js_name = forgetConnection)]
    pub fn forget_connection(this: &RoomSurface, connection: &JsValue);

    // ---- pending calls, the logger ----

    #[wasm_bindgen(method, structural)]
    pub fn keep(this: &RoomSurface, call: u32, resolve: &Function, reject: &Function);
    #[wasm_bindgen(method, structural)]
    pub fn resolve(this: &RoomSurface, call: u32);
    #[wasm_bindgen(method, structural)]
    pub fn reject(this: &RoomSurface, call: u32, error: &JsValue);
    #[wasm_bindgen(method, structural)]
    pub fn log(this: &RoomSurface, level: &str, message: &str, details: &JsValue);

    // ---- events of the room ----

    #[wasm_bindgen(method, structural, js_name = stateChange)]
    pub fn state_change(this: &RoomSurface, from: &str, to: &str);
    #[wasm_bindgen(method, structural)]
    pub fn joined(this: &RoomSurface, peer_id: &str, channel: &str);
    #[wasm_bindgen(method, structural)]
    pub fn left(
        this: &RoomSurface,
        peer_id: Option<&str>,
        channel: Option<&str>,
        reason: Option<&str>,
    );
    #[wasm_bindgen(method, structural, js_name = peerJoined)]
    pub fn peer_joined(this: &RoomSurface, remote: u32);
    #[wasm_bindgen(method, structural, js_name = peerLeft)]
    pub fn peer_left(this: &RoomSurface, remote: u32);
    /// A remote is gone: its listeners are dropped, but `peerLeft` may follow.
    #[wasm_bindgen(method, structural, js_name = forgetRemote)]
    pub fn forget_remote(this: &RoomSurface, remote: u32);
    #[wasm_bindgen(method, structural)]
    pub fn data(
        this: &RoomSurface,
        from: &str,
        data: &JsValue,
        direct: bool,
        sender_metadata: &JsValue,
    );
    #[wasm_bindgen(method, structural)]
    pub fn error(this: &RoomSurface, error: &JsValue);

    // ---- events of a remote ----

    #[wasm_bindgen(method, structural, js_name = remoteStateChange)]
    pub fn remote_state_change(this: &RoomSurface, remote: u32, from: &str, to: &str);
    #[wasm_bindgen(method, structural)]
    pub fn track(
        this: &RoomSurface,
        remote: u32,
        track: &JsValue,
        streams: &Array,
        metadata: &JsValue,
    );
    #[wasm_bindgen(method, structural, js_name = streamAdded)]
    pub fn stream_added(this: &RoomSurface, remote: u32, stream: &JsValue, metadata: &JsValue);
    #[wasm_bindgen(method, structural, js_name = streamRemoved)]
    pub fn stream_removed(this: &RoomSurface, remote: u32, stream: &JsValue);
    #[wasm_bindgen(method, structural, js_name = dataChannel)]
    pub fn data_channel(this: &RoomSurface, remote: u32, channel: &JsValue);
    #[wasm_bindgen(method, structural, js_name = negotiationError)]
    pub fn negotiation_error(this: &RoomSurface, remote: u32, error: &JsValue);
    #[wasm_bindgen(method, structural, js_name = candidateError)]
    pub fn candidate_error(this: &RoomSurface, remote: u32, error: &JsValue);
    #[wasm_bindgen(method, structural, js_name = connectionReset)]
    pub fn connection_reset(this: &RoomSurface, remote: u32);
}

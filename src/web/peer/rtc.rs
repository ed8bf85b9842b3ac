//! What the driver calls of an `RTCPeerConnection` and its parts.
//!
//! The connection may come from the user's factory, and platforms differ in what they have; so members are looked up by name,
//! and all of them may throw. The types of web-sys are for what is handed out.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::web::any::member;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub(super) type Rtc;

    #[wasm_bindgen(method, structural, catch, js_name = addEventListener)]
    pub(super) fn add_event_listener(
        this: &Rtc,
        name: &str,
        listener: &Function,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = removeEventListener)]
    pub(super) fn remove_event_listener(
        this: &Rtc,
        name: &str,
        listener: &Function,
    ) -> Result<(), JsValue>;

    // ---- descriptions ----

    /// For a platform that knows itself what to describe: `setLocalDescription` without an argument.
    #[wasm_bindgen(method, structural, catch, js_name = setLocalDescription)]
    pub(super) fn set_local_description(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = setLocalDescription)]
    pub(super) fn set_local_description_to(
        this: &Rtc,
        description: &JsValue,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = setLocalDescription)]
    fn set_local_description_method(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = createOffer)]
    pub(super) fn create_offer(this: &Rtc, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = createAnswer)]
    pub(super) fn create_answer(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = setRemoteDescription)]
    pub(super) fn set_remote_description(
        this: &Rtc,
        description: &JsValue,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = addIceCandidate)]
    pub(super) fn add_ice_candidate(this: &Rtc, candidate: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = localDescription)]
    pub(super) fn local_description(this: &Rtc) -> Result<JsValue, JsValue>;

    // ---- configuration and states ----

    #[wasm_bindgen(method, structural, catch, js_name = getConfiguration)]
    pub(super) fn get_configuration(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = setConfiguration)]
    pub(super) fn set_configuration(this: &Rtc, configuration: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = signalingState)]
    pub(super) fn signaling_state(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = iceGatheringState)]
    pub(super) fn ice_gathering_state(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = iceConnectionState)]
    pub(super) fn ice_connection_state(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = connectionState)]
    pub(super) fn connection_state(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter)]
    pub(super) fn sctp(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    pub(super) fn close(this: &Rtc) -> Result<(), JsValue>;

    // ---- tracks ----

    /// With none, one or many streams.
    #[wasm_bindgen(method, structural, catch, variadic, js_name = addTrack)]
    pub(super) fn add_track(
        this: &Rtc,
        track: &JsValue,
        streams: &Array,
    ) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = removeTrack)]
    pub(super) fn remove_track(this: &Rtc, sender: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = getSenders)]
    pub(super) fn get_senders(this: &Rtc) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = getTransceivers)]
    pub(super) fn get_transceivers(this: &Rtc) -> Result<JsValue, JsValue>;

    /// A sender, a transceiver, an event, a candidate, …: whatever has members.
    #[derive(Clone)]
    pub(super) type Part;

    /// Of an object that was made here.
    #[wasm_bindgen(method, structural, indexing_setter)]
    pub(super) fn set_member(this: &Part, name: &str, value: &JsValue);
    #[wasm_bindgen(method, structural, catch, js_name = replaceTrack)]
    pub(super) fn replace_track(this: &Part, track: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = toJSON)]
    pub(super) fn to_json(this: &Part) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = Promise)]
    type Settling;
    #[wasm_bindgen(method, js_class = "Promise", js_name = then)]
    fn then_call(this: &Settling, done: &Function, failed: &Function) -> Promise;
}

impl Rtc {
    /// Whether `setLocalDescription` may be called without an argument, which also means that an offer of the peer rolls back
    /// the local one by itself. Older implementations say how many arguments they need.
    pub(super) fn is_modern(&self) -> bool {
        let method = self.set_local_description_method().unwrap_or_default();
        method.dyn_ref::<Function>().is_some_and(|method| method.length() == 0)
    }

    /// The sender of a track.
    pub(super) fn sender_of(&self, track: &JsValue) -> Option<Part> {
        let senders = parts(self.get_senders());
        senders.into_iter().find(|sender| member(sender, "track") == *track)
    }
}

/// The elements of a list; none if it is no list.
pub(super) fn parts(list: Result<JsValue, JsValue>) -> Vec<Part> {
    let Ok(list) = list else { return Vec::new() };
    if !Array::is_array(&list) {
        return Vec::new();
    }
    list.unchecked_into::<Array>().iter().map(JsValue::unchecked_into).collect()
}

/// A member that is a string.
pub(super) fn text(of: &JsValue, name: &str) -> Option<String> {
    member(of, name).as_string()
}

/// Calls one of the functions when the promise settles. What is no promise counts as one that is settled.
pub(super) fn settle(
    promise: Result<JsValue, JsValue>,
    done: &Function,
    failed: &Function,
) -> Promise {
    let promise = match promise {
        Ok(value) => Promise::resolve(&value),
        Err(error) => Promise::reject(&error),
    };
    promise.unchecked_ref::<Settling>().then_call(done, failed)
}

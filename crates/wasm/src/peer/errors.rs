//! The error classes of the package's `peer/errors.js`, made of what the room says.

use js_sys::Array;
use wasm_bindgen::prelude::*;

use metered_realtime_proto::peer::{CallError, ChannelError, Failure};

use crate::errors;

#[wasm_bindgen(raw_module = "metered-realtime-face/peer/errors.js")]
extern "C" {
    type MeteredPeerSendError;
    #[wasm_bindgen(constructor)]
    fn new(code: &str) -> MeteredPeerSendError;

    type MeteredPeerOversizedError;
    #[wasm_bindgen(constructor)]
    fn new(size: f64, cap: f64) -> MeteredPeerOversizedError;

    type MeteredPeerStateError;
    #[wasm_bindgen(constructor)]
    fn new(code: &str, method: &str, current_state: Option<&str>) -> MeteredPeerStateError;

    type MeteredPeerReplaceTrackError;
    #[wasm_bindgen(constructor)]
    fn new(succeeded: &Array, failed: &Array) -> MeteredPeerReplaceTrackError;

    type DataChannelOverflowError;
    #[wasm_bindgen(constructor)]
    fn new(queued: f64, cap: f64) -> DataChannelOverflowError;

    /// An error with a name of its own.
    #[wasm_bindgen(js_name = namedError)]
    fn named_error(name: &str, message: &str) -> JsValue;

    /// `{ peerId, err }`
    #[wasm_bindgen(js_name = refusal)]
    fn refusal(peer_id: &str, error: &JsValue) -> JsValue;
}

/// The error with which a call is rejected, or which it throws.
pub(super) fn of(error: &CallError) -> JsValue {
    match error {
        CallError::InvalidState { method, state } => {
            MeteredPeerStateError::new("invalid_state", method, Some(state.name())).into()
        }
        CallError::TrackAlreadyAttached => {
            MeteredPeerStateError::new("track_already_attached", "addTrack", None).into()
        }
        CallError::Closed { .. } => {
            MeteredPeerStateError::new("invalid_state", "join", Some("closed")).into()
        }
        CallError::ReservedChannel => MeteredPeerSendError::new("reserved_channel").into(),
        CallError::NotJoined => MeteredPeerSendError::new("not_joined").into(),
        CallError::InvalidArguments => MeteredPeerSendError::new("invalid_args").into(),
        CallError::SelfSend => MeteredPeerSendError::new("self_send").into(),
        CallError::Oversized { size, cap } => {
            MeteredPeerOversizedError::new(*size as f64, *cap).into()
        }
        CallError::ReplaceTrack { succeeded, failed } => {
            let succeeded: Array = succeeded.iter().map(|peer| JsValue::from_str(peer)).collect();
            let failed: Array =
                failed.iter().map(|(peer, failure)| refusal(peer, &of_failure(failure))).collect();
            MeteredPeerReplaceTrackError::new(&succeeded, &failed).into()
        }
        CallError::Client(error) => errors::of(error, None),
    }
}

/// The error of an event.
pub(super) fn of_failure(failure: &Failure) -> JsValue {
    named_error(&failure.name, &failure.message)
}

/// The error with which a message of a data channel is rejected.
pub(super) fn of_channel(error: ChannelError) -> JsValue {
    match error {
        ChannelError::NotOpen => {
            named_error("InvalidStateError", "the data channel is not open yet")
        }
        ChannelError::Closed => named_error("InvalidStateError", "the data channel is closed"),
        ChannelError::Overflow { queued, cap } => {
            DataChannelOverflowError::new(queued as f64, cap as f64).into()
        }
    }
}

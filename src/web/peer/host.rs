//! What the room's driver needs of the surface that it works for.

use wasm_bindgen::JsValue;

use super::objects::Objects;
use super::payload::JsPayload;
use crate::web::host::{Host, Platform};
use metered_realtime_proto::machine::Log;
use metered_realtime_proto::peer::{CallError, CallId, Event, RemoteId};

/// What a room's surface does for the driver. Many of its methods run user code, so nothing is borrowed when they are called.
pub trait RoomHost: Platform {
    /// The surface of the room's client.
    type Client: Host;

    /// Makes an `RTCPeerConnection`, by the user's factory where there is one.
    ///
    /// # Errors
    /// What the factory or the platform threw.
    fn make_connection(&self, configuration: &JsValue) -> Result<JsValue, JsValue>;

    /// A connection that [`make_connection`](Self::make_connection) gave is closed and of no more use.
    fn forget_connection(&self, connection: &JsValue);

    /// Answers a call.
    fn settle(&self, call: CallId, result: Result<(), CallError>);

    /// Tells listeners.
    fn emit(&self, event: Event<JsPayload>, objects: &Objects);

    /// A remote is gone for good: its listeners are dropped.
    fn forget_remote(&self, remote: RemoteId);

    /// Tells the logger.
    fn log(&self, log: Log);
}

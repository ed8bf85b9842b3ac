//! The class that the package's `MeteredPeer` is a face of.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use metered_realtime::web::peer::{JsPayload, RoomDriver, WebRoom, is_signal};
use metered_realtime::web::{Entered, Json};
use metered_realtime_proto::machine::Instant;
use metered_realtime_proto::peer::{
    CallError, CallId, Options, Payload, Reconcile, RemoteId, RemoteView, Room as Machine,
};

use super::errors;
use super::host::NpmRoom;
use super::surface::RoomSurface;
use crate::call_options::{CallOptions, is_absent};
use crate::client::Client;
use crate::errors::{argument_error, of_user};
use crate::names::{self, Kind};

/// One room.
#[wasm_bindgen]
pub struct Room {
    driver: Rc<RoomDriver<NpmRoom>>,
}

// ---- for the class that users see ----

#[wasm_bindgen]
impl Room {
    /// An idle room, on a client of its own. `undefined`: the options are refused, and the surface has the error.
    #[must_use]
    pub fn create(
        client: &Client,
        reconcile: &JsValue,
        has_logger: bool,
        surface: RoomSurface,
    ) -> Option<Room> {
        let _entered = Entered::now();
        let reconcile = match reconcile.as_string().as_deref() {
            Some("auto") => Reconcile::Auto,
            Some("rebuild") => Reconcile::Rebuild,
            None if is_absent(reconcile) => Reconcile::Auto,
            Some(_) | None => {
                let message = "reconcile must be \"auto\" or \"rebuild\"";
                surface.refuse(&js_sys::TypeError::new(message));
                return None;
            }
        };
        let driver = RoomDriver::new(NpmRoom(surface), client.driver(), |now| {
            let mut room = Machine::new(Options { reconcile }, now);
            room.set_logging(has_logger);
            room
        });
        Some(Room { driver })
    }

    /// The name of the state.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        let _entered = Entered::now();
        self.driver.peek(Machine::state).name().to_owned()
    }

    /// The peer id of this client.
    #[wasm_bindgen(getter, js_name = peerId)]
    #[must_use]
    pub fn peer_id(&self) -> Option<String> {
        let _entered = Entered::now();
        self.driver.peek(|room| room.peer_id().map(ToOwned::to_owned))
    }

    /// The channel.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn channel(&self) -> Option<String> {
        let _entered = Entered::now();
        self.driver.peek(|room| room.channel().map(ToOwned::to_owned))
    }

    /// The numbers of the remotes.
    #[must_use]
    pub fn remotes(&self) -> Vec<u32> {
        let _entered = Entered::now();
        self.driver.peek(|room| room.remotes().map(|remote| remote.0).collect())
    }

    /// Joins a channel.
    pub fn join(&self, channel: &JsValue, options: &JsValue) -> Promise {
        let _entered = Entered::now();
        let read = || Ok((names::checked(Kind::Channel, channel)?, CallOptions::read(options)?));
        self.call(read, |room, (channel, options), now| {
            room.join(&channel, options.include_sender_metadata, now)
        })
    }

    /// Sends to everybody in the room.
    pub fn send(&self, data: &JsValue) -> Promise {
        let _entered = Entered::now();
        self.call(|| payload(data), Machine::send)
    }

    /// Sends to one peer.
    #[wasm_bindgen(js_name = sendTo)]
    pub fn send_to(&self, peer: &JsValue, data: &JsValue) -> Promise {
        let _entered = Entered::now();
        let peer = peer.as_string();
        self.call(|| payload(data), |room, data, now| room.send_to(peer.as_deref(), data, now))
    }

    /// Sends to a remote.
    #[wasm_bindgen(js_name = sendToRemote)]
    pub fn send_to_remote(&self, remote: u32, data: &JsValue) -> Promise {
        let _entered = Entered::now();
        let remote = RemoteId(remote);
        self.call(|| payload(data), |room, data, now| room.send_to_remote(remote, data, now))
    }

    /// Ends everything.
    pub fn close(&self, reason: &JsValue) -> Promise {
        let _entered = Entered::now();
        let reason = reason.as_string();
        self.call(|| Ok(()), |room, (), now| Ok(room.close(reason.as_deref(), now)))
    }
}

// ---- tracks: what cannot be done is the error, which JavaScript throws ----

#[wasm_bindgen]
impl Room {
    /// Sends a track to every remote. `metadata`: a copy of its own. Gives the error, or `undefined`.
    #[wasm_bindgen(js_name = addTrack)]
    #[must_use]
    pub fn add_track(&self, track: &JsValue, stream: &JsValue, metadata: &JsValue) -> JsValue {
        let _entered = Entered::now();
        let metadata = if is_absent(metadata) {
            None
        } else {
            match Json::of(metadata) {
                Ok(Some(json)) => Some((metadata.clone(), json.size(0.0))),
                Ok(None) => return argument_error("metadata must be a plain object"),
                Err(error) => return error,
            }
        };
        thrown(self.driver.add_track(track, stream, metadata))
    }

    /// Stops sending a track. Gives the error, or `undefined`.
    #[wasm_bindgen(js_name = removeTrack)]
    #[must_use]
    pub fn remove_track(&self, track: &JsValue) -> JsValue {
        let _entered = Entered::now();
        thrown(self.driver.remove_track(track))
    }

    /// Sends another track in the place of one.
    #[wasm_bindgen(js_name = replaceTrack)]
    pub fn replace_track(&self, old: &JsValue, new: &JsValue) -> Promise {
        let _entered = Entered::now();
        let asked = self.driver.replace_track(old, new);
        self.promise_of(asked)
    }

    /// What the user said of a track.
    #[wasm_bindgen(js_name = trackMetadata)]
    #[must_use]
    pub fn track_metadata(&self, track: &JsValue) -> JsValue {
        let _entered = Entered::now();
        let id = self.driver.track_id(track);
        let found = |room: &WebRoom| Some(room.track_metadata(id?)?.0.clone());
        self.driver.peek(found).unwrap_or_default()
    }

    /// What the user said of the first track of a stream.
    #[wasm_bindgen(js_name = streamMetadata)]
    #[must_use]
    pub fn stream_metadata(&self, stream: &JsValue) -> JsValue {
        let _entered = Entered::now();
        let id = self.driver.stream_id(stream);
        let found = |room: &WebRoom| Some(room.stream_metadata(id?)?.0.clone());
        self.driver.peek(found).unwrap_or_default()
    }
}

// ---- remotes, by number ----

#[wasm_bindgen]
impl Room {
    /// The remote's peer id; `undefined` once it is gone.
    #[wasm_bindgen(js_name = remotePeerId)]
    #[must_use]
    pub fn remote_peer_id(&self, remote: u32) -> Option<String> {
        let _entered = Entered::now();
        self.view(remote, |view| view.peer_id.to_owned())
    }

    /// What the remote says of itself.
    #[wasm_bindgen(js_name = remoteMetadata)]
    #[must_use]
    pub fn remote_metadata(&self, remote: u32) -> JsValue {
        let _entered = Entered::now();
        let metadata = self.view(remote, |view| view.metadata.map(|metadata| metadata.0.clone()));
        metadata.flatten().unwrap_or_default()
    }

    /// The name of the remote's state.
    #[wasm_bindgen(js_name = remoteState)]
    #[must_use]
    pub fn remote_state(&self, remote: u32) -> Option<String> {
        let _entered = Entered::now();
        self.view(remote, |view| view.state.name().to_owned())
    }

    /// Whether this side gives way when both offer at once.
    #[wasm_bindgen(js_name = remotePolite)]
    #[must_use]
    pub fn remote_polite(&self, remote: u32) -> Option<bool> {
        let _entered = Entered::now();
        self.view(remote, |view| view.polite)
    }

    /// The remote's `RTCPeerConnection`, which is made now if there is none yet.
    #[wasm_bindgen(js_name = remoteConnection)]
    #[must_use]
    pub fn remote_connection(&self, remote: u32) -> JsValue {
        let _entered = Entered::now();
        self.driver.use_connection(RemoteId(remote)).unwrap_or_default()
    }

    fn view<T>(&self, remote: u32, look: impl FnOnce(RemoteView<'_, JsPayload>) -> T) -> Option<T> {
        self.driver.peek(|room| room.remote(RemoteId(remote)).map(look))
    }
}

// ---- for the surface ----

#[wasm_bindgen]
impl Room {
    /// A timer fired.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&self, timer: u32) {
        let _entered = Entered::now();
        self.driver.on_timer(timer);
    }
}

impl Room {
    fn call<A>(
        &self,
        read: impl FnOnce() -> Result<A, JsValue>,
        ask: impl FnOnce(&mut WebRoom, A, Instant) -> Result<CallId, CallError>,
    ) -> Promise {
        match read() {
            Ok(arguments) => {
                let asked = self.driver.with(|room, now| ask(room, arguments, now));
                self.promise_of(asked)
            }
            Err(error) => Promise::reject(&error),
        }
    }

    fn promise_of(&self, asked: Result<CallId, CallError>) -> Promise {
        let promise = match asked {
            Ok(call) => {
                let surface = &self.driver.host.0;
                Promise::new(&mut |resolve, reject| surface.keep(call.0, &resolve, &reject))
            }
            Err(error) => Promise::reject(&errors::of(&error)),
        };
        self.driver.pump();
        promise
    }
}

/// What the user sends. `None`: nothing that JSON has, such as `undefined`.
fn payload(data: &JsValue) -> Result<Option<Payload<JsPayload>>, JsValue> {
    let json = Json::of(data).map_err(|error| of_user(&error))?;
    Ok(json.map(|json| Payload {
        value: JsPayload(data.clone()),
        size: json.size(0.0),
        is_signal: is_signal(data),
    }))
}

fn thrown(done: Result<(), CallError>) -> JsValue {
    match done {
        Ok(()) => JsValue::UNDEFINED,
        Err(error) => errors::of(&error),
    }
}

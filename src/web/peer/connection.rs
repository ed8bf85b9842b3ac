//! One `RTCPeerConnection`: its listeners, and what the room orders.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use super::handles::Handles;
use super::rtc::{Part, Rtc, parts, settle, text};
use crate::web::any::member;
use crate::web::any::message_of;
use crate::web::depth::Entered;
use crate::web::host::{Platform, function};
use metered_realtime_proto::peer::{CallId, ConnectionId, Failure, SdpType, TrackId};
use metered_realtime_proto::wire::{IceServer, Urls};

/// What a callback is about. Some have a detail: the number of a track, a stream or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callback {
    NegotiationNeeded,
    Candidate,
    IceState,
    State,
    Track,
    DataChannel,
    /// `createOffer` or `createAnswer` gave a description.
    Described,
    /// The local offer is rolled back, or could not be.
    RolledBack,
    LocalApplied,
    RemoteApplied,
    OperationFailed,
    CandidateFailed,
    Replaced,
    ReplaceFailed,
    /// A stream lost a track; the detail is the stream.
    TrackRemoved,
    /// The detail is the track.
    TrackEnded,
    /// The other side closes a data channel that it opened.
    ChannelCloses,
    /// A data channel closed, or the state of a transport changed.
    TransportChanged,
    /// The platform began or ended to gather candidates.
    GatheringState,
    /// Of no interest.
    Nothing,
}

impl Callback {
    const ALL: [Callback; 20] = [
        Callback::NegotiationNeeded,
        Callback::Candidate,
        Callback::IceState,
        Callback::State,
        Callback::Track,
        Callback::DataChannel,
        Callback::Described,
        Callback::RolledBack,
        Callback::LocalApplied,
        Callback::RemoteApplied,
        Callback::OperationFailed,
        Callback::CandidateFailed,
        Callback::Replaced,
        Callback::ReplaceFailed,
        Callback::TrackRemoved,
        Callback::TrackEnded,
        Callback::ChannelCloses,
        Callback::TransportChanged,
        Callback::GatheringState,
        Callback::Nothing,
    ];

    /// The callback and its detail, as one number that is bound into a listener.
    fn with(self, detail: u32) -> f64 {
        f64::from(detail) * KINDS + f64::from(self as u32)
    }

    fn of(number: f64) -> (Callback, u32) {
        let detail = (number / KINDS) as u32;
        let kind = (number - f64::from(detail) * KINDS) as usize;
        (Callback::ALL.get(kind).copied().unwrap_or(Callback::Nothing), detail)
    }
}

/// More than there are callbacks.
const KINDS: f64 = 32.0;

/// The events of a connection.
const EVENTS: [(&str, Callback); 7] = [
    ("negotiationneeded", Callback::NegotiationNeeded),
    ("icecandidate", Callback::Candidate),
    ("icegatheringstatechange", Callback::GatheringState),
    ("iceconnectionstatechange", Callback::IceState),
    ("connectionstatechange", Callback::State),
    ("track", Callback::Track),
    ("datachannel", Callback::DataChannel),
];

/// A connection that is listened to.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) pc: Rtc,
    /// Of all events and promises: a closure of its own for each would cost many times the memory.
    _callback: Closure<dyn Fn(f64, JsValue)>,
    guarded: Function,
    listeners: RefCell<Vec<Listener>>,
    /// The peer's description that is about to be applied.
    coming: RefCell<Option<Object>>,
    /// The local offer is rolled back when the platform gathers candidates for it.
    waits_to_roll_back: Cell<bool>,
    /// Inbound objects that this connection holds.
    held: RefCell<Vec<Held>>,
}

/// A listener on the connection, or on a part of it.
struct Listener {
    target: Rtc,
    name: &'static str,
    listener: Function,
}

/// An object that a connection brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Track(u32),
    Stream(u32),
    Channel(u32),
}

impl Connection {
    /// Starts to listen to a connection.
    pub(super) fn listen(
        id: ConnectionId,
        pc: Rtc,
        page: &impl Platform,
        tell: impl Fn(Callback, u32, JsValue) + 'static,
    ) -> Connection {
        let callback = Closure::new(move |number: f64, value: JsValue| {
            let _entered = Entered::now();
            let (callback, detail) = Callback::of(number);
            tell(callback, detail, value);
        });
        let guarded = page.guard(function(callback.as_ref()));
        let connection = Connection {
            id,
            pc,
            _callback: callback,
            guarded,
            listeners: RefCell::default(),
            coming: RefCell::default(),
            waits_to_roll_back: Cell::new(false),
            held: RefCell::default(),
        };
        for (name, callback) in EVENTS {
            connection.listen_to(&connection.pc, name, callback, 0);
        }
        connection
    }

    /// A function that reports a callback with a detail.
    fn report(&self, callback: Callback, detail: u32) -> Function {
        let number = JsValue::from_f64(callback.with(detail));
        self.guarded.bind1(&JsValue::UNDEFINED, &number).unchecked_into()
    }

    /// Listens to an event of the connection or of a part of it, once.
    pub(super) fn listen_to(
        &self,
        target: &JsValue,
        name: &'static str,
        callback: Callback,
        detail: u32,
    ) {
        let known = |listener: &Listener| listener.name == name && *listener.target == *target;
        if self.listeners.borrow().iter().any(known) {
            return;
        }
        let target: Rtc = target.clone().unchecked_into();
        let listener = self.report(callback, detail);
        if target.add_event_listener(name, &listener).is_ok() {
            self.listeners.borrow_mut().push(Listener { target, name, listener });
        }
    }

    /// Notes that the connection holds an object, once.
    ///
    /// `false`: it holds that object already.
    pub(super) fn keep(&self, held: Held) -> bool {
        let mut all = self.held.borrow_mut();
        let is_new = !all.contains(&held);
        if is_new {
            all.push(held);
        }
        is_new
    }

    /// Listens to the transports, which tell that the other end closed. They come and go with descriptions.
    pub(super) fn watch_transports(&self) {
        for transport in self.transports() {
            if transport.is_object() {
                self.listen_to(&transport, "statechange", Callback::TransportChanged, 0);
            }
        }
    }

    /// The transports of the descriptions that count. The platform closes that of an offer which is rolled back.
    pub(super) fn transports(&self) -> impl Iterator<Item = JsValue> {
        let sctp = self.pc.sctp().unwrap_or_default();
        let senders = parts(self.pc.get_senders());
        let of_senders = senders.into_iter().map(|sender| member(&sender, "transport"));
        of_senders.chain([member(&sctp, "transport")])
    }

    /// Removes the listeners and closes the connection. Gives back what it held.
    pub(super) fn drop_all(&self, page: &impl Platform) -> Vec<Held> {
        page.mute(&self.guarded);
        let listeners = self.listeners.take();
        for Listener { target, name, listener } in &listeners {
            let _ = target.remove_event_listener(name, listener);
        }
        let _ = self.pc.close();
        self.held.take()
    }

    // ---- descriptions ----

    /// Makes a description and applies it.
    pub(super) fn set_local(&self, kind: SdpType, ice_restart: bool) {
        if self.pc.is_modern() && !ice_restart {
            let applied = self.pc.set_local_description();
            self.when(applied, Callback::LocalApplied, Callback::OperationFailed, 0);
            return;
        }
        let made = match kind {
            SdpType::Offer => {
                let options = Object::new();
                set(&options, "iceRestart", &JsValue::from_bool(ice_restart));
                self.pc.create_offer(&options)
            }
            SdpType::Answer => self.pc.create_answer(),
        };
        self.when(made, Callback::Described, Callback::OperationFailed, 0);
    }

    /// Applies what `createOffer` or `createAnswer` gave.
    pub(super) fn apply_local(&self, description: &JsValue) {
        let applied = self.pc.set_local_description_to(description);
        self.when(applied, Callback::LocalApplied, Callback::OperationFailed, 0);
    }

    /// Applies a description of the peer.
    pub(super) fn set_remote(&self, kind: SdpType, sdp: &JsValue, rollback: bool) {
        let description = Object::new();
        set(&description, "type", &kind.name().into());
        set(&description, "sdp", sdp);
        self.coming.replace(Some(description));
        if rollback {
            self.roll_back();
        } else {
            self.apply_remote();
        }
    }

    /// Rolls the local offer back for the description that is there, and applies that one.
    ///
    /// Chromium never gathers candidates again where this happens to an offer with a data channel before it has begun to gather
    /// them; so that is waited for. An offer without a media section has no candidates.
    pub(super) fn roll_back(&self) {
        let own = self.pc.local_description().unwrap_or_default();
        let has_section = text(&own, "sdp").is_some_and(|sdp| sdp.contains("\nm="));
        let gathering = self.pc.ice_gathering_state().unwrap_or_default();
        let waits = has_section && gathering == "new";
        self.waits_to_roll_back.set(waits);
        if waits {
            return;
        }
        if self.pc.is_modern() {
            return self.apply_remote();
        }
        let rollback = Object::new();
        set(&rollback, "type", &"rollback".into());
        let rolled_back = self.pc.set_local_description_to(&rollback);
        self.when(rolled_back, Callback::RolledBack, Callback::RolledBack, 0);
    }

    /// The platform began to gather candidates: what waited for it goes on.
    pub(super) fn gathering_changed(&self) {
        if self.waits_to_roll_back.get() {
            self.roll_back();
        }
    }

    /// Applies the description that is there, after what had to be rolled back first.
    pub(super) fn apply_remote(&self) {
        let Some(description) = self.coming.take() else { return };
        let applied = self.pc.set_remote_description(&description);
        self.when(applied, Callback::RemoteApplied, Callback::OperationFailed, 0);
    }

    pub(super) fn add_candidate(&self, candidate: &JsValue) {
        let added = self.pc.add_ice_candidate(candidate);
        self.when(added, Callback::Nothing, Callback::CandidateFailed, 0);
    }

    pub(super) fn set_ice_servers(&self, servers: &[IceServer]) {
        let configuration = self.pc.get_configuration().unwrap_or_default();
        let configuration: Object = if configuration.is_object() {
            Object::assign(&Object::new(), configuration.unchecked_ref())
        } else {
            Object::new()
        };
        set(&configuration, "iceServers", &ice_servers(servers));
        // What a platform does not take leaves the connection with the servers that it has.
        let _ = self.pc.set_configuration(&configuration);
    }

    // ---- tracks ----

    pub(super) fn add_track(
        &self,
        track: &JsValue,
        stream: Option<&JsValue>,
    ) -> Result<(), Failure> {
        let streams: Array = stream.into_iter().collect();
        self.pc.add_track(track, &streams).map(drop).map_err(|error| failure(&error))
    }

    pub(super) fn remove_track(&self, track: &JsValue) -> Result<(), Failure> {
        match self.pc.sender_of(track) {
            Some(sender) => self.pc.remove_track(&sender).map_err(|error| failure(&error)),
            None => Ok(()),
        }
    }

    /// Sends another track in the place of one. The answer is reported with `detail`; a connection that does not send the old
    /// track has nothing to do.
    pub(super) fn replace_track(&self, old: &JsValue, new: &JsValue, call: Option<CallId>) {
        let replaced = match self.pc.sender_of(old) {
            Some(sender) => sender.replace_track(new),
            None => Ok(JsValue::UNDEFINED),
        };
        let detail = call.map_or(0, |call| call.0);
        self.when(replaced, Callback::Replaced, Callback::ReplaceFailed, detail);
    }

    /// The local tracks that are sent, each with the `mid` of its transceiver.
    pub(super) fn senders(&self, tracks: &Handles) -> Vec<(TrackId, String)> {
        let sent = |transceiver: Part| {
            let track = tracks.id(&member(&member(&transceiver, "sender"), "track"))?;
            Some((TrackId(track), text(&transceiver, "mid")?))
        };
        parts(self.pc.get_transceivers()).into_iter().filter_map(sent).collect()
    }

    fn when(
        &self,
        promise: Result<JsValue, JsValue>,
        done: Callback,
        failed: Callback,
        detail: u32,
    ) {
        let _ = settle(promise, &self.report(done, detail), &self.report(failed, detail));
    }
}

fn set(object: &Object, name: &str, value: &JsValue) {
    object.unchecked_ref::<Part>().set_member(name, value);
}

/// What a rejected operation says.
pub(super) fn failure(error: &JsValue) -> Failure {
    let name = text(error, "name").unwrap_or_else(|| "Error".to_owned());
    Failure::new(&name, &message_of(error))
}

/// The configuration of a new connection.
pub(super) fn configuration(servers: Option<&[IceServer]>) -> Object {
    let configuration = Object::new();
    if let Some(servers) = servers {
        set(&configuration, "iceServers", &ice_servers(servers));
    }
    configuration
}

fn ice_servers(servers: &[IceServer]) -> JsValue {
    let list = servers.iter().map(|IceServer { urls, username, credential }| {
        let server = Object::new();
        let urls = match urls {
            Urls::One(url) => JsValue::from_str(url),
            Urls::Many(urls) => {
                urls.iter().map(|url| JsValue::from_str(url)).collect::<Array>().into()
            }
        };
        set(&server, "urls", &urls);
        for (name, value) in [("username", username), ("credential", credential)] {
            if let Some(value) = value {
                set(&server, name, &JsValue::from_str(value));
            }
        }
        JsValue::from(server)
    });
    list.collect::<Array>().into()
}

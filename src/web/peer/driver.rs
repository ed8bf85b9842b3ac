//! Carries out what the room says: connections, the room's client, the alarm.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;

use super::client::ClientCalls;
use super::connection::{Callback, Connection, configuration, failure};
use super::host::RoomHost;
use super::objects::Objects;
use super::payload::JsPayload;
use super::report;
use super::rtc::{Rtc, text};
use crate::web::driver::Driver;
use crate::web::timer::Timer;
use metered_realtime_proto::machine::Instant;
use metered_realtime_proto::peer::{
    CallError, CallId, ConnectionEvent, ConnectionId, Failure, Input, Kind, LocalTrack, Order,
    Output, RemoteId, Room, StreamId, TrackId,
};

/// The room's machine on this platform.
pub type WebRoom = Room<JsPayload>;

/// One room's machine and what it drives.
pub struct RoomDriver<H: RoomHost> {
    /// The surface.
    pub host: H,
    /// The room's client.
    pub(super) client: Rc<Driver<H::Client>>,
    pub(super) calls: RefCell<ClientCalls>,
    room: RefCell<WebRoom>,
    timer: Timer,
    connections: RefCell<Vec<Rc<Connection>>>,
    /// The platform's objects.
    pub objects: Objects,
    /// The user's tracks that are held for the room, once for each call that named one.
    local_tracks: RefCell<Vec<TrackId>>,
    /// The user's streams, likewise.
    local_streams: RefCell<Vec<StreamId>>,
    /// While set, outputs wait for the call that is carrying some out.
    pumping: Cell<bool>,
    weak: Weak<RoomDriver<H>>,
}

impl<H: RoomHost> RoomDriver<H> {
    /// A driver with the room that `make` gives.
    pub fn new(
        host: H,
        client: Rc<Driver<H::Client>>,
        make: impl FnOnce(Instant) -> WebRoom,
    ) -> Rc<RoomDriver<H>> {
        let driver = Rc::new_cyclic(|weak| {
            let timer = Timer::start();
            RoomDriver {
                host,
                client,
                calls: RefCell::default(),
                room: RefCell::new(make(timer.now())),
                timer,
                connections: RefCell::default(),
                objects: Objects::default(),
                local_tracks: RefCell::default(),
                local_streams: RefCell::default(),
                pumping: Cell::new(false),
                weak: weak.clone(),
            }
        });
        driver.client.observe(driver.weak.clone());
        driver
    }

    /// Calls the room. What it queues is carried out by [`pump`](Self::pump).
    pub fn with<T>(&self, call: impl FnOnce(&mut WebRoom, Instant) -> T) -> T {
        let now = self.timer.now();
        call(&mut self.room.borrow_mut(), now)
    }

    /// Looks at the room.
    pub fn peek<T>(&self, look: impl FnOnce(&WebRoom) -> T) -> T {
        look(&self.room.borrow())
    }

    /// Tells the room what happened and carries out what follows.
    pub fn input(&self, input: Input<JsPayload>) {
        self.with(|room, now| room.handle_input(input, now));
        self.pump();
    }

    /// Carries out what the room says until it says nothing more. Called from inside itself, it does nothing: the outer call
    /// goes on with what was added.
    pub fn pump(&self) {
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let output = self.room.borrow_mut().poll_output();
            match output {
                Some(output) => self.carry_out(output),
                None => break,
            }
        }
        self.pumping.set(false);
        self.release_local();
        self.arm();
    }

    fn carry_out(&self, output: Output<JsPayload>) {
        match output {
            Output::Client(call) => self.call_client(call),
            Output::Connection { connection, order } => self.order(connection, order),
            Output::Settle { call, result } => self.host.settle(call, result),
            Output::ForgetRemote(remote) => self.host.forget_remote(remote),
            Output::Event(event) => self.host.emit(event, &self.objects),
            Output::Log(log) => self.host.log(log),
        }
    }

    // ---- the user's tracks ----

    /// Sends a track to every member, present and future.
    ///
    /// # Errors
    /// Those of [`Room::add_track`].
    pub fn add_track(
        &self,
        track: &JsValue,
        stream: &JsValue,
        metadata: Option<(JsValue, usize)>,
    ) -> Result<(), CallError> {
        let id = self.hold_track(track);
        let stream = text(stream, "id").map(|name| (self.hold_stream(stream), name));
        let track = LocalTrack {
            track: id,
            id: text(track, "id").unwrap_or_default(),
            kind: text(track, "kind").and_then(|kind| Kind::of(&kind)).unwrap_or(Kind::Video),
            stream,
            metadata: metadata.map(|(value, size)| (JsPayload(value), size)),
        };
        let added = self.with(|room, now| room.add_track(track, now));
        self.pump();
        added
    }

    /// Stops sending a track.
    ///
    /// # Errors
    /// Those of [`Room::remove_track`].
    pub fn remove_track(&self, track: &JsValue) -> Result<(), CallError> {
        // One that the room does not know has a number of its own, which is not used again.
        let id = self.hold_track(track);
        let removed = self.with(|room, now| room.remove_track(id, now));
        self.pump();
        removed
    }

    /// Sends another track in the place of one; `null`: nothing.
    ///
    /// # Errors
    /// Those of [`Room::replace_track`].
    pub fn replace_track(&self, old: &JsValue, new: &JsValue) -> Result<CallId, CallError> {
        let old = self.hold_track(old);
        let new =
            (!new.is_null()).then(|| (self.hold_track(new), text(new, "id").unwrap_or_default()));
        let new = new.as_ref().map(|(track, id)| (*track, id.as_str()));
        self.with(|room, now| room.replace_track(old, new, now))
    }

    /// The `RTCPeerConnection` of a remote, which is made now if there is none yet: also in a handler, while other outputs wait.
    pub fn use_connection(&self, remote: RemoteId) -> Option<JsValue> {
        let id = self.with(|room, now| room.use_connection(remote, now))?;
        while let Some(order) = self.with(|room, _| room.poll_order(id)) {
            self.order(id, order);
        }
        self.pump();
        self.connection(id)
    }

    /// The number of a track that the room knows.
    #[must_use]
    pub fn track_id(&self, track: &JsValue) -> Option<TrackId> {
        self.objects.tracks.borrow().id(track).map(TrackId)
    }

    /// The number of a stream that the room knows.
    #[must_use]
    pub fn stream_id(&self, stream: &JsValue) -> Option<StreamId> {
        self.objects.streams.borrow().id(stream).map(StreamId)
    }

    /// Holds a track that a call is about to name, until the room does not need it any more.
    fn hold_track(&self, track: &JsValue) -> TrackId {
        let id = TrackId(self.objects.tracks.borrow_mut().hold(track));
        self.local_tracks.borrow_mut().push(id);
        id
    }

    fn hold_stream(&self, stream: &JsValue) -> StreamId {
        let id = StreamId(self.objects.streams.borrow_mut().hold(stream));
        self.local_streams.borrow_mut().push(id);
        id
    }

    /// Lets go of the user's tracks and streams that the room does not send any more.
    fn release_local(&self) {
        let room = self.room.borrow();
        let Objects { tracks, streams, .. } = &self.objects;
        self.local_tracks.borrow_mut().retain(|track| {
            let needed = room.needs_track(*track);
            if !needed {
                tracks.borrow_mut().release(track.0);
            }
            needed
        });
        self.local_streams.borrow_mut().retain(|stream| {
            let needed = room.needs_stream(*stream);
            if !needed {
                streams.borrow_mut().release(stream.0);
            }
            needed
        });
    }

    // ---- connections ----

    /// The `RTCPeerConnection` of a connection.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> Option<JsValue> {
        self.find(id).map(|connection| JsValue::from(connection.pc.clone()))
    }

    fn find(&self, id: ConnectionId) -> Option<Rc<Connection>> {
        self.connections.borrow().iter().find(|connection| connection.id == id).cloned()
    }

    fn order(&self, id: ConnectionId, order: Order<JsPayload>) {
        if let Order::Create { ice_servers } = order {
            return self
                .create(id, ice_servers.as_deref().map(|servers| configuration(Some(servers))));
        }
        let Some(connection) = self.find(id) else { return };
        match order {
            Order::Create { .. } => {}
            Order::SetLocal { kind, ice_restart } => connection.set_local(kind, ice_restart),
            Order::SetRemote { kind, sdp, rollback } => {
                connection.set_remote(kind, &sdp.0, rollback);
            }
            Order::AddCandidate(candidate) => {
                connection.add_candidate(&candidate.map(|it| it.0).unwrap_or_default());
            }
            Order::SetConfiguration { ice_servers } => connection.set_ice_servers(&ice_servers),
            Order::AddTrack { track, stream } => {
                let stream = stream.map(|stream| self.objects.stream(stream));
                let added = connection.add_track(&self.objects.track(track), stream.as_ref());
                self.check_track(id, track, added);
            }
            Order::RemoveTrack { track } => {
                let removed = connection.remove_track(&self.objects.track(track));
                self.check_track(id, track, removed);
            }
            Order::ReplaceTrack { call, old, new } => {
                let new = new.map_or(JsValue::NULL, |new| self.objects.track(new));
                connection.replace_track(&self.objects.track(old), &new, call);
            }
            Order::Drop => self.drop_connection(&connection),
        }
    }

    fn check_track(&self, connection: ConnectionId, track: TrackId, done: Result<(), Failure>) {
        if let Err(failure) = done {
            let event = ConnectionEvent::TrackFailed { track, failure };
            self.input(Input::Connection { connection, event });
        }
    }

    fn create(&self, id: ConnectionId, wanted: Option<js_sys::Object>) {
        let wanted = wanted.unwrap_or_else(|| configuration(None));
        let pc: Rtc = match self.host.make_connection(&wanted) {
            Ok(pc) if pc.is_object() => pc.unchecked_into(),
            Ok(_) => return self.create_failed(id, &JsValue::UNDEFINED),
            Err(error) => return self.create_failed(id, &error),
        };
        let weak = self.weak.clone();
        let connection = Connection::listen(id, pc, &self.host, move |callback, detail, value| {
            if let Some(driver) = weak.upgrade() {
                driver.on_callback(id, callback, detail, &value);
            }
        });
        self.connections.borrow_mut().push(Rc::new(connection));
    }

    fn create_failed(&self, connection: ConnectionId, error: &JsValue) {
        let event = ConnectionEvent::CreateFailed(failure(error));
        self.input(Input::Connection { connection, event });
    }

    fn on_callback(&self, id: ConnectionId, callback: Callback, detail: u32, value: &JsValue) {
        let Some(connection) = self.find(id) else { return };
        if callback == Callback::Described {
            return connection.apply_local(value);
        }
        if callback == Callback::RolledBack {
            return connection.apply_remote();
        }
        if callback == Callback::GatheringState {
            return connection.gathering_changed();
        }
        if matches!(callback, Callback::LocalApplied | Callback::RemoteApplied) {
            connection.watch_transports();
        }
        if let Some(event) = report::read(&connection, &self.objects, callback, detail, value) {
            self.input(Input::Connection { connection: id, event });
        }
    }

    fn drop_connection(&self, connection: &Rc<Connection>) {
        self.connections.borrow_mut().retain(|other| !Rc::ptr_eq(other, connection));
        let held = connection.drop_all(&self.host);
        self.host.forget_connection(&connection.pc);
        self.objects.release(held);
    }

    // ---- the alarm ----

    fn arm(&self) {
        let due = self.room.borrow().poll_timeout();
        let weak = self.weak.clone();
        self.timer.arm(due, &self.host, move |timer| {
            if let Some(driver) = weak.upgrade() {
                driver.host.timer_fired(timer);
            }
        });
    }

    /// A timer fired.
    pub fn on_timer(&self, timer: u32) {
        let Some(fired) = self.timer.fired(timer) else { return };
        self.room.borrow_mut().handle_timeout(fired.now);
        self.pump();
    }
}

impl<H: RoomHost> Drop for RoomDriver<H> {
    fn drop(&mut self) {
        self.timer.stop();
        for connection in self.connections.take() {
            drop(connection.drop_all(&self.host));
        }
    }
}

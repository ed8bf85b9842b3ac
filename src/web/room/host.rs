//! What the room's driver asks of the Rust surface: streams of events, answers, the timer.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures::channel::{mpsc, oneshot};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{RtcConfiguration, RtcPeerConnection};

use super::Events;
use super::events::{PeerEvent, RemotePeerEvent};
use super::remote::RemotePeer;
use crate::client::log;
use crate::data::Payload;
use crate::web::Platform;
use crate::web::client::Page;
use crate::web::peer::{JsPayload, Objects, RoomDriver, RoomHost};
use metered_realtime_proto::machine::Log;
use metered_realtime_proto::peer::{CallError, CallId, Event, RemoteEvent, RemoteId, State};

/// Who waits for a call.
pub(super) type Waiter = oneshot::Sender<Result<(), CallError>>;

/// What one room holds of the program.
#[derive(Default)]
pub(super) struct RoomPage {
    driver: OnceCell<Weak<RoomDriver<RoomPage>>>,
    waiters: RefCell<BTreeMap<u32, Waiter>>,
    streams: RefCell<Vec<Events>>,
    /// The ids of the members, also while they are said to be gone.
    members: RefCell<BTreeMap<u32, String>>,
    /// A microtask is on its way that carries out what the room says.
    scheduled: Cell<bool>,
}

impl RoomPage {
    /// Called once, when there is a driver.
    pub(super) fn belongs_to(&self, driver: &Rc<RoomDriver<RoomPage>>) {
        let _ = self.driver.set(Rc::downgrade(driver));
    }

    fn driver(&self) -> Weak<RoomDriver<RoomPage>> {
        self.driver.get().cloned().unwrap_or_default()
    }

    pub(super) fn stream(&self) -> mpsc::UnboundedReceiver<PeerEvent> {
        let (sender, receiver) = mpsc::unbounded();
        self.streams.borrow_mut().push(sender);
        receiver
    }

    pub(super) fn wait_for(&self, call: CallId, waiter: Waiter) {
        self.waiters.borrow_mut().insert(call.0, waiter);
    }

    /// Has the room's outputs carried out soon.
    pub(super) fn schedule(&self) {
        if self.scheduled.replace(true) {
            return;
        }
        let driver = self.driver();
        spawn_local(async move {
            if let Some(driver) = driver.upgrade() {
                driver.host.scheduled.set(false);
                driver.pump();
            }
        });
    }

    pub(super) fn remote(&self, number: RemoteId) -> RemotePeer {
        let driver = self.driver();
        let known = self.members.borrow().get(&number.0).cloned();
        let id = known.unwrap_or_else(|| {
            let id = driver.upgrade().and_then(|driver| {
                driver.peek(|room| room.remote(number).map(|view| view.peer_id.to_owned()))
            });
            let id = id.unwrap_or_default();
            self.members.borrow_mut().insert(number.0, id.clone());
            id
        });
        RemotePeer { driver, number, id }
    }

    fn tell(&self, event: &PeerEvent) {
        self.streams.borrow_mut().retain(|stream| stream.unbounded_send(event.clone()).is_ok());
    }

    fn public(&self, event: Event<JsPayload>, objects: &Objects) -> PeerEvent {
        match event {
            Event::StateChange { from, to } => PeerEvent::StateChange { from, to },
            Event::Joined { peer_id, channel } => PeerEvent::Joined { peer_id, channel },
            Event::Left { peer_id, channel, reason } => {
                PeerEvent::Left { peer_id, channel, reason }
            }
            Event::PeerJoined(remote) => PeerEvent::PeerJoined(self.remote(remote)),
            Event::PeerLeft(remote) => PeerEvent::PeerLeft(self.remote(remote)),
            Event::Data { from, data, direct, sender_metadata } => PeerEvent::Data {
                sender_peer_id: from,
                data: Payload::from_js(data.0),
                direct,
                sender_metadata: public_payload(sender_metadata),
            },
            Event::Error(failure) => PeerEvent::Error(failure),
            Event::Remote { remote, event } => {
                PeerEvent::Remote { peer: self.remote(remote), event: of_remote(event, objects) }
            }
        }
    }
}

fn of_remote(event: RemoteEvent<JsPayload>, objects: &Objects) -> RemotePeerEvent {
    match event {
        RemoteEvent::StateChange { from, to } => RemotePeerEvent::StateChange { from, to },
        RemoteEvent::Track { track, streams, metadata } => RemotePeerEvent::Track {
            track: objects.track(track).unchecked_into(),
            streams: streams.into_iter().map(|it| objects.stream(it).unchecked_into()).collect(),
            metadata: public_payload(metadata),
        },
        RemoteEvent::StreamAdded { stream, metadata } => RemotePeerEvent::StreamAdded {
            stream: objects.stream(stream).unchecked_into(),
            metadata: public_payload(metadata),
        },
        RemoteEvent::StreamRemoved { stream } => {
            RemotePeerEvent::StreamRemoved { stream: objects.stream(stream).unchecked_into() }
        }
        RemoteEvent::DataChannel(channel) => {
            RemotePeerEvent::DataChannel(objects.channel(channel).unchecked_into())
        }
        RemoteEvent::NegotiationError(failure) => RemotePeerEvent::NegotiationError(failure),
        RemoteEvent::CandidateError(failure) => RemotePeerEvent::CandidateError(failure),
        RemoteEvent::ConnectionReset => RemotePeerEvent::ConnectionReset,
    }
}

fn public_payload(payload: Option<JsPayload>) -> Option<Payload> {
    payload.map(|JsPayload(value)| Payload::from_js(value))
}

impl Platform for RoomPage {
    fn timer_fired(&self, timer: u32) {
        if let Some(driver) = self.driver().upgrade() {
            driver.on_timer(timer);
        }
    }
}

impl RoomHost for RoomPage {
    type Client = Page;

    fn make_connection(&self, configuration: &JsValue) -> Result<JsValue, JsValue> {
        let configuration: &RtcConfiguration = configuration.unchecked_ref();
        RtcPeerConnection::new_with_configuration(configuration).map(JsValue::from)
    }

    fn forget_connection(&self, _connection: &JsValue) {}

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        let waiter = self.waiters.borrow_mut().remove(&call.0);
        if let Some(waiter) = waiter {
            let _ = waiter.send(result);
        }
    }

    fn emit(&self, event: Event<JsPayload>, objects: &Objects) {
        let is_last = match &event {
            Event::Left { .. } | Event::StateChange { from: State::Idle, to: State::Closed } => {
                true
            }
            Event::StateChange { .. }
            | Event::Joined { .. }
            | Event::PeerJoined(_)
            | Event::PeerLeft(_)
            | Event::Data { .. }
            | Event::Error(_)
            | Event::Remote { .. } => false,
        };
        let gone = if let Event::PeerLeft(remote) = &event { Some(remote.0) } else { None };
        self.tell(&self.public(event, objects));
        if let Some(gone) = gone {
            self.members.borrow_mut().remove(&gone);
        }
        if is_last {
            self.streams.take();
        }
    }

    fn forget_remote(&self, _remote: RemoteId) {}

    fn log(&self, line: Log) {
        log::write(&line);
    }
}

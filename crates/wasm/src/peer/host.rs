//! The npm package as the host of the room's driver.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use metered_realtime::web::Platform;
use metered_realtime::web::peer::{JsPayload, Objects, RoomHost};
use metered_realtime_proto::machine::Log;
use metered_realtime_proto::peer::{CallError, CallId, Event, RemoteEvent, RemoteId, StreamId};

use super::errors;
use super::surface::RoomSurface;
use crate::host::{Npm, details, level};

/// One room's surface.
pub(crate) struct NpmRoom(pub(super) RoomSurface);

impl Drop for NpmRoom {
    fn drop(&mut self) {
        self.0.freed();
    }
}

impl Platform for NpmRoom {
    fn guard(&self, callback: &Function) -> Function {
        self.0.guard(callback)
    }

    fn mute(&self, guarded: &Function) {
        self.0.mute(guarded);
    }

    fn timer_fired(&self, timer: u32) {
        self.0.timer_fired(timer);
    }

    fn has_fake_timers(&self) -> bool {
        self.0.has_fake_timers()
    }
}

impl RoomHost for NpmRoom {
    type Client = Npm;

    fn make_connection(&self, configuration: &JsValue) -> Result<JsValue, JsValue> {
        self.0.make_connection(configuration)
    }

    fn forget_connection(&self, connection: &JsValue) {
        self.0.forget_connection(connection);
    }

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        match result {
            Ok(()) => self.0.resolve(call.0),
            Err(error) => self.0.reject(call.0, &errors::of(&error)),
        }
    }

    fn emit(&self, event: Event<JsPayload>, objects: &Objects) {
        let surface = &self.0;
        match event {
            Event::StateChange { from, to } => surface.state_change(from.name(), to.name()),
            Event::Joined { peer_id, channel } => surface.joined(&peer_id, &channel),
            Event::Left { peer_id, channel, reason } => {
                surface.left(peer_id.as_deref(), channel.as_deref(), reason.as_deref());
            }
            Event::PeerJoined(remote) => surface.peer_joined(remote.0),
            Event::PeerLeft(remote) => surface.peer_left(remote.0),
            Event::Data { from, data, direct, sender_metadata } => {
                surface.data(&from, &data.0, direct, &value(sender_metadata));
            }
            Event::Error(failure) => surface.error(&errors::of_failure(&failure)),
            Event::Remote { remote, event } => self.emit_remote(remote, event, objects),
        }
    }

    fn forget_remote(&self, remote: RemoteId) {
        self.0.forget_remote(remote.0);
    }

    fn log(&self, log: Log) {
        self.0.log(level(log.level), log.message, &details(log.details));
    }
}

impl NpmRoom {
    fn emit_remote(&self, remote: RemoteId, event: RemoteEvent<JsPayload>, objects: &Objects) {
        let (surface, id) = (&self.0, remote.0);
        match event {
            RemoteEvent::StateChange { from, to } => {
                surface.remote_state_change(id, from.name(), to.name());
            }
            RemoteEvent::Track { track, streams, metadata } => {
                let streams: Array =
                    streams.into_iter().map(|stream: StreamId| objects.stream(stream)).collect();
                surface.track(id, &objects.track(track), &streams, &value(metadata));
            }
            RemoteEvent::StreamAdded { stream, metadata } => {
                surface.stream_added(id, &objects.stream(stream), &value(metadata));
            }
            RemoteEvent::StreamRemoved { stream } => {
                surface.stream_removed(id, &objects.stream(stream));
            }
            RemoteEvent::DataChannel(channel) => {
                surface.data_channel(id, &objects.channel(channel));
            }
            RemoteEvent::NegotiationError(failure) => {
                surface.negotiation_error(id, &errors::of_failure(&failure));
            }
            RemoteEvent::CandidateError(failure) => {
                surface.candidate_error(id, &errors::of_failure(&failure));
            }
            RemoteEvent::ConnectionReset => surface.connection_reset(id),
        }
    }
}

fn value(payload: Option<JsPayload>) -> JsValue {
    payload.map(|payload| payload.0).unwrap_or_default()
}

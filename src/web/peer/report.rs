//! What the platform tells of a connection, as the room's inputs.

use wasm_bindgen::prelude::*;

use super::connection::{Callback, Connection, Held, failure};
use super::objects::Objects;
use super::payload::JsPayload;
use super::rtc::{Part, parts, text};
use crate::web::any::member;
use metered_realtime_proto::peer::{
    CallId, Candidate, ChannelId, ConnectionEvent, ConnectionState, IceState, Kind, Sdp,
    Signalling, StreamId, TrackId,
};

type Event = ConnectionEvent<JsPayload>;

/// What a callback reports. `None`: nothing that the room wants to know.
pub(super) fn read(
    connection: &Connection,
    objects: &Objects,
    callback: Callback,
    detail: u32,
    value: &JsValue,
) -> Option<Event> {
    let pc = &connection.pc;
    Some(match callback {
        Callback::NegotiationNeeded => Event::NegotiationNeeded,
        Callback::Candidate => Event::Candidate(candidate(&member(value, "candidate"))),
        Callback::IceState => Event::Ice(ice_state(&name(pc.ice_connection_state()))?),
        Callback::State => Event::State(connection_state(&name(pc.connection_state()))?),
        Callback::Track => track(connection, objects, value)?,
        Callback::DataChannel => data_channel(connection, objects, value),
        Callback::LocalApplied => local_description(connection, objects)?,
        Callback::RemoteApplied => Event::RemoteApplied,
        Callback::OperationFailed => Event::OperationFailed {
            signalling: signalling(&name(pc.signaling_state())),
            failure: failure(value),
        },
        Callback::CandidateFailed => Event::CandidateFailed(failure(value)),
        Callback::Replaced => Event::TrackReplaced { call: call(detail), result: Ok(()) },
        Callback::ReplaceFailed => {
            Event::TrackReplaced { call: call(detail), result: Err(failure(value)) }
        }
        Callback::TrackRemoved => {
            let track = TrackId(objects.tracks.borrow().id(&member(value, "track"))?);
            Event::TrackGone { track, stream: Some(StreamId(detail)) }
        }
        Callback::TrackEnded => Event::TrackGone { track: TrackId(detail), stream: None },
        Callback::ChannelCloses => Event::ChannelClosed,
        Callback::TransportChanged if is_transport_closed(connection, value) => {
            Event::TransportClosed
        }
        Callback::TransportChanged
        | Callback::GatheringState
        | Callback::Described
        | Callback::RolledBack
        | Callback::Nothing => return None,
    })
}

fn name(state: Result<JsValue, JsValue>) -> String {
    state.ok().and_then(|state| state.as_string()).unwrap_or_default()
}

fn call(detail: u32) -> Option<CallId> {
    (detail != 0).then_some(CallId(detail))
}

/// A candidate of this side; `None`: there are no more.
fn candidate(candidate: &JsValue) -> Option<Candidate<JsPayload>> {
    let line = text(candidate, "candidate")?;
    let init = candidate.unchecked_ref::<Part>().to_json().unwrap_or_else(|_| candidate.clone());
    let ufrag = text(candidate, "usernameFragment").filter(|ufrag| !ufrag.is_empty());
    Some(Candidate { init: Some(JsPayload(init)), size: line.len(), ufrag })
}

fn local_description(connection: &Connection, objects: &Objects) -> Option<Event> {
    let description = connection.pc.local_description().ok()?;
    let sdp = member(&description, "sdp");
    let words = sdp.as_string()?;
    let senders = connection.senders(&objects.tracks.borrow());
    Some(Event::LocalDescription { sdp: Sdp::new(&words, JsPayload(sdp)), senders })
}

fn track(connection: &Connection, objects: &Objects, event: &JsValue) -> Option<Event> {
    let track = member(event, "track");
    let id = hold(connection, &objects.tracks, &track, Held::Track);
    connection.listen_to(&track, "ended", Callback::TrackEnded, id);
    let mut streams = Vec::new();
    for stream in list(&member(event, "streams")) {
        let stream_id = hold(connection, &objects.streams, &stream, Held::Stream);
        connection.listen_to(&stream, "removetrack", Callback::TrackRemoved, stream_id);
        streams.push((StreamId(stream_id), text(&stream, "id")?));
    }
    Some(Event::Track {
        track: TrackId(id),
        id: text(&track, "id")?,
        kind: Kind::of(&text(&track, "kind")?)?,
        mid: text(&member(event, "transceiver"), "mid"),
        streams,
    })
}

fn data_channel(connection: &Connection, objects: &Objects, event: &JsValue) -> Event {
    let channel = member(event, "channel");
    let id = hold(connection, &objects.channels, &channel, Held::Channel);
    connection.listen_to(&channel, "closing", Callback::ChannelCloses, 0);
    connection.listen_to(&channel, "close", Callback::TransportChanged, 0);
    Event::DataChannel(ChannelId(id))
}

/// The number of an inbound object, which the connection holds until it is dropped.
fn hold(
    connection: &Connection,
    table: &std::cell::RefCell<super::handles::Handles>,
    object: &JsValue,
    held: fn(u32) -> Held,
) -> u32 {
    let id = table.borrow_mut().hold(object);
    if !connection.keep(held(id)) {
        table.borrow_mut().release(id);
    }
    id
}

fn list(value: &JsValue) -> Vec<JsValue> {
    parts(Ok(value.clone())).into_iter().map(JsValue::from).collect()
}

/// Whether the other end closed the connection: a transport of it is closed, and it was not this side.
fn is_transport_closed(connection: &Connection, event: &JsValue) -> bool {
    let is_closed = |of: &JsValue| text(of, "state").as_deref() == Some("closed");
    let target = member(event, "target");
    let is_current = || connection.transports().any(|transport| transport == target);
    let sctp = connection.pc.sctp().unwrap_or_default();
    (is_closed(&target) && is_current()) || is_closed(&sctp)
}

fn signalling(name: &str) -> Signalling {
    match name {
        "have-local-offer" => Signalling::HaveLocalOffer,
        "have-remote-offer" => Signalling::HaveRemoteOffer,
        _ => Signalling::Stable,
    }
}

fn ice_state(name: &str) -> Option<IceState> {
    Some(match name {
        "new" => IceState::New,
        "checking" => IceState::Checking,
        "connected" => IceState::Connected,
        "completed" => IceState::Completed,
        "disconnected" => IceState::Disconnected,
        "failed" => IceState::Failed,
        "closed" => IceState::Closed,
        _ => return None,
    })
}

fn connection_state(name: &str) -> Option<ConnectionState> {
    Some(match name {
        "new" => ConnectionState::New,
        "connecting" => ConnectionState::Connecting,
        "connected" => ConnectionState::Connected,
        "disconnected" => ConnectionState::Disconnected,
        "failed" => ConnectionState::Failed,
        "closed" => ConnectionState::Closed,
        _ => return None,
    })
}

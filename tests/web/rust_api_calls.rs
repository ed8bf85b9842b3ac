//! Calls with the Rust surface: two rooms in one page, with the browser's own connections, by way of the local server.
#![allow(clippy::wildcard_enum_match_arm)] // Each look wants one event of many.

use futures::{Stream, StreamExt};
use metered_realtime::SignallingClient;
use metered_realtime::peer::{
    MeteredPeer, PeerError, PeerEvent, PeerState, RemotePeer, RemotePeerEvent, RemoteState,
};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{MediaStream, RtcDataChannelState, RtcSignalingState};

use super::rust_api_real::server;
use super::rust_api_stage::{next, quickly, until, within};

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Role {
    role: String,
}

#[wasm_bindgen_test]
async fn p051_two_rooms_in_a_page_call_each_other() {
    let (anna, ben) = (room(), room());
    let (mut to_anna, mut to_ben) = (anna.events(), ben.events());
    let camera = camera();
    anna.add_stream(&camera, Some(&Role { role: "camera".into() })).unwrap();
    within(anna.join("rust/call")).await.unwrap();
    within(ben.join("rust/call")).await.unwrap();
    assert_eq!((anna.state(), anna.channel().as_deref()), (PeerState::Joined, Some("rust/call")));
    let remote = of(&mut to_ben, |event| match event {
        PeerEvent::PeerJoined(peer) => Some(peer),
        _ => None,
    });
    let remote = remote.await;
    assert_eq!(Some(remote.id()), anna.peer_id().as_deref());

    let (stream, metadata) = of(&mut to_ben, |event| match event {
        PeerEvent::Remote { event: RemotePeerEvent::StreamAdded { stream, metadata }, .. } => {
            Some((stream, metadata))
        }
        _ => None,
    })
    .await;
    assert_eq!(stream.id(), camera.id());
    assert_eq!(metadata.unwrap().parse::<Role>().unwrap(), Role { role: "camera".into() });
    until(|| remote.state() == RemoteState::Connected).await;

    let member = anna.remote_peers().remove(0);
    let chat = member.connection().unwrap().create_data_channel("chat");
    let channel = of(&mut to_ben, |event| match event {
        PeerEvent::Remote { event: RemotePeerEvent::DataChannel(channel), .. } => Some(channel),
        _ => None,
    });
    assert_eq!(channel.await.label(), "chat");
    until(|| chat.ready_state() == RtcDataChannelState::Open).await;

    within(remote.send(&("psst", 7))).await.unwrap();
    within(ben.send(&Role { role: "all".into() })).await.unwrap();
    assert_eq!(data(&mut to_anna).await, (r#"["psst",7]"#.to_owned(), true));
    assert_eq!(data(&mut to_anna).await, (r#"{"role":"all"}"#.to_owned(), false));

    let connection = member.connection().unwrap();
    within(anna.close(Some("bye"))).await;
    assert_eq!(connection.signaling_state(), RtcSignalingState::Closed);
    assert_eq!((anna.state(), member.state()), (PeerState::Closed, RemoteState::Closed));
    let reason = of(&mut to_anna, |event| match event {
        PeerEvent::Left { reason, .. } => reason,
        _ => None,
    });
    assert_eq!(reason.await, "bye");
    assert!(within(to_anna.next()).await.is_none());
    let gone: RemotePeer = of(&mut to_ben, |event| match event {
        PeerEvent::PeerLeft(peer) => Some(peer),
        _ => None,
    })
    .await;
    assert_eq!(gone.id(), remote.id());
    within(ben.close(None)).await;
}

#[wasm_bindgen_test]
async fn calls_that_cannot_be_made_say_why() {
    let room = room();
    assert_eq!(within(room.send("early")).await, Err(PeerError::NotJoined));
    assert_eq!(within(room.join("_metered/x")).await, Err(PeerError::ReservedChannel));
    let camera = camera();
    let track = camera.get_tracks().get(0).unchecked_into();
    let other = MediaStream::new().unwrap();
    room.add_track(&track, Some(&camera), None::<&()>).unwrap();
    let again = room.add_track(&track, Some(&other), None::<&()>);
    assert_eq!(again, Err(PeerError::TrackAlreadyAttached));
    within(room.close(None)).await;
    let late = room.remove_track(&track);
    assert_eq!(
        late,
        Err(PeerError::InvalidState { method: "removeTrack", state: PeerState::Closed })
    );
}

#[wasm_bindgen_test]
async fn a_refusal_of_the_server_reads_as_a_sentence() {
    let room = room();
    within(room.join("rust/refused")).await.unwrap();
    let refused = within(room.send_to("nobody", &1)).await.unwrap_err();
    assert_eq!(refused.to_string(), r#"the server refused the request ("peer_not_found")"#);
    within(room.close(None)).await;
}

#[wasm_bindgen_test]
async fn a_room_whose_last_handle_is_dropped_closes_its_connections() {
    let (anna, ben) = (room(), room());
    let mut to_ben = ben.events();
    within(anna.join("rust/drop")).await.unwrap();
    within(ben.join("rust/drop")).await.unwrap();
    until(|| !anna.remote_peers().is_empty()).await;
    let connection = anna.remote_peers().remove(0).connection().unwrap();
    drop(anna);
    until(|| connection.signaling_state() == RtcSignalingState::Closed).await;
    of(&mut to_ben, |event| matches!(event, PeerEvent::PeerLeft(_)).then_some(())).await;
    within(ben.close(None)).await;
}

fn room() -> MeteredPeer {
    let client = SignallingClient::builder().api_key("pk_live_local").url(server());
    MeteredPeer::new(client.reconnect(quickly())).unwrap()
}

/// A picture.
fn camera() -> MediaStream {
    let code = "(() => { const c = document.createElement('canvas'); c.getContext('2d').fillRect(0, 0, 9, 9); return c.captureStream(); })()";
    js_sys::eval(code).unwrap().unchecked_into()
}

/// The first event that is of interest.
async fn of<T>(
    events: &mut (impl Stream<Item = PeerEvent> + Unpin),
    look: impl Fn(PeerEvent) -> Option<T>,
) -> T {
    loop {
        if let Some(found) = look(next(events).await) {
            return found;
        }
    }
}

async fn data(events: &mut (impl Stream<Item = PeerEvent> + Unpin)) -> (String, bool) {
    of(events, |event| match event {
        PeerEvent::Data { data, direct, .. } => Some((data.json().to_owned(), direct)),
        _ => None,
    })
    .await
}

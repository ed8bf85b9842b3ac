//! Lost connections and what follows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use metered_realtime::errors::RequestError;
use metered_realtime::events::{Connected, Disconnected, Message, Presence, ServerError};
use metered_realtime::{ReconnectOptions, State, SubscribeOptions};
use serde_json::json;

use crate::logs::Lines;
use crate::stage::Stage;
use crate::support::{Notes, connected, next, options, server, until, within};

#[tokio::test]
async fn e107_e108_a_lost_connection_and_the_reconnect_emit_their_events_in_order() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    peer.close(1001, "restart").await;
    let _peer = stage.welcome().await;
    until(|| notes.len() == 4).await;
    let expected = [
        "disconnected 1001 \"restart\", will reconnect: true",
        "connected -> reconnecting",
        "reconnecting -> connected",
        "connected, again: true",
    ];
    assert_eq!(notes.lines(), expected);
}

#[tokio::test]
async fn e109_a_lost_tcp_connection_is_1006() {
    let server = server().await;
    let client = connected(&server).await;
    let mut lost = client.events::<Disconnected>();
    let mut back = client.events::<Connected>();
    assert_eq!(server.drop_all(), 1);
    let event = next(&mut lost).await;
    assert_eq!((event.code, event.will_reconnect), (1006, true));
    assert!(next(&mut back).await.is_reconnect);
}

#[tokio::test]
async fn e111_a_final_code_is_final() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    peer.close(4020, "out").await;
    until(|| notes.len() == 2).await;
    let expected = ["disconnected 4020 \"out\", will reconnect: false", "connected -> closed"];
    assert_eq!(notes.lines(), expected);
    assert_eq!(client.state(), State::Closed);
}

#[tokio::test]
async fn e013_without_reconnect_a_drop_is_final() {
    let stage = Stage::new().await;
    let client = options(&stage.url()).reconnect(false).build().unwrap();
    let (connected, peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    let mut lost = client.events::<Disconnected>();
    drop(peer);
    assert!(!next(&mut lost).await.will_reconnect);
    assert_eq!(client.state(), State::Closed);
}

#[tokio::test]
async fn e091_e106_channels_come_back_once_each_and_in_order() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    for channel in ["c", "a", "b"] {
        let options = SubscribeOptions { include_sender_metadata: channel == "a" };
        let request = client.subscribe_with(channel, options);
        peer.ack().await;
        within(request).await.unwrap();
    }
    let request = client.unsubscribe("b");
    peer.ack().await;
    within(request).await.unwrap();
    drop(peer);
    let mut peer = stage.welcome().await;
    let (first, second) = (peer.ack().await, peer.ack().await);
    assert_eq!((&first["channel"], first.get("includeSenderMetadata")), (&"c".into(), None));
    assert_eq!((&second["channel"], &second["includeSenderMetadata"]), (&"a".into(), &true.into()));
    until(|| client.state() == State::Connected).await;
    client.publish("x", 1).detach();
    assert_eq!(peer.frame().await["type"], "publish");
}

#[tokio::test]
async fn a_subscription_survives_a_drop_of_the_real_server() {
    let server = server().await;
    let (alice, bob) = (connected(&server).await, connected(&server).await);
    within(alice.subscribe("room")).await.unwrap();
    let mut presence = alice.events::<Presence>();
    let mut messages = alice.events::<Message>();
    server.drop_all();
    assert_eq!(next(&mut presence).await.channel, "room");
    until(|| bob.state() == State::Connected).await;
    within(bob.publish("room", "welcome back")).await.unwrap();
    assert_eq!(next(&mut messages).await.data::<String>().unwrap(), "welcome back");
}

#[tokio::test]
async fn e076_inside_a_disconnected_handler_the_client_is_not_connected() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let seen = Arc::new(Mutex::new(None));
    let (inner, shared) = (client.clone(), Arc::clone(&seen));
    client.once(move |_: &Disconnected| {
        *shared.lock().unwrap() = Some((inner.state(), inner.publish("c", 1)));
    });
    drop(peer);
    until(|| seen.lock().unwrap().is_some()).await;
    let (state, request) = seen.lock().unwrap().take().unwrap();
    assert_eq!(state, State::Reconnecting);
    assert_eq!(within(request).await, Err(RequestError::NotConnected));
}

#[tokio::test]
async fn e120_running_out_of_retries_emits_one_final_event() {
    let stage = Stage::new().await;
    let options = options(&stage.url()).reconnect(metered_realtime::ReconnectOptions {
        max_attempts: Some(2),
        ..crate::support::quickly()
    });
    let client = options.build().unwrap();
    let (connected, peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    let notes = Notes::default();
    notes.follow(&client);
    drop((peer, stage));
    until(|| client.state() == State::Closed && notes.len() == 5).await;
    let finals = notes.lines().iter().filter(|line| line.ends_with("reconnect: false")).count();
    assert_eq!((finals, notes.lines().last().unwrap().as_str()), (1, "reconnecting -> closed"));
}

#[tokio::test]
async fn e157_e166_a_silent_server_gets_a_ping_and_is_then_given_up_at_once() {
    let stage = Stage::new().await;
    let client = options(&stage.url()).inactivity_timeout(Duration::from_secs(2)).build().unwrap();
    let (connected, mut peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    let mut lost = client.events::<Disconnected>();
    assert_eq!(peer.frame().await["type"], "ping");
    let event = next(&mut lost).await;
    assert_eq!(
        (event.code, event.reason.as_str(), event.will_reconnect),
        (4000, "inactivity timeout", true)
    );
    assert_eq!(peer.closed().await, Some((4000, "inactivity timeout".to_owned())));
}

#[tokio::test]
async fn e158_a_server_that_answers_pings_is_alive() {
    let stage = Stage::new().await;
    let client =
        options(&stage.url()).inactivity_timeout(Duration::from_millis(300)).build().unwrap();
    let (connected, mut peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    for _ in 0..6 {
        assert_eq!(peer.frame().await["type"], "ping");
        peer.send(r#"{"type":"pong"}"#).await;
    }
    assert_eq!(client.state(), State::Connected);
}

#[tokio::test]
async fn d21_the_log_tells_why_a_dial_failed() {
    let lines = Lines::default();
    let _guard = lines.collect();
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    peer.close(1012, "restart").await;
    stage.refuse(503, "Retry-After: 7").await;
    until(|| lines.text().contains("httpStatus=503 retryAfterMs=7000")).await;
    drop(stage);
    until(|| lines.text().contains("cause=") && lines.text().contains("refused")).await;
    within(client.close()).await;
}

#[tokio::test]
async fn d20_a_subscription_that_does_not_come_back_is_a_server_error() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut errors = client.events::<ServerError>();
    for channel in ["rooms/1", "räume/2"] {
        let (subscribed, _) = tokio::join!(client.subscribe(channel), peer.ack());
        subscribed.unwrap();
    }
    peer.close(1012, "restart").await;
    let mut peer = stage.welcome().await;
    for channel in ["rooms/1", "räume/2"] {
        let frame = peer.frame().await;
        assert_eq!((&frame["type"], &frame["channel"]), (&"subscribe".into(), &channel.into()));
        let id = &frame["requestId"];
        let error =
            json!({"type": "error", "code": "invalid_channel", "message": "no", "requestId": id});
        peer.send(error.to_string()).await;
        let event = next(&mut errors).await;
        assert_eq!(event.channel.as_deref(), Some(channel));
        assert_eq!(
            (event.code.as_str(), event.message.as_deref()),
            ("invalid_channel", Some("no"))
        );
    }
    assert_eq!(client.state(), State::Connected);
}

/// The clock of this runtime is advanced by the test.
#[tokio::test]
async fn retries_follow_the_paused_clock_of_tokio() {
    let stage = Stage::new().await;
    let reconnect = ReconnectOptions {
        initial_delay: Duration::from_secs(3600),
        max_delay: Duration::from_secs(3600),
        ..ReconnectOptions::default()
    };
    let client =
        options(&stage.url()).inactivity_timeout(None).reconnect(reconnect).build().unwrap();
    let (connected, peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    peer.close(1012, "restart").await;
    until(|| client.state() == State::Reconnecting).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    tokio::time::resume();
    let _peer = stage.welcome().await;
    until(|| client.state() == State::Connected).await;
}

//! `close()`.

use std::time::{Duration, Instant};

use metered_realtime::errors::{ConnectError, Outcome, RequestError};
use metered_realtime::events::{Connected, Disconnected, Message, StateChange};
use metered_realtime::{HandlerId, SignallingClient, State};
use tokio::io::AsyncReadExt;

use crate::stage::Stage;
use crate::support::{Notes, options, until, within};

#[tokio::test]
async fn e187_e191_the_server_sees_the_close_and_it_is_emitted_once() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    let close = client.close();
    assert_eq!(client.state(), State::Closed);
    let ((), seen) = tokio::join!(close, peer.closed());
    assert_eq!(seen, Some((1000, "client requested close".to_owned())));
    let expected = [
        "disconnected 1000 \"client requested close\", will reconnect: false",
        "connected -> closed",
    ];
    assert_eq!(notes.lines(), expected);
}

#[tokio::test]
async fn e188_the_server_sees_the_code_and_reason_of_the_caller() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let ((), seen) = tokio::join!(client.close_with(4321, "bye"), peer.closed());
    assert_eq!(seen, Some((4321, "bye".to_owned())));
}

#[tokio::test]
async fn e190_e193_close_waits_a_second_for_a_server_that_does_not_answer() {
    let stage = Stage::new().await;
    let (client, _peer) = stage.connected().await;
    let request = client.publish("c", 1);
    let start = Instant::now();
    within(client.close()).await;
    let took = start.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&took), "{took:?}");
    let error = within(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Disconnected { close_code: 1000, .. }), "{error:?}");
}

#[tokio::test]
async fn e194_closing_twice_is_closing_once() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    tokio::join!(client.close(), client.close(), peer.closed());
    within(client.close()).await;
    assert_eq!(notes.len(), 2);
}

#[tokio::test]
async fn e195_an_idle_client_can_be_closed() {
    let client = options("ws://127.0.0.1:9").build().unwrap();
    let notes = Notes::default();
    notes.follow(&client);
    within(client.close()).await;
    assert_eq!(notes.lines(), ["idle -> closed"]);
}

#[test]
fn an_idle_client_can_be_closed_without_a_runtime() {
    let client = options("ws://127.0.0.1:9").build().unwrap();
    let notes = Notes::default();
    notes.follow(&client);
    futures::executor::block_on(client.close());
    assert_eq!(notes.lines(), ["idle -> closed"]);
}

#[tokio::test]
async fn e196_e204_closing_while_connecting_fails_the_connect_and_leaves_no_socket() {
    let stage = Stage::new().await;
    let client = stage.client();
    let call = client.connect();
    let mut stream = stage.accept_tcp().await;
    let mut request = [0; 12];
    within(stream.read_exact(&mut request)).await.unwrap();
    assert_eq!(&request, b"GET /v1?key=");
    within(client.close()).await;
    assert!(matches!(within(call).await, Err(ConnectError::Closed { close_code: 1000, .. })));
    // The end of the connection, with or without a reset.
    let _ = within(stream.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn e197_nothing_is_emitted_after_a_close() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let seen = notes.clone();
    client.on(move |_: &Message| seen.write("message"));
    let close = client.close();
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    tokio::join!(close, peer.closed());
    assert_eq!(notes.len(), 0);
}

#[tokio::test]
async fn e198_a_client_can_be_closed_inside_every_handler() {
    type Register = fn(&SignallingClient, SignallingClient) -> HandlerId;
    let registers: [Register; 4] = [
        |client, inner| client.on(move |_: &Message| drop(inner.close())),
        |client, inner| client.on(move |_: &Connected| drop(inner.close())),
        |client, inner| client.on(move |_: &StateChange| drop(inner.close())),
        |client, inner| client.on(move |_: &Disconnected| drop(inner.close())),
    ];
    for register in registers {
        let stage = Stage::new().await;
        let client = stage.client();
        register(&client, client.clone());
        let call = client.connect();
        let server = tokio::spawn(async move {
            let mut peer = stage.welcome().await;
            peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
            peer.close(1001, "").await;
        });
        let _ = within(call).await;
        until(|| client.state() == State::Closed).await;
        within(client.close()).await;
        server.abort();
    }
}

#[tokio::test]
async fn e126_closing_inside_a_disconnected_handler_stops_the_retries() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let inner = client.clone();
    client.on(move |event: &Disconnected| {
        assert_eq!(
            inner.state(),
            if event.will_reconnect { State::Reconnecting } else { State::Closed }
        );
        drop(inner.close());
    });
    drop(peer);
    until(|| client.state() == State::Closed).await;
    let another = tokio::time::timeout(Duration::from_millis(300), stage.accept_tcp()).await;
    assert!(another.is_err(), "it dialled again");
}

#[tokio::test]
async fn e199_close_waits_a_second_for_a_slow_handler_and_lets_it_run_on() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (begun, ended) = (notes.clone(), notes.clone());
    client.on_async(move |_: Message| {
        begun.write("begun");
        let ended = ended.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            ended.write("ended");
        }
    });
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    until(|| notes.len() == 1).await;
    let start = Instant::now();
    tokio::join!(client.close(), peer.closed());
    let took = start.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_millis(1450)).contains(&took), "{took:?}");
    until(|| notes.len() == 2).await;
}

#[tokio::test]
async fn a_quick_handler_has_ended_when_the_close_is_done() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let shared = notes.clone();
    client.on_async(move |_: Disconnected| {
        let notes = shared.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            notes.write("ended");
        }
    });
    tokio::join!(client.close(), peer.closed());
    assert_eq!(notes.lines(), ["ended"]);
}

#[tokio::test]
async fn close_does_not_wait_for_a_handler_that_awaits_it() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (inner, shared) = (client.clone(), notes.clone());
    client.on_async(move |_: Message| {
        let (client, notes) = (inner.clone(), shared.clone());
        async move {
            let start = Instant::now();
            client.close().await;
            assert!(start.elapsed() < Duration::from_millis(800));
            notes.write("closed");
        }
    });
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    peer.closed().await;
    until(|| notes.len() == 1).await;
}

#[tokio::test]
async fn e200_e103_a_close_drops_handlers_and_channels() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    let subscribe = client.subscribe("a");
    peer.ack().await;
    within(subscribe).await.unwrap();
    tokio::join!(client.close(), peer.closed());
    let before = notes.len();
    let (again, mut peer) = tokio::join!(client.connect(), stage.welcome());
    again.unwrap();
    client.publish("first", 1).detach();
    assert_eq!(peer.frame().await["type"], "publish");
    assert_eq!(notes.len(), before);
}

#[tokio::test]
async fn a_handler_that_is_added_after_the_close_is_kept() {
    let stage = Stage::new().await;
    let (client, _silent) = stage.connected().await;
    drop(client.close());
    let notes = Notes::default();
    notes.follow(&client);
    let mut connected = client.events::<Connected>();
    let (again, _peer) = tokio::join!(client.connect(), stage.welcome());
    again.unwrap();
    assert_eq!(notes.lines().last().unwrap(), "connected, again: false");
    assert!(!crate::support::next(&mut connected).await.is_reconnect);
}

#[tokio::test]
async fn e193_a_close_fails_the_requests_in_flight() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let sent = client.publish("c", 1);
    peer.frame().await;
    let unsent = client.publish("c", 2);
    tokio::join!(client.close_with(4000, ""), peer.closed());
    let failed = |outcome| RequestError::Disconnected { close_code: 4000, outcome };
    assert_eq!(within(sent).await, Err(failed(Outcome::Unknown)));
    assert_eq!(within(unsent).await, Err(failed(Outcome::NotSent)));
}

//! Handles: what happens when they are dropped, or when the runtime ends.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use metered_realtime::errors::{ConnectError, RequestError};
use metered_realtime::events::{Disconnected, Message, StateChange};
use metered_realtime::{SignallingClient, State};

use crate::stage::Stage;
use crate::support::{Notes, options, server, until, within};

#[tokio::test]
async fn e203_dropping_the_last_handle_closes_the_connection() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let clone = client.clone();
    drop(client);
    let mut messages = clone.events::<Message>();
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    assert!(within(messages.next()).await.is_some(), "a clone keeps it alive");
    let request = clone.publish("c", 1);
    peer.frame().await;
    drop(clone);
    assert_eq!(peer.closed().await, Some((1000, "client requested close".to_owned())));
    assert!(matches!(
        within(request).await,
        Err(RequestError::Disconnected { close_code: 1000, .. })
    ));
    assert_eq!(within(messages.next()).await, None);
}

#[tokio::test]
async fn e203_dropping_the_last_handle_ends_the_retries() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    drop(peer);
    until(|| client.state() == State::Reconnecting).await;
    drop(client);
    let another = tokio::time::timeout(Duration::from_millis(300), stage.accept()).await;
    assert!(another.is_err(), "it dialled again");
}

#[tokio::test]
async fn the_server_sees_dropped_clients_go() {
    let server = server().await;
    let client = crate::support::connected(&server).await;
    assert_eq!(server.connection_count(), 1);
    drop(client);
    until(|| server.connection_count() == 0).await;
}

#[tokio::test]
async fn dropping_a_client_that_never_connected_ends_its_streams() {
    let client = options("ws://127.0.0.1:9").build().unwrap();
    let mut changes = client.events::<StateChange>();
    drop(client);
    assert_eq!(within(changes.next()).await, None);
}

#[tokio::test]
async fn a_weak_handle_does_not_keep_the_client_alive() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let weak = client.downgrade();
    let inner = weak.clone();
    client.on(move |_: &Message| inner.upgrade().unwrap().publish("c", "answer").detach());
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    assert_eq!(peer.frame().await["data"], "answer");
    drop(client);
    assert!(weak.upgrade().is_none());
    assert!(peer.closed().await.is_some());
}

#[tokio::test]
async fn a_handler_that_drops_the_last_handle_is_fine() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let handle = std::sync::Mutex::new(Some(client.clone()));
    client.on(move |_: &Message| drop(handle.lock().unwrap().take()));
    drop(client);
    peer.send(r#"{"type":"message","channel":"c","from":"p","data":1}"#).await;
    assert!(peer.closed().await.is_some());
}

#[test]
fn the_end_of_the_runtime_closes_the_client_and_another_runtime_can_connect_it() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let (stage, client, peer) = first.block_on(async {
        let stage = Stage::new().await;
        let (client, peer) = stage.connected().await;
        (stage, client, peer)
    });
    let mut messages = client.events::<Message>();
    let request = client.publish("c", 1);
    drop((stage, peer));
    drop(first);
    assert_eq!(client.state(), State::Closed);
    let second = runtime();
    second.block_on(async {
        assert_eq!(within(messages.next()).await, None);
        assert!(within(request).await.is_err());
        let error = within(client.connect()).await.unwrap_err();
        assert!(matches!(error, ConnectError::Closed { close_code: 1006, .. }), "{error:?}");
    });
}

/// A client that is connected in a runtime of its own, which is shut down when `end` is called.
fn in_a_runtime(flavour: &str) -> (SignallingClient, impl FnOnce() + use<>) {
    let mut builder = match flavour {
        "one thread" => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().unwrap();
    let (client, stage, peer) = runtime.block_on(async {
        let stage = Stage::new().await;
        let (client, peer) = stage.connected().await;
        (client, stage, peer)
    });
    let end = move || {
        // The runtime goes first, so that the client does not see a lost connection.
        drop(runtime);
        drop((stage, peer));
    };
    (client, end)
}

#[test]
fn when_the_runtime_ends_handlers_and_streams_get_the_final_events() {
    for flavour in ["one thread", "many threads"] {
        let (client, end_runtime) = in_a_runtime(flavour);
        let notes = Notes::default();
        notes.follow(&client);
        let late = notes.clone();
        client.on_async(move |_: Disconnected| {
            let late = late.clone();
            async move { late.write("an asynchronous handler cannot run any more") }
        });
        let stream = client.events::<Disconnected>();
        let request = client.publish("c", 1);
        end_runtime();
        let reason = "the runtime was shut down";
        assert_eq!(
            notes.lines(),
            [
                format!("disconnected 1006 {reason:?}, will reconnect: false"),
                "connected -> closed".to_owned()
            ],
            "{flavour}"
        );
        let events: Vec<_> = futures::executor::block_on(stream.collect());
        assert_eq!(events.len(), 1, "and then the stream ends");
        assert!(!events[0].will_reconnect);
        let error = futures::executor::block_on(request).unwrap_err();
        assert!(matches!(error, RequestError::Disconnected { .. }), "{error:?}");
    }
}

#[test]
fn handlers_may_call_anything_while_the_runtime_ends() {
    for flavour in ["one thread", "many threads"] {
        let (client, end_runtime) = in_a_runtime(flavour);
        let notes = Notes::default();
        let (weak, written) = (client.downgrade(), notes.clone());
        client.once(move |event: &StateChange| {
            let client = weak.upgrade().unwrap();
            written.write(format!("{:?}", event.to));
            let connect = futures::executor::block_on(client.connect());
            written.write(format!("{connect:?}"));
            client.close().now_or_never();
            client.publish("c", 1).detach();
        });
        end_runtime();
        assert_eq!(notes.lines(), ["Closed", "Err(Unavailable)"], "{flavour}");
        // Elsewhere the client can be used again.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(async { within(client.connect()).await }).unwrap_err();
        assert_eq!(error.close_code(), Some(1006), "{error:?}");
    }
}

#[test]
fn handles_futures_and_streams_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    fn is_shared<T: Sync>() {}
    moves::<metered_realtime::SignallingClient>();
    is_shared::<metered_realtime::SignallingClient>();
    moves::<metered_realtime::Connect>();
    moves::<metered_realtime::Request>();
    moves::<metered_realtime::Close>();
    moves::<metered_realtime::EventStream<Message>>();
    moves::<Message>();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_use_one_client_at_once() {
    let server = metered_realtime_server::Server::start(metered_realtime_server::Config::relaxed());
    let server = within(server).await.unwrap();
    let client = crate::support::connected(&server).await;
    let other = crate::support::connected(&server).await;
    let mut messages = other.events::<Message>();
    within(other.subscribe("c")).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let client = client.clone();
            tokio::spawn(async move {
                for n in 0..250 {
                    client.publish("c", (task, n)).await.unwrap();
                }
            })
        })
        .collect();
    let mut last = [-1; 8];
    for _ in 0..2000 {
        let (task, n) = crate::support::next(&mut messages).await.data::<(usize, i32)>().unwrap();
        assert_eq!(n, last[task] + 1, "the order of one task is kept");
        last[task] = n;
    }
    for task in tasks {
        within(task).await.unwrap();
    }
}

//! Streams of events.

use futures::stream::FusedStream;
use futures::{Stream, StreamExt};
use metered_realtime::EventStream;
use metered_realtime::events::{Connected, Direct, Disconnected, Message};

use crate::stage::{Peer, Stage};
use crate::support::{Notes, next, until, within};

/// Sends numbered messages, and waits until they were emitted.
async fn send(
    peer: &mut Peer,
    client: &metered_realtime::SignallingClient,
    numbers: std::ops::Range<u32>,
) {
    let mut end = client.events::<Direct>();
    for n in numbers {
        peer.send(format!(r#"{{"type":"message","channel":"c","from":"p","data":{n}}}"#)).await;
    }
    peer.send(r#"{"type":"direct","from":"p","data":0}"#).await;
    next(&mut end).await;
}

async fn rest(mut stream: EventStream<Message>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Some(message) = within(stream.next()).await {
        all.push(message.data().unwrap());
    }
    assert!(stream.is_terminated());
    all
}

#[tokio::test]
async fn e218_a_full_stream_drops_the_oldest_and_counts_it() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut stream = client.events_with_capacity::<Message>(3);
    send(&mut peer, &client, 0..5).await;
    assert_eq!(stream.lagged(), 2);
    stream.close();
    assert_eq!(rest(stream).await, [2, 3, 4]);
}

#[tokio::test]
async fn e219_a_capacity_of_zero_is_no_limit() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut stream = client.events_with_capacity::<Message>(0);
    send(&mut peer, &client, 0..5000).await;
    assert_eq!((stream.lagged(), stream.size_hint().0), (0, 5000));
    stream.close();
    assert_eq!(rest(stream).await.len(), 5000);
}

#[tokio::test]
async fn e220_a_dropped_stream_is_unsubscribed() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let kept = client.events::<Message>();
    drop(client.events::<Message>());
    send(&mut peer, &client, 0..2).await;
    drop(client);
    assert_eq!(rest(kept).await, [0, 1]);
}

#[tokio::test]
async fn e221_e222_a_closed_stream_yields_its_buffered_events_and_then_stays_ended() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut stream = client.events::<Message>();
    send(&mut peer, &client, 0..2).await;
    stream.close();
    send(&mut peer, &client, 2..4).await;
    assert_eq!(next(&mut stream).await.data::<u32>().unwrap(), 0);
    assert_eq!(next(&mut stream).await.data::<u32>().unwrap(), 1);
    for _ in 0..3 {
        assert_eq!(within(stream.next()).await, None);
    }
}

#[tokio::test]
async fn e223_a_close_ends_all_streams_after_the_last_event() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut lost = client.events::<Disconnected>();
    let messages = client.events::<Message>();
    send(&mut peer, &client, 0..1).await;
    tokio::join!(client.close(), peer.closed());
    assert_eq!(next(&mut lost).await.code, 1000);
    assert_eq!(within(lost.next()).await, None);
    assert_eq!(rest(messages).await, [0]);
}

#[tokio::test]
async fn e224_every_listener_gets_every_event_and_handlers_get_it_first() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let (one, two) = (client.events::<Message>(), client.events::<Message>());
    let notes = Notes::default();
    let shared = notes.clone();
    client.on(move |_: &Message| shared.write("handler"));
    send(&mut peer, &client, 0..2).await;
    drop(client);
    assert_eq!((rest(one).await, rest(two).await, notes.len()), (vec![0, 1], vec![0, 1], 2));
}

#[tokio::test]
async fn a_reconnect_ends_no_stream() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let mut connected = client.events::<Connected>();
    drop(peer);
    let _peer = stage.welcome().await;
    assert!(next(&mut connected).await.is_reconnect);
}

#[tokio::test]
async fn a_final_exit_ends_all_streams_but_those_that_its_handlers_make() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let mut before = client.events::<Connected>();
    let after = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (inner, shared) = (client.downgrade(), after.clone());
    client.on(move |event: &Disconnected| {
        assert!(!event.will_reconnect);
        let client = inner.upgrade().unwrap();
        *shared.lock().unwrap() = Some(client.events::<Connected>());
        client.connect().detach();
    });
    let (mut peer, ()) = tokio::join!(stage.welcome(), peer.close(4020, "out"));
    assert_eq!(within(before.next()).await, None);
    until(|| after.lock().unwrap().is_some()).await;
    let mut stream = after.lock().unwrap().take().unwrap();
    assert!(!next(&mut stream).await.is_reconnect);
    peer.send("{}").await;
}

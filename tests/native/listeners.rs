//! Handlers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use metered_realtime::events::{Direct, Message};
use metered_realtime::{EventStream, HandlerId, SignallingClient};

use crate::stage::{Peer, Stage};
use crate::support::{Notes, next, until, within};

/// Sends messages, and waits until all of them were emitted.
async fn send(peer: &mut Peer, client: &SignallingClient, count: usize) {
    let seen = Notes::default();
    let counter = seen.clone();
    let last = client.on(move |_: &Direct| counter.write("end"));
    for n in 0..count {
        peer.send(format!(r#"{{"type":"message","channel":"c","from":"p","data":{n}}}"#)).await;
    }
    peer.send(r#"{"type":"direct","from":"p","data":0}"#).await;
    until(|| seen.len() == 1).await;
    client.off(last);
}

fn note(notes: &Notes, client: &SignallingClient, line: &'static str) -> HandlerId {
    let notes = notes.clone();
    client.on(move |_: &Message| notes.write(line))
}

#[tokio::test]
async fn e205_e225_handlers_run_for_their_own_type_in_the_order_in_which_they_were_added() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    for line in ["a", "b", "c"] {
        note(&notes, &client, line);
    }
    send(&mut peer, &client, 1).await;
    assert_eq!(notes.lines(), ["a", "b", "c"]);
}

#[tokio::test]
async fn e206_a_handler_that_is_removed_during_a_dispatch_still_runs_once() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let second: Arc<Mutex<Option<HandlerId>>> = Arc::default();
    let (inner, id) = (client.downgrade(), Arc::clone(&second));
    client.on(move |_: &Message| {
        if let Some(id) = id.lock().unwrap().take() {
            assert!(inner.upgrade().unwrap().off(id));
        }
    });
    *second.lock().unwrap() = Some(note(&notes, &client, "second"));
    send(&mut peer, &client, 2).await;
    assert_eq!(notes.lines(), ["second"]);
}

#[tokio::test]
async fn e207_a_handler_that_is_added_during_a_dispatch_waits_for_the_next_event() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (inner, shared) = (client.downgrade(), notes.clone());
    client.once(move |_: &Message| {
        let notes = shared.clone();
        inner.upgrade().unwrap().on(move |event: &Message| notes.write(event.data.json()));
    });
    send(&mut peer, &client, 2).await;
    assert_eq!(notes.lines(), ["1"]);
}

#[tokio::test]
async fn adding_and_removing_listeners_takes_effect_from_the_next_message_on_even_if_it_has_arrived()
 {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let streams: Arc<Mutex<Vec<EventStream<Message>>>> = Arc::default();
    let leaves = note(&notes, &client, "leaves");
    let (inner, shared, held) = (client.downgrade(), notes.clone(), Arc::clone(&streams));
    client.once(move |_: &Message| {
        let client = inner.upgrade().unwrap();
        assert!(client.off(leaves));
        note(&shared, &client, "comes");
        held.lock().unwrap().push(client.events());
    });
    let message =
        |data: u8| format!(r#"{{"type":"message","channel":"c","from":"p","data":{data}}}"#);
    peer.send_together([message(1), message(2), message(3)]).await;
    until(|| notes.len() == 3).await;
    assert_eq!(notes.lines(), ["leaves", "comes", "comes"]);
    let mut stream = streams.lock().unwrap().pop().unwrap();
    assert_eq!(next(&mut stream).await.data.json(), "2");
}

#[tokio::test]
async fn e208_e212_each_registration_is_removed_by_its_own_id() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let first = note(&notes, &client, "x");
    note(&notes, &client, "x");
    assert!(client.off(first));
    assert!(!client.off(first), "it is gone already");
    send(&mut peer, &client, 1).await;
    assert_eq!(notes.len(), 1);
}

#[tokio::test]
async fn e209_e211_once_is_once_and_can_be_removed_before() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (one, other) = (notes.clone(), notes.clone());
    client.once(move |_: &Message| one.write("once"));
    let removed = client.once(move |_: &Message| other.write("never"));
    assert!(client.off(removed));
    send(&mut peer, &client, 3).await;
    assert_eq!(notes.lines(), ["once"]);
}

#[tokio::test]
async fn e213_a_handler_that_panics_harms_nobody() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    client.on(|_: &Message| panic!("in a handler"));
    client.on(|_: &Message| std::panic::panic_any(PanicsWhenDropped));
    note(&notes, &client, "sibling");
    send(&mut peer, &client, 2).await;
    assert_eq!(notes.len(), 2);
    client.publish("c", 1).detach();
    assert_eq!(peer.frame().await["type"], "publish");
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("in a destructor");
        }
    }
}

#[tokio::test]
async fn e214_e215_asynchronous_handlers_delay_nothing_and_may_panic() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let shared = notes.clone();
    client.on_async(move |event: Message| {
        let notes = shared.clone();
        async move {
            if event.data.json() == "0" {
                panic!("in a task");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            notes.write(format!("slow {}", event.data.json()));
        }
    });
    let quick = notes.clone();
    client.on(move |event: &Message| quick.write(format!("quick {}", event.data.json())));
    send(&mut peer, &client, 3).await;
    assert_eq!(notes.lines(), ["quick 0", "quick 1", "quick 2"]);
    until(|| notes.len() == 5).await;
}

#[tokio::test]
async fn e210_an_event_that_a_handler_causes_follows_the_current_one() {
    let stage = Stage::new().await;
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let (inner, shared) = (client.clone(), notes.clone());
    client.once(move |_: &metered_realtime::events::Connected| {
        drop(inner.close());
        shared.write("still in connected");
    });
    let call = client.connect();
    let _peer = stage.welcome().await;
    let _ = within(call).await;
    until(|| notes.len() == 6).await;
    assert_eq!(notes.lines()[2..4], ["connected, again: false", "still in connected"]);
    assert_eq!(notes.lines()[5], "connected -> closed");
}

//! The Rust surface in a browser: handlers, streams, re-entrancy, and what dropping a handle does.

use std::cell::RefCell;
use std::rc::Rc;

use futures::StreamExt;
use futures::stream::FusedStream;
use metered_realtime::events::{
    Connected, Direct, Disconnected, Event, GoingAway, Message, Presence, ServerError, StateChange,
};
use metered_realtime::{EventStream, SignallingClient, State};
use wasm_bindgen_test::wasm_bindgen_test;

use super::rust_api_stage::{DropNote, Notes, Stage, Timers, next, pass, until, within};

// ---- handlers ----

#[wasm_bindgen_test]
async fn handlers_run_in_their_order_until_they_are_removed() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    let on = |name: &'static str| {
        let notes = notes.clone();
        client.on(move |_: &Message| notes.write(name))
    };
    let (one, _two) = (on("one"), on("two"));
    let shared = notes.clone();
    client.once(move |_: &Message| shared.write("once"));
    socket.message("1");
    assert!(client.off(one));
    assert!(!client.off(one));
    socket.message("2");
    assert_eq!(notes.take(), ["one", "two", "once", "two"]);
}

#[wasm_bindgen_test]
async fn asynchronous_handlers_have_a_task_for_each_event() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    let shared = notes.clone();
    client.on_async(move |message: Message| {
        let notes = shared.clone();
        async move {
            let ms: u32 = message.data().unwrap();
            pass(ms).await;
            notes.write(format!("slept {ms}"));
        }
    });
    socket.message("80");
    socket.message("1");
    assert_eq!(notes.len(), 0, "no handler runs inside of the event");
    until(|| notes.len() == 2).await;
    assert_eq!(notes.take(), ["slept 1", "slept 80"]);
}

// ---- streams ----

#[wasm_bindgen_test]
async fn e218_e219_a_full_stream_drops_the_oldest_and_counts_it() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let (mut small, unbounded) =
        (client.events_with_capacity::<Message>(3), client.events_with_capacity::<Message>(0));
    drop(client.events::<Message>());
    for number in 0..5_000 {
        socket.message(&number.to_string());
    }
    assert_eq!((small.lagged(), unbounded.lagged()), (4_997, 0));
    small.close();
    socket.message("5000");
    assert_eq!(rest(small).await, [4_997, 4_998, 4_999]);
    drop(client);
    pass(0).await;
    socket.closed(1000, "");
    assert_eq!(rest(unbounded).await.len(), 5_001);
}

#[wasm_bindgen_test]
async fn a_final_exit_ends_streams_but_not_those_that_its_handlers_make() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let mut before = client.events::<Connected>();
    let after = Rc::new(RefCell::new(None));
    let (inner, shared) = (client.downgrade(), after.clone());
    client.on(move |event: &Disconnected| {
        assert!(!event.will_reconnect);
        let Some(client) = inner.upgrade() else { return };
        *shared.borrow_mut() = Some(client.events::<Connected>());
        client.connect().detach();
        assert_eq!(client.state(), State::Connecting);
    });
    socket.closed(4020, "out");
    assert_eq!(within(before.next()).await, None);
    stage.dialled(2).await.welcome();
    let mut stream = after.take().unwrap();
    assert!(!next(&mut stream).await.is_reconnect);
}

async fn rest(mut stream: EventStream<Message>) -> Vec<u32> {
    let mut all = Vec::new();
    while let Some(message) = within(stream.next()).await {
        all.push(message.data().unwrap());
    }
    assert!(stream.is_terminated());
    all
}

// ---- re-entrancy ----

/// Calls everything but `close`.
fn call_everything(client: &SignallingClient) {
    let _ = client.state();
    client.connect().detach();
    drop(client.connect());
    client.subscribe("r").detach();
    drop(client.subscribe("dropped"));
    client.publish("r", 1).detach();
    drop(client.publish("r", 2));
    client.send("p", 1).detach();
    client.unsubscribe("r").detach();
    let id = client.on(|_: &Message| {});
    client.once(|_: &Message| {});
    client.on_async(|_: Presence| async {});
    assert!(client.off(id));
    drop(client.events::<Message>());
    drop(client.clone());
}

async fn everything_in<E: Event>() {
    for then_close in [false, true] {
        let stage = Stage::new();
        let client = stage.client();
        let notes = Notes::default();
        let (inner, shared) = (client.clone(), notes.clone());
        client.on(move |_: &E| {
            call_everything(&inner);
            if then_close {
                drop(inner.close());
                assert_eq!(inner.state(), State::Closed);
            }
            shared.write("called");
        });
        client.connect().detach();
        let mut dial = 0;
        while notes.len() == 0 {
            pass(1).await;
            if stage.dials() == dial {
                continue;
            }
            dial = stage.dials();
            let socket = stage.dialled(dial).await;
            socket.welcome();
            socket.message("1");
            socket.receive(r#"{"type":"direct","from":"p","data":1}"#);
            socket.receive(r#"{"type":"presence","channel":"c","joined":[],"left":[]}"#);
            socket.receive(r#"{"type":"error","code":"internal_error"}"#);
            socket.receive(r#"{"type":"going_away","retryAfterMs":5}"#);
            socket.closed(1006, "");
        }
        // A handler may have connected it again at the first close. The second close finds no handler.
        within(client.close()).await;
        within(client.close()).await;
        assert_eq!(client.state(), State::Closed, "{}", E::NAME);
    }
}

#[wasm_bindgen_test]
async fn everything_can_be_called_in_every_handler() {
    everything_in::<StateChange>().await;
    everything_in::<Connected>().await;
    everything_in::<Disconnected>().await;
    everything_in::<Message>().await;
    everything_in::<Direct>().await;
    everything_in::<Presence>().await;
    everything_in::<ServerError>().await;
    everything_in::<GoingAway>().await;
}

#[wasm_bindgen_test]
async fn a_call_from_a_handler_takes_effect_at_once_and_its_events_follow() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    let (inner, shared) = (client.clone(), notes.clone());
    client.on(move |message: &Message| {
        shared.write(format!("message {}", message.data.json()));
        drop(inner.close());
        shared.write(format!("then {}", inner.state().name()));
    });
    socket.message("1");
    socket.message("2");
    assert_eq!(
        notes.take(),
        [
            "message 1",
            "then closed",
            "disconnected 1000 \"client requested close\" for good",
            "connected > closed"
        ]
    );
    socket.closed(1000, "");
}

// ---- handles ----

#[wasm_bindgen_test]
async fn e203_dropping_the_last_handle_closes_the_connection_and_leaves_nothing_behind() {
    let stage = Stage::new();
    let timers = Timers::watch();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    let held = DropNote(notes.clone());
    client.on(move |_: &Message| held.0.write("unexpected"));
    let clone = client.clone();
    drop(client);
    pass(0).await;
    assert_eq!(socket.close_calls(), [""; 0], "a clone keeps it alive");
    let request = clone.publish("c", 1);
    let messages = clone.events::<Message>();
    drop(clone);
    pass(0).await;
    assert_eq!(socket.close_calls(), ["1000 client requested close"]);
    socket.closed(1000, "");
    assert!(within(request).await.is_err());
    assert_eq!(rest(messages).await, [0; 0]);
    assert_eq!(notes.take(), ["dropped"]);
    pass(0).await;
    assert_eq!((socket.listeners(), timers.live_count()), (0, 0));
    timers.stop();
}

#[wasm_bindgen_test]
async fn a_dropped_client_whose_peer_never_answers_is_gone_after_a_second() {
    let stage = Stage::new();
    let timers = Timers::watch();
    let (client, socket) = stage.connected().await;
    let mut messages = client.events::<Message>();
    drop(client);
    assert_eq!(within(messages.next()).await, None);
    pass(0).await;
    assert_eq!((socket.listeners(), timers.live_count()), (0, 0));
    timers.stop();
}

#[wasm_bindgen_test]
async fn e203_dropping_the_last_handle_ends_dials_and_retries() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    socket.closed(1006, "");
    assert_eq!(client.state(), State::Reconnecting);
    drop(client);
    let client = stage.client();
    client.connect().detach();
    let dialled = stage.dialled(2).await;
    drop(client);
    pass(100).await;
    assert_eq!(dialled.close_calls().len(), 1);
    assert_eq!(stage.dials(), 2);
}

#[wasm_bindgen_test]
async fn dropping_a_client_that_never_connected_ends_its_streams() {
    let client = super::rust_api_stage::options().build().unwrap();
    let notes = Notes::default();
    let held = DropNote(notes.clone());
    client.on(move |_: &Message| held.0.write("unexpected"));
    let mut changes = client.events::<StateChange>();
    drop(client);
    assert_eq!(notes.take(), ["dropped"]);
    assert_eq!(within(changes.next()).await, None);
}

#[wasm_bindgen_test]
async fn a_weak_handle_does_not_keep_the_client_alive() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let weak = client.downgrade();
    let inner = weak.clone();
    client.on(move |_: &Message| inner.upgrade().unwrap().publish("c", "answer").detach());
    socket.message("1");
    pass(0).await;
    assert!(socket.texts()[0].contains("answer"));
    drop(client);
    assert!(weak.upgrade().is_none());
}

#[wasm_bindgen_test]
async fn a_handler_that_drops_the_last_handle_is_fine() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let handle = RefCell::new(Some(client.clone()));
    client.on(move |_: &Message| drop(handle.take()));
    drop(client);
    socket.message("1");
    assert_eq!(socket.close_calls(), ["1000 client requested close"]);
    socket.closed(1000, "");
    pass(0).await;
    assert_eq!(socket.listeners(), 0);
}

#[wasm_bindgen_test]
async fn clients_come_and_go_without_a_trace() {
    let stage = Stage::new();
    let mut live = Vec::new();
    for _ in 0..5 {
        for _ in 0..20 {
            let (client, socket) = stage.connected().await;
            client.on(|_: &Message| {});
            client.on_async(|_: Message| async {});
            let mut messages = client.events::<Message>();
            client.subscribe("c").detach();
            socket.message(r#"{"a":[1]}"#);
            next(&mut messages).await;
            drop(client);
            pass(0).await;
            socket.closed(1000, "");
            pass(0).await;
        }
        live.push(wasm_bindgen::externref_heap_live_count());
    }
    // The first round may fill caches, and clients of earlier tests may only now be gone.
    assert!(live[4] <= live[1], "{live:?}");
}

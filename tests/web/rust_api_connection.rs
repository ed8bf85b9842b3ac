//! The Rust surface in a browser: connecting, losing the connection, closing (with fake sockets).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use metered_realtime::errors::{ConnectError, RequestError};
use metered_realtime::events::{
    Connected, Disconnected, Message, Presence, StateChange, TokenProviderError,
};
use metered_realtime::{ReconnectOptions, SignallingClient, State, SubscribeOptions};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::rust_api_stage::{
    DropNote, Notes, Page, Stage, Timers, next, object, options, pass, quickly, until, within,
};

// ---- connect ----

#[wasm_bindgen_test]
async fn a_client_connects_and_emits_its_events_before_the_call_is_answered() {
    let stage = Stage::new();
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    assert_eq!(client.state(), State::Idle);
    let connect = client.connect();
    assert_eq!(client.state(), State::Connecting);
    let socket = stage.dialled(1).await;
    assert_eq!(stage.addresses(), ["wss://rms.example/v1?key=pk_test"]);
    socket.welcome();
    within(connect).await.unwrap();
    assert_eq!(notes.take(), ["idle > connecting", "connecting > connected", "connected as me"]);
    assert_eq!(client.state(), State::Connected);
}

#[wasm_bindgen_test]
async fn nothing_of_the_users_runs_inside_of_a_call() {
    let stage = Stage::new();
    let client = stage.client();
    let borrowed = Rc::new(RefCell::new(0));
    let shared = borrowed.clone();
    client.on(move |_: &StateChange| *shared.borrow_mut() += 1);
    {
        let _busy = borrowed.borrow_mut();
        client.connect().detach();
        drop(client.close());
    }
    assert_eq!(*borrowed.borrow(), 0);
    within(client.close()).await;
    assert_eq!(*borrowed.borrow(), 2);
}

#[wasm_bindgen_test]
async fn without_a_websocket_a_client_can_be_made_but_not_connected() {
    let stage = Stage::new();
    stage.remove_websocket();
    let client = stage.client();
    let error = within(client.connect()).await.unwrap_err();
    assert_eq!(error, ConnectError::Unavailable);
    assert!(error.to_string().contains("WebSocket"), "{error}");
    assert_eq!(client.state(), State::Closed);
    drop(stage);
    let stage = Stage::new();
    stage.connect(client).await;
}

#[wasm_bindgen_test]
async fn a_socket_that_cannot_be_made_fails_the_connect_and_shows_no_credential() {
    let stage = Stage::new();
    stage.refuse();
    let error = within(stage.client().connect()).await.unwrap_err();
    assert_eq!(error.close_code(), Some(1006));
    let ConnectError::Closed { cause: Some(cause), .. } = &error else { panic!("{error:?}") };
    assert!(cause.contains("cannot dial"), "{cause}");
    assert!(!format!("{error:?} {error}").contains("pk_test"), "{error:?}");
}

#[wasm_bindgen_test]
async fn a_socket_that_lets_nobody_listen_fails_the_connect() {
    let stage = Stage::new();
    stage.deafen();
    let client = stage.client();
    let error = within(client.connect()).await.unwrap_err();
    assert_eq!((error.close_code(), client.state()), (Some(1006), State::Closed));
}

#[wasm_bindgen_test]
async fn a_dropped_connect_leaves_the_client_closed_with_its_handlers() {
    let stage = Stage::new();
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let connect = client.connect();
    let socket = stage.dialled(1).await;
    drop(connect);
    assert_eq!(client.state(), State::Closed);
    pass(0).await;
    assert_eq!(socket.close_calls().len(), 1);
    assert_eq!(socket.listeners(), 0);
    stage.connect(client).await;
    assert_eq!(
        notes.take(),
        [
            "idle > connecting",
            "connecting > closed",
            "closed > connecting",
            "connecting > connected",
            "connected as me"
        ]
    );
}

#[wasm_bindgen_test]
async fn connect_in_a_wrong_state_is_refused() {
    let stage = Stage::new();
    let (client, _socket) = stage.connected().await;
    let error = within(client.connect()).await.unwrap_err();
    assert_eq!(error, ConnectError::WrongState { state: State::Connected });
    assert_eq!(stage.dials(), 1);
}

#[wasm_bindgen_test]
fn options_are_checked_when_the_client_is_made() {
    let error = SignallingClient::builder().build().unwrap_err();
    assert_eq!(error.option(), "api_key or token_provider");
    let error = options().url("http://rms.example").build().unwrap_err();
    assert_eq!(error.option(), "url");
    let shown = format!("{:?} {:?}", options(), options().build().unwrap());
    assert!(!shown.contains("pk_test"), "{shown}");
}

// ---- the page ----

#[wasm_bindgen_test]
async fn the_return_of_the_page_or_the_network_is_a_reason_to_ask_for_a_sign_of_life() {
    let stage = Stage::new();
    let page = Page::take();
    let (client, socket) = stage.connected().await;
    let asks = |event: &str, details: JsValue| {
        let before = socket.texts().len();
        page.fire(event, &details);
        let texts = socket.texts().split_off(before);
        socket.receive(r#"{"type":"pong"}"#);
        texts == [r#"{"type":"ping"}"#]
    };
    let shown = |persisted: bool| object([("persisted", persisted.into())]);
    assert!(asks("online", JsValue::UNDEFINED));
    assert!(asks("resume", JsValue::UNDEFINED));
    assert!(asks("pageshow", shown(true)));
    assert!(!asks("pageshow", shown(false)));
    assert!(asks("visibilitychange", JsValue::UNDEFINED));
    page.show("hidden");
    assert!(!asks("visibilitychange", JsValue::UNDEFINED));
    assert_eq!(page.listeners(), 4);
    within(client.close()).await;
    assert_eq!(page.listeners(), 0);
    page.restore();
}

// ---- tokens ----

#[wasm_bindgen_test]
async fn an_asynchronous_token_provider_is_asked_before_every_dial() {
    let stage = Stage::new();
    let asked = Rc::new(RefCell::new(0));
    let count = asked.clone();
    let client = with_provider(move || {
        let count = count.clone();
        async move {
            pass(1).await;
            *count.borrow_mut() += 1;
            Ok::<_, String>(format!("token {}", count.borrow()))
        }
    });
    let (client, socket) = stage.connect(client).await;
    socket.closed(1006, "");
    stage.dialled(2).await.welcome();
    until(|| client.state() == State::Connected).await;
    assert_eq!(
        stage.addresses(),
        ["wss://rms.example/v1?token=token%201", "wss://rms.example/v1?token=token%202"]
    );
}

#[wasm_bindgen_test]
async fn the_error_of_a_provider_keeps_its_text_without_credentials() {
    let stage = Stage::new();
    let client = with_provider(|| async { Err::<String, _>("no session: ?token=secret1") });
    let error = within(client.connect()).await.unwrap_err();
    let ConnectError::TokenProvider(failure) = &error else { panic!("{error:?}") };
    assert!(failure.message().contains("no session"), "{failure}");
    assert!(!format!("{error:?}").contains("secret1"), "{error:?}");
    assert_eq!((client.state(), stage.dials()), (State::Closed, 0));
}

#[wasm_bindgen_test]
async fn a_provider_that_goes_on_failing_is_an_event() {
    let stage = Stage::new();
    let broken = Rc::new(RefCell::new(false));
    let shared = broken.clone();
    let client = with_provider(move || {
        let broken = *shared.borrow();
        async move { if broken { Err("gone") } else { Ok("token") } }
    });
    let mut failures = client.events::<TokenProviderError>();
    let (client, socket) = stage.connect(client).await;
    *broken.borrow_mut() = true;
    socket.closed(1006, "");
    let reported = next(&mut failures).await;
    assert_eq!((reported.consecutive_failures, reported.err.message()), (3, "gone"));
    within(client.close()).await;
}

#[wasm_bindgen_test]
async fn closing_drops_what_the_provider_does() {
    let stage = Stage::new();
    let notes = Notes::default();
    let shared = notes.clone();
    let client = with_provider(move || {
        let held = DropNote(shared.clone());
        async move {
            std::future::pending::<()>().await;
            drop(held);
            "never"
        }
    });
    let connect = client.connect();
    pass(0).await;
    within(client.close()).await;
    assert_eq!(within(connect).await.unwrap_err().close_code(), Some(1000));
    until(|| notes.len() == 1).await;
    assert_eq!(stage.dials(), 0);
}

// ---- drops ----

#[wasm_bindgen_test]
async fn a_lost_link_is_dialled_again_and_subscribes_again() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    notes.follow(&client);
    let mut messages = client.events::<Message>();
    let subscribed = SubscribeOptions { include_sender_metadata: true };
    client.subscribe_with("c", subscribed).detach();
    let published = client.publish("c", 1);
    pass(0).await;
    socket.ack(2);
    socket.closed(1006, "");
    let error = within(published).await.unwrap_err();
    assert!(matches!(error, RequestError::Disconnected { close_code: 1006, .. }), "{error:?}");
    assert_eq!(within(client.publish("c", 2)).await, Err(RequestError::NotConnected));
    let second = stage.dialled(2).await;
    assert_eq!(socket.listeners(), 0);
    second.welcome();
    until(|| !second.texts().is_empty()).await;
    assert!(second.texts()[0].starts_with(
        r#"{"type":"subscribe","channel":"c","includeSenderMetadata":true,"requestId":"#
    ));
    second.message("1");
    assert_eq!(next(&mut messages).await.data::<u8>().unwrap(), 1);
    assert_eq!(
        notes.take(),
        [
            "disconnected 1006 \"\" for now",
            "connected > reconnecting",
            "reconnecting > connected",
            "connected as me again"
        ]
    );
}

#[wasm_bindgen_test]
async fn each_dial_waits_longer_than_the_one_before() {
    let stage = Stage::new();
    let waits = ReconnectOptions {
        initial_delay: Duration::from_millis(40),
        jitter_ratio: 0.0,
        ..ReconnectOptions::default()
    };
    let client = options().reconnect(waits).build().unwrap();
    let (client, socket) = stage.connect(client).await;
    pass(50).await;
    socket.closed(1006, "");
    for dial in [2, 3, 4] {
        let socket = stage.dialled(dial).await;
        assert_eq!(socket.texts(), [""; 0]);
        socket.closed(1006, "");
    }
    let pauses = stage.pauses();
    // The clock of a platform may be coarse by a millisecond or two.
    assert!(pauses[1] >= 78.0 && pauses[2] >= 158.0, "{pauses:?}");
    within(client.close()).await;
}

#[wasm_bindgen_test]
async fn a_close_event_that_says_nothing_of_use_counts_as_1006() {
    let odd = [
        JsValue::UNDEFINED,
        JsValue::NULL,
        object([]),
        object([("code", "4001".into()), ("reason", 5.into())]),
        object([("code", f64::NAN.into())]),
    ];
    for event in odd {
        let stage = Stage::new();
        let (client, socket) = stage.connected().await;
        let mut lost = client.events::<Disconnected>();
        socket.end(&event);
        let reported = next(&mut lost).await;
        assert_eq!(
            (reported.code, reported.reason.as_str(), reported.will_reconnect),
            (1006, "", true)
        );
        within(client.close()).await;
    }
}

#[wasm_bindgen_test]
async fn a_client_that_may_not_reconnect_does_not() {
    let stage = Stage::new();
    let client = options().reconnect(false).build().unwrap();
    let (client, socket) = stage.connect(client).await;
    let mut lost = client.events::<Disconnected>();
    socket.closed(1011, "oops");
    let event = next(&mut lost).await;
    assert_eq!((event.code, event.reason.as_str(), event.will_reconnect), (1011, "oops", false));
    assert_eq!(within(lost.next()).await, None);
    assert_eq!((client.state(), stage.dials()), (State::Closed, 1));
}

#[wasm_bindgen_test]
async fn silence_abandons_the_socket() {
    let stage = Stage::new();
    let client = options().inactivity_timeout(Duration::from_millis(200)).build().unwrap();
    let (client, socket) = stage.connect(client).await;
    let mut lost = client.events::<Disconnected>();
    assert_eq!(next(&mut lost).await.code, 4000);
    assert!(socket.texts().contains(&r#"{"type":"ping"}"#.to_owned()), "it was asked before");
    assert_eq!(socket.listeners(), 0);
    stage.dialled(2).await;
    within(client.close()).await;
}

// ---- timers ----

#[wasm_bindgen_test]
async fn a_thousand_requests_cost_at_most_one_timer() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let timers = Timers::watch();
    for number in 0..1000 {
        client.publish("c", number).detach();
        // Waits by microtasks alone, without a timer of the test's own.
        while socket.texts().len() <= number as usize {
            wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&JsValue::NULL))
                .await
                .unwrap();
        }
        socket.ack(number + 1);
    }
    assert!(timers.set_for().len() <= 1, "{:?}", timers.set_for());
    timers.stop();
}

#[wasm_bindgen_test]
async fn a_timer_is_never_set_for_longer_than_timers_can_wait() {
    let timers = Timers::watch();
    let client = SignallingClient::builder()
        .token_provider(std::future::pending::<String>)
        .token_provider_timeout(Duration::from_secs(1_000_000_000))
        .build()
        .unwrap();
    client.connect().detach();
    pass(0).await;
    let longest = timers.set_for().into_iter().fold(0.0, f64::max);
    assert_eq!(longest, 2_147_483_647.0);
    drop(client);
    timers.stop();
}

// ---- close ----

#[wasm_bindgen_test]
async fn close_ends_the_waiting_for_the_next_dial() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    socket.closed(1006, "");
    assert_eq!(client.state(), State::Reconnecting);
    within(client.close()).await;
    pass(100).await;
    assert_eq!((client.state(), stage.dials()), (State::Closed, 1));
}

#[wasm_bindgen_test]
async fn close_during_the_dial_leaves_nothing_behind() {
    let stage = Stage::new();
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let connect = client.connect();
    let socket = stage.dialled(1).await;
    let close = client.close();
    pass(0).await;
    assert_eq!(socket.close_calls(), ["1000 client requested close"]);
    socket.closed(1006, "");
    within(close).await;
    assert!(within(connect).await.is_err());
    assert_eq!(socket.listeners(), 0);
    assert_eq!(notes.take(), ["idle > connecting", "connecting > closed"]);
}

#[wasm_bindgen_test]
async fn events_of_a_socket_after_the_close_are_ignored() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    // The peer never answers the closing handshake, so the deadline ends the wait.
    within(client.close()).await;
    let notes = Notes::default();
    notes.follow(&client);
    assert_eq!(socket.listeners(), 0);
    for kind in ["open", "message", "error", "close"] {
        socket.fire(kind, &object([("data", "{}".into())]));
    }
    pass(0).await;
    assert_eq!((notes.take(), client.state()), (vec![], State::Closed));
}

#[wasm_bindgen_test]
async fn close_ends_everything_and_leaves_nothing_behind() {
    let stage = Stage::new();
    let timers = Timers::watch();
    let (client, socket) = stage.connected().await;
    assert_eq!((socket.listeners(), timers.live_count()), (4, 1));
    let notes = Notes::default();
    notes.follow(&client);
    let held = DropNote(notes.clone());
    client.on(move |_: &Message| held.0.write("unexpected"));
    let messages = client.events::<Message>();
    let request = client.publish("c", 1);
    let close = client.close_with(4321, "bye");
    assert_eq!(client.state(), State::Closed);
    pass(0).await;
    assert_eq!(socket.close_calls(), ["4321 bye"]);
    socket.closed(4321, "bye");
    within(close).await;
    assert!(matches!(
        within(request).await,
        Err(RequestError::Disconnected { close_code: 4321, .. })
    ));
    assert_eq!(
        notes.take(),
        ["disconnected 4321 \"bye\" for good", "connected > closed", "dropped"]
    );
    assert_eq!(within(messages.collect::<Vec<_>>()).await, []);
    assert_eq!((socket.listeners(), timers.live_count()), (0, 0));
    timers.stop();
    // A second close() does nothing, and the client may be used again.
    within(client.close()).await;
    stage.connect(client).await;
}

#[wasm_bindgen_test]
async fn a_peer_that_never_answers_holds_a_close_up_for_a_second() {
    let stage = Stage::new();
    let timers = Timers::watch();
    let (client, socket) = stage.connected().await;
    let began = js_sys::Date::now();
    within(client.close()).await;
    let took = js_sys::Date::now() - began;
    assert!((950.0..3000.0).contains(&took), "{took}");
    assert_eq!((socket.listeners(), timers.live_count()), (0, 0));
    timers.stop();
}

#[wasm_bindgen_test]
async fn close_waits_for_asynchronous_handlers_but_not_for_one_that_awaits_it() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    let shared = notes.clone();
    client.on_async(move |_: Message| {
        let notes = shared.clone();
        async move {
            pass(100).await;
            notes.write("handled");
        }
    });
    let (inner, shared) = (client.downgrade(), notes.clone());
    client.on_async(move |_: Presence| {
        let (client, notes) = (inner.upgrade().unwrap(), shared.clone());
        async move {
            client.close().await;
            notes.write("closed");
        }
    });
    socket.message("1");
    socket.receive(r#"{"type":"presence","channel":"c","joined":[],"left":[]}"#);
    until(|| !socket.close_calls().is_empty()).await;
    socket.closed(1000, "");
    until(|| notes.len() == 2).await;
    assert_eq!(notes.take(), ["handled", "closed"]);
}

#[wasm_bindgen_test]
async fn a_handler_that_hangs_holds_a_close_up_for_a_second() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    client.on_async(|_: Message| std::future::pending());
    socket.message("1");
    let close = client.close();
    pass(0).await;
    socket.closed(1000, "");
    let began = js_sys::Date::now();
    within(close).await;
    let took = js_sys::Date::now() - began;
    assert!((900.0..3000.0).contains(&took), "{took}");
}

// ---- events that come once ----

#[wasm_bindgen_test]
async fn a_welcome_is_an_event_with_all_its_fields() {
    let stage = Stage::new();
    let client = stage.client();
    let mut connected = client.events::<Connected>();
    client.connect().detach();
    let socket = stage.dialled(1).await;
    socket.open();
    socket.receive(
        r#"{"type":"welcome","peerId":"me","expiresAt":99,"serverTime":7.5,"maxMessageSize":2048,
            "metadata":{"iceServers":[{"urls":"stun:a","username":"u","credential":"c"}]}}"#,
    );
    let event = next(&mut connected).await;
    assert_eq!((event.peer_id.as_str(), event.is_reconnect), ("me", false));
    assert_eq!((event.server_time, event.expires_at), (7.5, Some(99.0)));
    assert_eq!(event.max_message_size, 2048);
    let ice = event.ice_servers.unwrap();
    assert_eq!(
        (ice[0].urls.as_slice(), ice[0].username.as_deref()),
        (&["stun:a".to_owned()][..], Some("u"))
    );
}

fn with_provider<F, Fut>(provider: F) -> SignallingClient
where
    F: Fn() -> Fut + 'static,
    Fut: Future<Output: metered_realtime::TokenResult> + 'static,
{
    SignallingClient::builder()
        .token_provider(provider)
        .url("wss://rms.example")
        .reconnect(quickly())
        .build()
        .unwrap()
}

//! The driver through the exported handle, with sockets that the test plays and the platform's own timers.

use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::fakes::{Client, Setup, TimerSpy, object, pass};

const CLOSED: u8 = 4;

// ---- connect, requests ----

#[wasm_bindgen_test]
fn a_welcome_settles_connect_after_its_events() {
    let client = Client::new();
    client.connect();
    assert_eq!(client.take(), ["state idle > connecting", "dial 1"]);
    assert_eq!(client.addresses(), ["wss://rms.example/v1?key=pk_test"]);
    client.host.socket(0).welcome();
    assert_eq!(client.take(), ["state connecting > connected", "connected as me", "resolved 1"]);
}

#[wasm_bindgen_test]
fn a_request_is_written_and_settled_by_its_ack_or_error() {
    let client = Client::connected();
    let socket = client.host.socket(0);
    let subscribe = client.subscribe("a");
    let publish = client.publish();
    let texts = socket.sent_texts();
    assert_eq!(
        texts[0],
        format!(r#"{{"type":"subscribe","channel":"a","requestId":"{subscribe}"}}"#)
    );
    assert_eq!(
        texts[1],
        format!(r#"{{"type":"publish","channel":"a","data":{{}},"requestId":"{publish}"}}"#)
    );
    socket.ack(publish);
    socket.receive(&format!(
        r#"{{"type":"error","code":"invalid_channel","requestId":"{subscribe}"}}"#
    ));
    assert_eq!(
        client.take(),
        [
            format!("resolved {publish}"),
            format!("rejected {subscribe}: refused rejected 0 invalid_channel")
        ]
    );
}

#[wasm_bindgen_test]
fn messages_reach_the_host_and_bad_texts_only_the_log() {
    let client = Client::connected();
    let socket = client.host.socket(0);
    socket.receive(r#"{"type":"message","channel":"a","from":"p","data":{"x":[1]}}"#);
    socket.receive(r#"{"type":"presence","channel":"a","joined":[{"peerId":"p"}],"left":[]}"#);
    socket.receive("no JSON");
    socket.receive(r#"{"type":"message"}"#);
    socket.receive(r#"{"type":"direct","from":"p","data":"psst"}"#);
    assert_eq!(client.take(), [r#"message a {"x":[1]}"#, "presence a +1 -0", r#"direct "psst""#]);
    assert_eq!(client.logs().iter().filter(|line| line.contains("malformed")).count(), 2);
}

#[wasm_bindgen_test]
fn a_payload_over_the_cap_of_the_welcome_is_refused() {
    let client = Client::connected();
    assert_eq!(client.handle.reserve(1001, 1000.0), -2);
    assert!(client.handle.reserve(1000, 1000.0) > 0);
}

#[wasm_bindgen_test]
fn a_request_that_the_socket_does_not_take_fails_as_not_sent() {
    let client = Client::connected();
    client.host.socket(0).set_send_throws(true);
    let call = client.publish();
    assert_eq!(client.take(), [format!("rejected {call}: not-connected notSent 0")]);
}

#[wasm_bindgen_test]
fn a_token_is_fetched_before_the_dial() {
    let client = Setup { key: None, ..Setup::default() }.client();
    client.connect();
    assert_eq!(client.take(), ["state idle > connecting", "fetch token"]);
    client.handle.token(client.host.asked_id(), "a/b");
    assert_eq!(client.addresses(), ["wss://rms.example/v1?token=a%2Fb"]);
}

// ---- sockets that are not what they should be ----

#[wasm_bindgen_test]
fn a_factory_that_throws_fails_the_connect() {
    for makes in ["refuses", "throws", "deaf"] {
        let client = Client::new();
        client.host.set_makes(makes);
        client.connect();
        let lines = client.take().join("; ");
        assert!(lines.contains("rejected 1: connect notSent 1006"), "{makes}: {lines}");
        assert_eq!(client.handle.state(), CLOSED, "{makes}");
    }
}

#[wasm_bindgen_test]
fn a_runtime_without_websocket_fails_the_connect() {
    let client = Client::new();
    client.host.set_makes("unavailable");
    client.connect();
    assert!(client.take().contains(&"rejected 1: unavailable notSent 0".to_owned()));
    assert_eq!(client.handle.state(), CLOSED);
}

#[wasm_bindgen_test]
fn a_socket_that_comes_later_is_used_if_it_is_still_wanted() {
    let client = Client::new();
    client.host.set_makes("later");
    client.connect();
    let socket = client.host.new_socket();
    client.handle.adopt(client.host.asked_id(), &socket);
    socket.welcome();
    client.assert_saw("connected as me");

    let client = Client::new();
    client.host.set_makes("later");
    client.connect();
    client.close();
    let socket = client.host.new_socket();
    client.handle.adopt(client.host.asked_id(), &socket);
    assert_eq!(socket.close_calls(), ["1000 "]);
    assert_eq!(socket.listeners(), 0);
}

#[wasm_bindgen_test]
fn a_close_event_that_says_nothing_of_use_counts_as_1006() {
    let odd = [
        JsValue::UNDEFINED,
        JsValue::NULL,
        object(&[]),
        object(&[("code", "4001".into()), ("reason", 5.into())]),
        object(&[("code", f64::NAN.into())]),
    ];
    for event in odd {
        let client = Client::connected();
        client.host.socket(0).closed_oddly(event);
        assert_eq!(client.take()[0], r#"disconnected 1006 "" for now"#);
    }
}

// ---- drops ----

#[wasm_bindgen_test]
async fn a_lost_link_is_dialled_again_after_each_delay_and_subscribes_again() {
    let client = Client::connected();
    let subscribe = client.subscribe("a");
    client.host.socket(0).ack(subscribe);
    let publish = client.publish();
    client.take();

    client.host.socket(0).closed(1006, "");
    assert_eq!(
        client.take(),
        [
            &format!("rejected {publish}: disconnected unknown 1006"),
            r#"disconnected 1006 "" for now"#,
            "state connected > reconnecting",
        ]
    );
    client.seen("dial 2").await;
    client.host.socket(1).closed(1006, "");
    client.seen("dial 3").await;
    client.host.socket(2).welcome();

    client.assert_saw("connected as me again");
    assert!(
        client.host.socket(2).sent_texts()[0].starts_with(r#"{"type":"subscribe","channel":"a""#)
    );
    let pauses = client.pauses();
    // The clock of a platform may be coarse by a millisecond or two.
    assert!(pauses[0] >= 38.0 && pauses[1] >= 78.0, "{pauses:?}");
    for gone in [0, 1] {
        assert_eq!(client.host.socket(gone).listeners(), 0);
    }
    client.close();
}

#[wasm_bindgen_test]
async fn silence_abandons_the_socket_and_dials_again() {
    let client = Setup { inactivity_ms: 200.0, ..Setup::default() }.client();
    client.connect();
    client.host.socket(0).welcome();
    client.seen("disconnected 4000").await;
    let silent = client.host.socket(0);
    assert!(silent.sent_texts().contains(&r#"{"type":"ping"}"#.to_owned()), "it was asked before");
    assert_eq!(silent.listeners(), 0);
    client.seen("dial 2").await;
    client.close();
}

#[wasm_bindgen_test]
async fn close_ends_the_waiting_for_the_next_dial() {
    let client = Client::connected();
    client.host.socket(0).closed(1006, "");
    let close = client.close();
    client.seen(&format!("resolved {close}")).await;
    pass(100).await;
    assert_eq!(client.addresses().len(), 1);
    assert_eq!(client.handle.state(), CLOSED);
}

// ---- the end ----

#[wasm_bindgen_test]
async fn a_closed_client_holds_no_listener_and_no_timer() {
    let timers = TimerSpy::start();
    let client = Client::connected();
    let socket = client.host.socket(0);
    assert_eq!(socket.listeners(), 4);
    assert_eq!(timers.live_count(), 1);
    let close = client.close();
    assert_eq!(socket.close_calls(), ["1000 done"]);
    socket.closed(1000, "done");
    client.seen(&format!("resolved {close}")).await;
    assert_eq!(socket.listeners(), 0);
    assert_eq!(timers.live_count(), 0);
    timers.stop();
}

#[wasm_bindgen_test]
async fn a_socket_that_fires_after_the_close_is_not_heard() {
    let client = Client::connected();
    let socket = client.host.socket(0);
    let close = client.close();
    // It never answers the closing handshake, so the deadline ends the wait, and the socket is closed once more.
    client.seen(&format!("resolved {close}")).await;
    client.take();
    assert_eq!(socket.listeners(), 0);
    for kind in ["open", "message", "error", "close"] {
        socket.fire(kind, object(&[("data", "{}".into())]));
    }
    assert_eq!(client.take(), [""; 0]);
}

#[wasm_bindgen_test]
async fn close_during_the_dial_leaves_nothing_behind() {
    let client = Client::new();
    client.connect();
    let socket = client.host.socket(0);
    let close = client.close();
    assert_eq!(socket.close_calls(), ["1000 done"]);
    socket.closed(1006, "");
    client.seen(&format!("resolved {close}")).await;
    assert_eq!(socket.listeners(), 0);
    let lines = client.take().join("; ");
    assert!(lines.contains("rejected 1: "), "{lines}");
    assert!(!lines.contains("disconnected"), "{lines}");
}

#[wasm_bindgen_test]
fn a_client_that_is_forgotten_while_its_socket_lives_is_not_called() {
    let client = Client::connected();
    let (socket, host) = (client.host.socket(0), client.host.clone());
    drop_handle(client);
    socket.closed(1006, "");
    assert_eq!(host.socket(0).listeners(), 0);
}

// ---- user code inside of events ----

#[wasm_bindgen_test]
async fn user_code_may_call_back_from_inside_of_any_event() {
    let client = Client::new();
    client.inside("state connecting > connected", |client| assert!(client.subscribe("a") > 0));
    client.inside("connected as me", |client| assert!(client.publish() > 0));
    client.inside("message", |client| assert!(client.close() > 0));
    client.connect();
    let socket = client.host.socket(0);
    socket.welcome();
    assert_eq!(socket.sent_texts().len(), 2);
    socket.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    socket.receive(r#"{"type":"message","channel":"a","from":"p","data":2}"#);
    socket.closed(1000, "");
    client.seen("listeners forgotten").await;
    let lines = client.take();
    assert_eq!(lines.iter().filter(|line| line.starts_with("message")).count(), 1);
    assert_eq!(client.handle.state(), CLOSED);
}

#[wasm_bindgen_test]
async fn a_client_closed_from_inside_of_the_factory_dials_no_further() {
    let client = Client::new();
    client.inside("dial", |client| assert!(client.close() > 0));
    client.connect();
    let socket = client.host.socket(0);
    assert_eq!(socket.close_calls(), ["1000 done"]);
    socket.closed(1006, "");
    client.seen("listeners forgotten").await;
    assert_eq!(client.handle.state(), CLOSED);
    assert_eq!(socket.listeners(), 0);
    assert_eq!(client.addresses().len(), 1);
}

// ---- timers ----

#[wasm_bindgen_test]
fn a_thousand_requests_cost_at_most_one_timer() {
    let client = Client::connected();
    let socket = client.host.socket(0);
    let timers = TimerSpy::start();
    for _ in 0..1000 {
        let call = client.publish();
        socket.ack(call);
    }
    assert!(timers.set_so_far().len() <= 1, "{:?}", timers.set_so_far());
    timers.stop();
}

#[wasm_bindgen_test]
fn a_timer_is_never_set_for_longer_than_timers_can_wait() {
    let timers = TimerSpy::start();
    let client = Setup { inactivity_ms: 1e12, ..Setup::default() }.client();
    client.connect();
    client.host.socket(0).welcome();
    client.handle.reserve(2, 1e13);
    assert!(
        timers.set_so_far().iter().all(|delay| *delay <= 2_147_483_647.0),
        "{:?}",
        timers.set_so_far()
    );
    client.close();
    timers.stop();
}

impl Client {
    fn assert_saw(&self, line: &str) {
        let lines = self.take();
        assert!(lines.iter().any(|noted| noted == line), "{line} is not in {lines:?}");
    }
}

/// As a garbage collector would.
fn drop_handle(client: Client) {
    let handle: JsValue = client.handle.into();
    let free = js_sys::Reflect::get(&handle, &"free".into()).unwrap();
    wasm_bindgen::JsCast::unchecked_into::<js_sys::Function>(free).call0(&handle).unwrap();
}

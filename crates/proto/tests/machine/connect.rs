//! `connect()` and the welcome (rules 29 to 50).

use metered_realtime_proto::machine::{CallError, Close, Connected, Event, SocketId, State};
use serde_json::json;

use crate::sim::{Dial, Sim, options, reconnect};

/// A client whose first dial ended like this, and the error of its `connect()`.
fn failed(dial: Dial) -> (Sim, CallError) {
    let mut sim = Sim::new();
    sim.dials([dial]);
    let call = sim.connect();
    let error = sim.error(call).clone();
    (sim, error)
}

#[test]
fn e029_connecting_emits_state_change_then_connected_then_resolves() {
    let mut sim = Sim::new();
    sim.connect();
    assert_eq!(
        sim.lines(),
        ["idle -> connecting", "open 1", "connecting -> connected", "connected", "connect: ok"]
    );
}

#[test]
fn e030_connected_has_the_fields_of_the_welcome() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.connect();
    sim.receive(
        r#"{"type":"welcome","peerId":"u_alice","expiresAt":1767225600,"serverTime":1767222000.5,
            "maxMessageSize":1000,"metadata":{"iceServers":[{"urls":"stun:h"}]}}"#,
    );
    let events = sim.events();
    let Some(Event::Connected(Connected { ice_servers: Some(ice), .. })) = events.last() else {
        panic!("not connected: {events:?}");
    };
    assert_eq!(
        events.last(),
        Some(&Event::Connected(Connected {
            socket: SocketId(sim.socket()),
            peer_id: "u_alice".into(),
            server_time: 1_767_222_000.5,
            expires_at: Some(1_767_225_600.0),
            is_reconnect: false,
            max_message_size: 1000.0,
            ice_servers: Some(ice.clone()),
        }))
    );
}

#[test]
fn e031_a_key_never_expires() {
    for welcome in [
        json!({"type":"welcome","peerId":"p","expiresAt":null,"serverTime":1,"maxMessageSize":1}),
        json!({"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":1}),
    ] {
        let mut sim = Sim::new();
        sim.dials([Dial::Open]);
        sim.connect();
        sim.receive(&welcome.to_string());
        let connected =
            |event| matches!(event, Event::Connected(Connected { expires_at: None, .. }));
        assert!(sim.events().into_iter().any(connected), "{welcome}");
    }
}

#[test]
fn e032_a_second_connect_fails_and_leaves_the_first_alone() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    let first = sim.connect();
    assert_eq!(sim.try_connect(), Err(CallError::WrongState { state: State::Connecting }));
    sim.welcome();
    assert!(sim.succeeded(first));
}

#[test]
fn e033_connect_on_a_connected_client_fails_and_the_connection_stays() {
    let mut sim = Sim::connected();
    assert_eq!(sim.try_connect(), Err(CallError::WrongState { state: State::Connected }));
    assert_eq!(sim.state(), State::Connected);
    assert!(sim.lines().is_empty());
}

#[test]
fn e034_connect_on_a_reconnecting_client_fails() {
    let mut sim = Sim::reconnecting();
    assert_eq!(sim.try_connect(), Err(CallError::WrongState { state: State::Reconnecting }));
    assert_eq!(sim.alarm_in(), Some(500));
}

#[test]
fn e035_e036_a_refusal_before_the_welcome_fails_connect_without_a_disconnected() {
    let (mut sim, error) = failed(Dial::CloseEarly(4001));
    assert_eq!(error, CallError::Connect(Close::new(4001, "no")));
    assert_eq!(
        sim.lines(),
        ["idle -> connecting", "open 1", "connecting -> closed", "connect: connect error 4001"]
    );
}

#[test]
fn e037_the_first_connect_is_never_repeated() {
    for code in [1006, 1011] {
        let (mut sim, error) = failed(Dial::CloseEarly(code));
        assert_eq!(error, CallError::Connect(Close::new(code, "no")));
        sim.forget_trace();
        sim.advance(600_000);
        assert_eq!(sim.state(), State::Closed);
        assert!(sim.lines().is_empty());
    }
}

#[test]
fn e038_a_refused_connection_fails_connect() {
    let (sim, error) = failed(Dial::Refuse(1006));
    assert_eq!(error, CallError::Connect(Close::new(1006, "")));
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn e039_a_refused_upgrade_keeps_its_status() {
    let (_, error) = failed(Dial::Http(401));
    let close = Close { http_status: Some(401), ..Close::new(1006, "") };
    assert_eq!(error, CallError::Connect(close));
}

#[test]
fn e040_a_client_that_failed_to_connect_can_connect_and_keeps_its_handlers() {
    let mut sim = Sim::new();
    sim.dials([Dial::Refuse(1006), Dial::Welcome]);
    sim.on(|_, _| {});
    sim.connect();
    let second = sim.connect();
    assert!(sim.succeeded(second));
    assert_eq!(sim.handler_count(), 1);
    assert!(sim.lines_of(&["forget", "end streams"]).is_empty());
}

#[test]
fn e041_without_a_welcome_connect_fails_after_ten_seconds() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    let call = sim.connect();
    sim.forget_trace();
    assert_eq!(sim.advance_to_alarm(), 10_000);
    assert_eq!(
        sim.lines(),
        ["abandon 1 4000 welcome timeout", "connecting -> closed", "connect: connect error 4000"]
    );
    assert_eq!(sim.error(call), &CallError::Connect(Close::new(4000, "welcome timeout")));
    assert_eq!(sim.open_sockets(), 0);
}

#[test]
fn e042_the_client_is_closed_before_the_error_is_seen_and_can_connect_at_once() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open, Dial::Welcome]);
    sim.on(|sim, event| {
        if let Event::StateChange { to: State::Closed, .. } = event {
            assert_eq!(sim.state(), State::Closed);
            sim.connect();
        }
    });
    sim.connect();
    sim.advance(10_000);
    assert_eq!(
        sim.lines_of(&["connect:", "connecting", "closed"]),
        [
            "connecting -> closed",
            "connect: connect error 4000",
            "closed -> connecting",
            "connecting -> connected",
            "connect: ok"
        ]
    );
}

#[test]
fn e043_the_ten_seconds_include_the_handshake() {
    let mut hanging = Sim::new();
    hanging.dials([Dial::Hang]);
    hanging.connect();
    assert_eq!(hanging.advance_to_alarm(), 10_000);
    assert_eq!(hanging.state(), State::Closed);

    let mut slow = Sim::new();
    slow.dials([Dial::Hang]);
    slow.connect();
    slow.advance(8_000);
    slow.open_socket();
    assert_eq!(slow.advance_to_alarm(), 2_000);
    assert_eq!(slow.state(), State::Closed);
}

#[test]
fn e044_a_welcome_after_the_timeout_is_ignored() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.connect();
    sim.advance(10_000);
    sim.forget_trace();
    sim.welcome();
    assert_eq!(sim.state(), State::Closed);
    assert!(sim.lines().is_empty());
}

#[test]
fn e045_a_second_welcome_changes_nothing() {
    let mut sim = Sim::connected();
    sim.max_message_size = 5;
    sim.welcome();
    assert!(sim.lines().is_empty());
    assert!(sim.publish("a", "1234567").is_ok());
}

#[test]
fn e046_e047_a_malformed_welcome_is_dropped() {
    for welcome in [
        json!({"type":"welcome","serverTime":1,"maxMessageSize":1}),
        json!({"type":"welcome","peerId":5,"serverTime":1,"maxMessageSize":1}),
        json!({"type":"welcome","peerId":"p","serverTime":"1","maxMessageSize":1}),
        json!({"type":"welcome","peerId":"p","serverTime":true,"maxMessageSize":1}),
        json!({"type":"welcome","peerId":"p","maxMessageSize":1}),
        json!({"type":"welcome","peerId":"p","serverTime":1}),
        json!({"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":"1"}),
        json!({"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":0}),
        json!({"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":-1}),
        json!({"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":1,"expiresAt":"x"}),
    ] {
        let mut sim = Sim::new();
        sim.dials([Dial::Open]);
        let call = sim.connect();
        sim.receive(&welcome.to_string());
        assert_eq!(sim.state(), State::Connecting, "{welcome}");
        sim.advance(10_000);
        let timeout = CallError::Connect(Close::new(4000, "welcome timeout"));
        assert_eq!(sim.error(call), &timeout, "{welcome}");
    }
}

#[test]
fn e048_an_ack_before_the_welcome_does_no_harm() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    let call = sim.connect();
    sim.receive(r#"{"type":"ack","requestId":"1"}"#);
    assert_eq!(sim.answer(call), None);
    sim.welcome();
    assert!(sim.succeeded(call));
}

#[test]
fn e049_a_client_that_gave_up_can_connect_as_if_for_the_first_time() {
    let mut knobs = reconnect();
    knobs.max_attempts = 1.0;
    let raw = metered_realtime_proto::machine::RawOptions { reconnect: Some(knobs), ..options() };
    let mut sim = Sim::connected_with(raw);
    sim.dials([Dial::Refuse(1006)]);
    sim.drop_connection(1006);
    sim.advance(1_000);
    assert_eq!(sim.state(), State::Closed);
    sim.forget_trace();
    sim.connect();
    assert_eq!(
        sim.lines(),
        ["closed -> connecting", "open 3", "connecting -> connected", "connected", "connect: ok"]
    );
}

#[test]
fn e050_a_withdrawn_connect_leaves_a_closed_client_without_a_socket() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.on(|_, _| {});
    let call = sim.connect();
    sim.forget_trace();
    sim.abort(call);
    assert_eq!(
        sim.lines(),
        ["abandon 1 1000 connect aborted", "connecting -> closed", "connect: aborted notSent"]
    );
    assert_eq!((sim.open_sockets(), sim.alarm_in()), (0, None));
    assert_eq!(sim.handler_count(), 1);
    sim.welcome();
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn d11_a_runtime_without_a_websocket_has_its_own_error() {
    let (sim, error) = failed(Dial::Unavailable);
    assert_eq!(error, CallError::Unavailable);
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn connecting_twice_in_a_row_after_failures_never_holds_two_sockets() {
    let mut sim = Sim::new();
    sim.dials([Dial::Open, Dial::Hang, Dial::Welcome]);
    sim.connect();
    sim.advance(10_000);
    sim.connect();
    sim.advance(10_000);
    sim.connect();
    assert_eq!(sim.state(), State::Connected);
    assert_eq!(sim.most_open_sockets, 1);
}

#[test]
fn a_handler_that_closes_while_connecting_prevents_the_dial() {
    let mut sim = Sim::new();
    sim.on(|sim, event| {
        if let Event::StateChange { to: State::Connecting, .. } = event {
            sim.close();
        }
    });
    sim.connect();
    assert_eq!(
        sim.lines(),
        [
            "idle -> connecting",
            "connecting -> closed",
            "connect: connect error 1000",
            "forget listeners",
            "end streams",
            "close: ok"
        ]
    );
}

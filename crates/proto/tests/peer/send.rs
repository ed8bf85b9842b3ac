//! Data of the application.

use metered_realtime_proto::machine;
use metered_realtime_proto::peer::{CallError, Input, Payload, State};

use crate::sim::{Sim, payload};

#[test]
fn p037_send_publishes_and_ones_own_echo_is_silent() {
    let mut sim = Sim::joined(&[]);
    let call = sim.send(4).unwrap();
    assert_eq!(sim.result(call), Some(Ok(())));
    assert_eq!(sim.lines_with("client"), ["client publish room data"]);
    sim.forget();
    for from in ["m", "a"] {
        sim.input(Input::Message {
            channel: "room".into(),
            from: from.into(),
            data: "hi".into(),
            from_metadata: Some("meta".into()),
        });
    }
    assert_eq!(sim.lines(), ["broadcast hi from a meta"]);
}

#[test]
fn p046_p050_a_broadcast_needs_no_known_sender_and_keeps_its_metadata() {
    let mut sim = Sim::joined(&["a"]);
    let message = |channel: &str| Input::Message {
        channel: channel.into(),
        from: "stranger".into(),
        data: "hi".into(),
        from_metadata: Some("meta".into()),
    };
    sim.input(message("room"));
    sim.input(message("other"));
    assert_eq!(sim.lines(), ["broadcast hi from stranger meta"]);
}

#[test]
fn p038_send_to_reaches_one_peer_alone() {
    let mut sim = Sim::joined(&["a"]);
    sim.send_to("a").unwrap();
    let remote = sim.remote("a");
    sim.room.send_to_remote(remote, Some(payload("more", 4)), sim.now).unwrap();
    sim.pump();
    assert_eq!(sim.lines_with("client"), ["client send a data", "client send a more"]);
}

#[test]
fn p039_sending_outside_of_the_room_is_refused() {
    let mut sim = Sim::new();
    assert_eq!(sim.send(4), Err(CallError::NotJoined));
    let mut sim = Sim::joined(&["a"]);
    sim.drop_link(1006, true);
    assert_eq!(sim.send(4), Err(CallError::NotJoined));
    assert_eq!(sim.send_to("a"), Err(CallError::NotJoined));
    sim.close("bye");
    assert_eq!(sim.send_to("a"), Err(CallError::NotJoined));
}

#[test]
fn p040_p041_missing_arguments_and_ones_own_id_are_refused() {
    let mut sim = Sim::joined(&["a"]);
    let now = sim.now;
    let data = || Some(payload("data", 4));
    assert_eq!(sim.room.send(None, now), Err(CallError::InvalidArguments));
    assert_eq!(sim.room.send_to(Some(""), data(), now), Err(CallError::InvalidArguments));
    assert_eq!(sim.room.send_to(None, data(), now), Err(CallError::InvalidArguments));
    assert_eq!(sim.room.send_to(Some("a"), None, now), Err(CallError::InvalidArguments));
    assert_eq!(sim.room.send_to(Some("m"), data(), now), Err(CallError::SelfSend));
    assert_eq!(sim.room.poll_output().map(|_| ()), None);
}

#[test]
fn p042_exactly_the_cap_passes_and_one_byte_more_does_not() {
    let mut sim = Sim::joined(&[]);
    assert!(sim.send(65_536).is_ok());
    assert_eq!(sim.send(65_537), Err(CallError::Oversized { size: 65_537, cap: 65_536.0 }));
}

#[test]
fn p044_a_refusal_of_the_server_fails_the_call_alone() {
    let mut sim = Sim::joined(&["a"]);
    sim.auto = false;
    let call = sim.send(4).unwrap();
    let refused = machine::CallError::Rejected { code: "over_message_quota".into(), message: None };
    sim.answer("publish", Err(refused.clone()));
    assert_eq!(sim.result(call), Some(Err(CallError::Client(refused))));
    assert_eq!(sim.room.state(), State::Joined);
}

#[test]
fn p045_a_direct_message_from_outside_of_the_room_is_dropped() {
    let mut sim = Sim::joined(&["a"]);
    for from in ["stranger", "a"] {
        let data = "hi".into();
        sim.input(Input::Direct { from: from.into(), data, from_metadata: None });
    }
    assert_eq!(sim.lines(), ["direct hi from a -"]);
}

#[test]
fn p047_data_in_the_shape_of_a_signal_is_sent_with_a_warning() {
    let mut sim = Sim::joined(&["a"]);
    let data = Payload { is_signal: true, ..payload("signal", 6) };
    sim.room.send_to(Some("a"), Some(data), sim.now).unwrap();
    let outputs: Vec<_> = std::iter::from_fn(|| sim.room.poll_output()).collect();
    assert!(format!("{:?}", outputs[0]).contains("Warn"));
    assert!(format!("{:?}", outputs[1]).contains("Send"));
}

#[test]
fn p049_sending_to_a_member_that_has_left_is_refused() {
    let mut sim = Sim::joined(&["a"]);
    let remote = sim.remote("a");
    sim.presence(&[], &["a"]);
    sim.forget();
    let call = sim.room.send_to_remote(remote, Some(payload("data", 4)), sim.now);
    assert_eq!(call, Err(CallError::NotJoined));
    sim.pump();
    assert!(sim.lines().is_empty());
}

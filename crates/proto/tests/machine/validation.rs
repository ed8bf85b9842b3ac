//! Names of channels and peers, and the size of payloads (rules 77 to 90 and d01).

use metered_realtime_proto::machine::{CallError, Outcome, State};
use metered_realtime_proto::wire::{NameError, check_channel, check_peer_id};
use serde_json::json;

use crate::sim::Sim;

/// A client whose welcome advertised this many bytes.
fn with_cap(bytes: u32) -> Sim {
    let mut sim = Sim::new();
    sim.max_message_size = bytes;
    sim.connect();
    sim.forget_trace();
    sim
}

/// A JSON string of this many bytes.
fn payload(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[test]
fn e077_an_empty_channel_is_refused() {
    assert_eq!(check_channel(""), Err(NameError::Empty));
}

#[test]
fn e078_a_channel_has_at_most_256_utf_16_units() {
    assert_eq!(check_channel(&"x".repeat(256)), Ok(()));
    assert_eq!(check_channel(&"x".repeat(257)), Err(NameError::TooLong { max: 256 }));
    // A crab has two units and four bytes.
    assert_eq!(check_channel(&"🦀".repeat(128)), Ok(()));
    assert_eq!(check_channel(&"🦀".repeat(129)), Err(NameError::TooLong { max: 256 }));
    assert_eq!(check_channel(&"é".repeat(256)), Ok(()));
}

#[test]
fn e079_control_characters_are_refused() {
    for c in ['\u{0}', '\u{1f}', '\u{7f}', '\u{80}', '\u{85}', '\u{9f}'] {
        assert_eq!(check_channel(&format!("a{c}b")), Err(NameError::ControlCharacter), "{c:?}");
    }
    assert_eq!(check_channel("a\u{a0}b"), Ok(()));
}

#[test]
fn e080_unusual_names_are_sent_unchanged() {
    for channel in ["with space", "fleet/sensor-*/telemetry", "**", "/", "🦀", "\"\\", "e\u{301}"]
    {
        assert_eq!(check_channel(channel), Ok(()));
        let mut sim = Sim::connected();
        sim.subscribe(channel).unwrap();
        assert_eq!(sim.frames()[0]["channel"], channel);
    }
}

#[test]
fn e081_a_peer_id_has_1_to_128_units_and_no_control_characters() {
    assert_eq!(check_peer_id(""), Err(NameError::Empty));
    assert_eq!(check_peer_id(&"x".repeat(128)), Ok(()));
    assert_eq!(check_peer_id(&"x".repeat(129)), Err(NameError::TooLong { max: 128 }));
    assert_eq!(check_peer_id("a\nb"), Err(NameError::ControlCharacter));
}

#[test]
fn the_longest_names_are_sent() {
    let mut sim = Sim::connected();
    let (channel, peer) = ("c".repeat(256), "p".repeat(128));
    sim.publish(&channel, "1").unwrap();
    sim.send(&peer, "1").unwrap();
    let frames = sim.frames();
    assert_eq!((&frames[0]["channel"], &frames[1]["to"]), (&json!(channel), &json!(peer)));
}

#[test]
fn e082_reserved_channels_are_left_to_the_server() {
    assert_eq!(check_channel("_metered/x"), Ok(()));
    let mut sim = Sim::connected();
    let call = sim.subscribe("_metered/x").unwrap();
    assert_eq!(sim.lines(), ["send subscribe _metered/x"]);
    sim.reject(call, "channel_reserved");
    let refused = CallError::Rejected { code: "channel_reserved".into(), message: None };
    assert_eq!(sim.error(call), &refused);
}

#[test]
fn e085_a_payload_above_the_cap_is_refused_and_not_sent() {
    let mut sim = with_cap(1_000);
    let error = sim.publish("a", &payload(1_001)).unwrap_err();
    assert_eq!(error, CallError::Oversized { size: 1_001, cap: 1_000.0 });
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(sim.send("p", &payload(1_001)), Err(error));
    assert_eq!(sim.state(), State::Connected);
    assert!(sim.lines().is_empty());
}

#[test]
fn e086_a_payload_of_exactly_the_cap_is_sent() {
    let mut sim = with_cap(1_000);
    assert!(sim.publish("a", &payload(1_000)).is_ok());
    assert!(sim.send("p", &payload(1_000)).is_ok());
    assert_eq!(sim.frames().len(), 2);
}

#[test]
fn e087_the_size_counts_utf_8_bytes() {
    let mut sim = with_cap(10);
    assert!(sim.publish("a", "\"éééé\"").is_ok());
    assert_eq!(sim.publish("a", "\"éééé!\""), Err(CallError::Oversized { size: 11, cap: 10.0 }));
}

#[test]
fn e088_a_new_welcome_has_a_new_cap() {
    let mut sim = with_cap(1_000);
    sim.max_message_size = 100;
    sim.drop_connection(1006);
    sim.advance(500);
    assert_eq!(
        sim.publish("a", &payload(101)),
        Err(CallError::Oversized { size: 101, cap: 100.0 })
    );
    assert_eq!(sim.machine.max_message_size(), 100.0);
}

#[test]
fn e089_a_close_for_size_is_survived_like_any_drop() {
    let mut sim = Sim::connected();
    sim.publish("a", "1").unwrap();
    sim.forget_trace();
    sim.drop_connection(1009);
    sim.advance(500);
    assert_eq!(
        sim.lines(),
        [
            "publish a: lost 1009 unknown",
            "disconnected 1009, will retry",
            "connected -> reconnecting",
            "open 2",
            "reconnecting -> connected",
            "connected again"
        ]
    );
}

#[test]
fn d01_before_any_welcome_the_cap_is_the_default_and_it_is_checked_first() {
    let mut sim = Sim::new();
    assert_eq!(
        sim.publish("a", &payload(65_537)),
        Err(CallError::Oversized { size: 65_537, cap: 65_536.0 })
    );
    assert_eq!(sim.publish("a", &payload(65_536)), Err(CallError::NotConnected));
}

#[test]
fn d01_only_the_data_counts_and_not_the_rest_of_the_frame() {
    let mut sim = with_cap(10);
    let channel = "c".repeat(200);
    sim.publish(&channel, "1234567890").unwrap();
    assert_eq!(sim.frames()[0]["data"], json!(1_234_567_890));
}

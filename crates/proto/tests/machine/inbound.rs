//! Valid and malformed frames from the server (rules 170 to 186).

use metered_realtime_proto::machine::{Event, Input, LogValue, SocketId, State};
use metered_realtime_proto::wire::{ApplicationFrame, PresencePeer};

use crate::sim::Sim;

/// The trace of a connected client after this text.
fn lines(text: &str) -> Vec<String> {
    let mut sim = Sim::connected();
    sim.receive(text);
    assert_eq!(sim.state(), State::Connected);
    sim.lines()
}

fn event(text: &str) -> Event<String> {
    let mut sim = Sim::connected();
    sim.receive(text);
    let mut events = sim.events();
    assert_eq!(events.len(), 1, "{text}");
    events.remove(0)
}

fn peer(id: &str, metadata: Option<&str>) -> PresencePeer<String> {
    PresencePeer { peer_id: id.into(), metadata: metadata.map(Into::into) }
}

#[test]
fn e170_text_that_is_not_a_frame_is_logged_and_dropped() {
    for text in ["not json", "[]", "42", "null", "{}", r#"{"type":5}"#, "", "{", "\"welcome\""] {
        let mut sim = Sim::connected();
        sim.receive(text);
        assert!(sim.lines().is_empty(), "{text}");
        assert_eq!(sim.logs.len(), 1, "{text}");
        assert_eq!(sim.state(), State::Connected);
    }
}

#[test]
fn d26_a_frame_that_begins_with_a_byte_order_mark_is_not_json() {
    let frame = "\u{feff}{\"type\":\"message\",\"channel\":\"a\",\"from\":\"p\",\"data\":1}";
    let mut sim = Sim::connected();
    sim.receive(frame);
    assert!(sim.lines().is_empty());
    let details = vec![("reason", LogValue::Text("not JSON".into()))];
    assert_eq!(sim.logs.last().map(|log| &log.details), Some(&details));
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn a_binary_message_on_the_current_socket_is_logged() {
    let mut sim = Sim::connected();
    let before = sim.logs.len();
    sim.input(Input::Binary { socket: SocketId(99) });
    assert_eq!(sim.logs.len(), before, "that socket is not in use");
    sim.input(Input::Binary { socket: SocketId(sim.socket()) });
    assert_eq!(sim.logs.len(), before + 1);
    assert!(sim.lines().is_empty());
}

#[test]
fn e171_a_frame_of_an_unknown_type_is_dropped() {
    assert!(lines(r#"{"type":"future_thing"}"#).is_empty());
    assert!(lines(r#"{"type":"Message","channel":"a","from":"p","data":1}"#).is_empty());
}

#[test]
fn e172_a_message_needs_data_and_null_is_data() {
    assert!(lines(r#"{"type":"message","channel":"a","from":"p"}"#).is_empty());
    assert_eq!(
        lines(r#"{"type":"message","channel":"a","from":"p","data":null}"#),
        ["message a p null"]
    );
    assert!(lines(r#"{"type":"direct","from":"p"}"#).is_empty());
    assert_eq!(lines(r#"{"type":"direct","from":"p","data":null}"#), ["direct p null"]);
}

#[test]
fn e173_metadata_that_is_not_an_object_is_dropped() {
    for metadata in ["\"x\"", "[]", "5", "null", "true"] {
        let text = format!(
            r#"{{"type":"message","channel":"a","from":"p","data":1,"fromMetadata":{metadata}}}"#
        );
        assert_eq!(
            event(&text),
            Event::Application(ApplicationFrame::Message {
                channel: "a".into(),
                from: "p".into(),
                data: "1".into(),
                from_metadata: None
            })
        );
    }
    assert_eq!(
        event(r#"{"type":"direct","from":"p","data":[ 1 ],"fromMetadata":{"n":"Bob"}}"#),
        Event::Application(ApplicationFrame::Direct {
            from: "p".into(),
            data: "[ 1 ]".into(),
            from_metadata: Some(r#"{"n":"Bob"}"#.into())
        })
    );
}

#[test]
fn e174_one_malformed_entry_makes_a_presence_malformed() {
    for joined in [r#"[{"peerId":"p"},{}]"#, r#"[{"peerId":5}]"#, "[null]", "{}", "\"p\""] {
        let text = format!(r#"{{"type":"presence","channel":"a","joined":{joined},"left":[]}}"#);
        assert!(lines(&text).is_empty(), "{joined}");
    }
}

#[test]
fn e175_metadata_of_an_entry_that_is_not_an_object_is_dropped() {
    let text = r#"{"type":"presence","channel":"a","left":[{"peerId":"q","metadata":{}}],
                   "joined":[{"peerId":"p","metadata":[1]}]}"#;
    assert_eq!(
        event(text),
        Event::Application(ApplicationFrame::Presence {
            channel: "a".into(),
            joined: vec![peer("p", None)],
            left: vec![peer("q", Some("{}"))],
        })
    );
}

#[test]
fn e176_d12_a_presence_without_both_lists_is_malformed() {
    assert!(lines(r#"{"type":"presence","channel":"a","joined":[]}"#).is_empty());
    assert!(lines(r#"{"type":"presence","channel":"a","left":[]}"#).is_empty());
}

#[test]
fn e177_an_error_needs_a_code() {
    assert!(lines(r#"{"type":"error","code":""}"#).is_empty());
    assert!(lines(r#"{"type":"error"}"#).is_empty());
    assert!(lines(r#"{"type":"error","code":5}"#).is_empty());
}

#[test]
fn e178_a_binary_message_is_dropped() {
    let mut sim = Sim::connected();
    sim.receive_binary();
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e179_d07_a_text_above_a_mebibyte_ends_the_connection() {
    let mut sim = Sim::connected();
    let data = "x".repeat(1_048_576);
    sim.receive(&format!(r#"{{"type":"message","channel":"a","from":"p","data":"{data}"}}"#));
    assert_eq!(
        sim.lines(),
        [
            "abandon 1 1000 frame exceeded client cap",
            "disconnected 1009 frame exceeded client cap, will retry",
            "connected -> reconnecting"
        ]
    );
    sim.advance(500);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn e180_deep_nesting_does_no_harm() {
    let data = "[".repeat(5_000) + &"]".repeat(5_000);
    let text = format!(r#"{{"type":"message","channel":"a","from":"p","data":{data}}}"#);
    assert_eq!(lines(&text), [format!("message a p {data}")]);
}

#[test]
fn e181_a_number_that_is_too_large_is_malformed() {
    let digits = "9".repeat(400);
    let text = format!(r#"{{"type":"going_away","retryAfterMs":{digits}}}"#);
    assert_eq!(lines(&text), ["going away 1000"]);
    let mut sim = Sim::new();
    sim.dials([crate::sim::Dial::Open]);
    sim.connect();
    sim.receive(&format!(
        r#"{{"type":"welcome","peerId":"p","serverTime":{digits},"maxMessageSize":1}}"#
    ));
    assert_eq!(sim.state(), State::Connecting);
}

#[test]
fn e182_half_a_surrogate_pair_in_data_is_passed_on_unchanged() {
    let text = r#"{"type":"message","channel":"a","from":"p","data":"\ud800"}"#;
    assert_eq!(lines(text), [r#"message a p "\ud800""#]);
}

#[test]
fn e183_a_message_for_any_channel_is_delivered() {
    assert_eq!(
        lines(r#"{"type":"message","channel":"never/subscribed","from":"p","data":1}"#),
        ["message never/subscribed p 1"]
    );
}

#[test]
fn e184_unknown_fields_are_ignored() {
    assert_eq!(
        lines(r#"{"x":{},"type":"message","y":[],"channel":"a","from":"p","data":1,"z":null}"#),
        ["message a p 1"]
    );
    let mut sim = Sim::connected();
    let call = sim.publish("a", "1").unwrap();
    sim.receive(&format!(r#"{{"type":"ack","requestId":"{}","seq":7}}"#, call.0));
    assert!(sim.succeeded(call));
}

#[test]
fn e185_the_clients_own_id_in_a_presence_stays() {
    assert_eq!(
        lines(r#"{"type":"presence","channel":"a","joined":[{"peerId":"me"}],"left":[]}"#),
        [r#"presence a +["me"] -[]"#]
    );
}

#[test]
fn e186_an_empty_snapshot_is_an_event() {
    assert_eq!(
        lines(r#"{"type":"presence","channel":"a","joined":[],"left":[]}"#),
        ["presence a +[] -[]"]
    );
}

#[test]
fn messages_before_the_welcome_are_delivered() {
    let mut sim = Sim::new();
    sim.dials([crate::sim::Dial::Open]);
    sim.connect();
    sim.forget_trace();
    sim.receive(r#"{"type":"message","channel":"a","from":"p","data":1}"#);
    assert_eq!(sim.lines(), ["message a p 1"]);
    assert_eq!(sim.state(), State::Connecting);
}

#[test]
fn without_a_logger_no_lines_are_made() {
    let mut sim = Sim::connected();
    sim.machine.set_logging(false);
    sim.receive("not json");
    sim.drop_connection(1006);
    assert!(sim.logs.is_empty());
}

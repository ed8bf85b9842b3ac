//! Properties of `wire` that hold for every text.

use metered_realtime_proto::wire::{
    OutgoingFrame, check_channel, check_peer_id, fit_reason, push_json_string, scrub,
};
use proptest::prelude::*;

use crate::sim::{Json, decode_text};

/// Texts in which the scrubber may find a credential.
fn suspicious() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "token",
        "key",
        "ice-pwd",
        "credential",
        "Bearer ",
        "eyJ",
        "pk_",
        "sk_",
        "://",
        "@",
        "=",
        ":",
        "%3D",
        "%26",
        "%3F",
        "%253d",
        "\"",
        "\\",
        "'",
        "&",
        "?",
        " ",
        "\n",
        ".",
        "a",
        "é",
        "🦀",
        "***",
        ",",
        "/",
        "#",
        "jwt",
        "password",
        "x-",
        "_",
        "}",
        "%",
    ]);
    prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

/// Objects that look like frames.
fn frame_like() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "1",
        "null",
        "\"x\"",
        "\"\"",
        "[]",
        "{}",
        "true",
        "-1",
        "1e400",
        "[{\"peerId\":\"p\"}]",
        "[1]",
        "{\"iceServers\":[{\"urls\":\"stun:a\"}]}",
        "\"\\ud800\"",
    ]);
    let name = prop::sample::select(vec![
        "requestId",
        "code",
        "channel",
        "from",
        "data",
        "joined",
        "left",
        "peerId",
        "serverTime",
        "maxMessageSize",
        "expiresAt",
        "metadata",
        "retryAfterMs",
        "fromMetadata",
        "message",
    ]);
    let kind = prop::sample::select(vec![
        "welcome",
        "ack",
        "error",
        "message",
        "direct",
        "presence",
        "going_away",
        "pong",
        "x",
    ]);
    (kind, prop::collection::vec((name, value), 0..6)).prop_map(|(kind, fields)| {
        let fields: String =
            fields.iter().map(|(name, value)| format!(",\"{name}\":{value}")).collect();
        format!("{{\"type\":\"{kind}\"{fields}}}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scrubbing_twice_changes_nothing(text in prop_oneof![suspicious(), any::<String>()]) {
        let once = scrub(&text);
        prop_assert_eq!(scrub(&once), once);
    }

    #[test]
    fn no_text_makes_decoding_panic(text in prop_oneof![frame_like(), any::<String>()]) {
        let _ = decode_text(&text);
    }

    #[test]
    fn no_nested_value_makes_decoding_panic(depth in 0usize..3_000, text: String) {
        let nested = format!("{{\"type\":{}{}", "[".repeat(depth), text);
        let _ = decode_text(&nested);
    }

    #[test]
    fn a_json_string_is_read_back_unchanged(value: String) {
        let mut text = String::new();
        push_json_string(&mut text, &value);
        prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    #[test]
    fn a_json_string_of_control_characters_is_read_back_unchanged(value in "[\u{0}-\u{1f}\"\\\\]{32}") {
        let mut text = String::new();
        push_json_string(&mut text, &value);
        prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    #[test]
    fn a_json_string_is_as_short_as_that_of_serde_json(value in "[\u{0}-\u{ff}🦀\u{2028}]{0,40}") {
        let mut text = String::new();
        push_json_string(&mut text, &value);
        // We always write \u0008, \u0009, \u000a, \u000c and \u000d in the long form.
        let known = serde_json::to_string(&value).unwrap();
        let unescaped = |text: &str| text.matches('\\').count();
        prop_assert_eq!(
            unescaped(&text) ,
            unescaped(&known)
        );
    }

    #[test]
    fn every_request_is_a_frame_with_its_parts(channel: String, request_id: u32, flag: bool) {
        let subscribe = OutgoingFrame::Subscribe {
            channel: &channel, include_sender_metadata: flag, request_id,
        };
        let frame: serde_json::Value = serde_json::from_str(&subscribe.to_text()).unwrap();
        prop_assert_eq!(&frame["channel"], channel.as_str());
        prop_assert_eq!(&frame["requestId"], &serde_json::json!(request_id.to_string()));
        prop_assert_eq!(frame.get("includeSenderMetadata").is_some(), flag);
        let publish = OutgoingFrame::Publish { channel: &channel, data: "[1]", request_id };
        prop_assert!(Json::parse(&publish.to_text()).is_some());
    }

    #[test]
    fn an_accepted_name_keeps_the_rules(name in "[\u{0}-\u{ff}🦀]{0,300}") {
        let units = name.encode_utf16().count();
        let controls = name.chars().any(char::is_control);
        prop_assert_eq!(check_channel(&name).is_ok(), (1..=256).contains(&units) && !controls);
        prop_assert_eq!(check_peer_id(&name).is_ok(), (1..=128).contains(&units) && !controls);
    }

    #[test]
    fn a_reason_is_cut_only_as_much_as_needed(reason: String) {
        let fits = fit_reason(&reason);
        prop_assert!(reason.starts_with(fits) && fits.len() <= 123);
        prop_assert!(fits.len() == reason.len() || fits.len() > 119);
    }
}

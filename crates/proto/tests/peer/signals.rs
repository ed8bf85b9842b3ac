//! What goes over the wire.

use metered_realtime_proto::peer::{
    Candidate, Decoded, Description, Kind, Sdp, SdpType, Signal, TrackMetadata, decode,
};

use metered_realtime_proto_testing::Json;

fn read(text: &str) -> Decoded<String> {
    let value = Json::parse(text).expect("the test's text is JSON");
    decode(&value, text.len())
}

fn signal(text: &str) -> Signal<String> {
    match read(text) {
        Decoded::Signal(signal) => signal,
        other => panic!("{text} is {other:?}"),
    }
}

#[test]
fn p051_descriptions_are_read_and_written() {
    let offer = r#"{"type":"rtc-description","description":{"type":"offer","sdp":"v=0\r\n"}}"#;
    let sdp = Sdp::new("v=0\r\n", r#""v=0\r\n""#.to_owned());
    let description = Description { kind: SdpType::Offer, sdp: sdp.clone(), answers: None };
    assert_eq!(signal(offer), Signal::Description(description));
    let answer =
        r#"{"type":"rtc-description","description":{"type":"answer","sdp":"v=0\r\n"},"re":"7 2"}"#;
    let answers = Some("7 2".into());
    let description = Description { kind: SdpType::Answer, sdp, answers };
    assert_eq!(signal(answer), Signal::Description(description));
    for text in [offer, answer] {
        assert_eq!(signal(text).to_json(String::clone), text);
    }
}

#[test]
fn p078_p084_candidates_are_read_and_an_empty_one_is_the_end() {
    let text =
        r#"{"type":"rtc-ice","candidate":{"candidate":"candidate:1","usernameFragment":"VQjk"}}"#;
    let Signal::Candidate(candidate) = signal(text) else { panic!("no candidate") };
    assert_eq!((candidate.size, candidate.ufrag.as_deref()), (11, Some("VQjk")));
    assert_eq!(Signal::Candidate(candidate).to_json(String::clone), text);
    let end = Signal::Candidate(Candidate { init: None, size: 0, ufrag: None });
    assert_eq!(signal(r#"{"type":"rtc-ice","candidate":null}"#), end);
    assert_eq!(signal(r#"{"type":"rtc-ice","candidate":{"candidate":""}}"#), end);
    assert_eq!(end.to_json(String::clone), r#"{"type":"rtc-ice","candidate":null}"#);
}

#[test]
fn p085_a_list_is_no_candidate_and_nobody_sees_it() {
    assert_eq!(read(r#"{"type":"rtc-ice","candidate":[]}"#), Decoded::Malformed);
    assert!(matches!(signal(r#"{"type":"rtc-ice","candidate":{}}"#), Signal::Candidate(_)));
}

#[test]
fn p101_p104_metadata_is_read_and_written_with_stream_and_kind() {
    let text = concat!(
        r#"{"__meteredTrackMeta":{"trackId":"t","metadata":{"role":"camera"},"#,
        r#""kind":"video","streamId":"s","exact":true}}"#
    );
    let metadata = TrackMetadata {
        track: "t".into(),
        metadata: Some(r#"{"role":"camera"}"#.into()),
        kind: Some(Kind::Video),
        stream: Some("s".into()),
        exact: true,
        size: text.len(),
    };
    assert_eq!(signal(text), Signal::Metadata(metadata));
    let forget = r#"{"__meteredTrackMeta":{"trackId":"t"}}"#;
    for text in [text, forget] {
        assert_eq!(signal(text).to_json(String::clone), text);
    }
}

#[test]
fn p106_malformed_metadata_is_swallowed() {
    for wrapper in [
        "null",
        "[]",
        "{}",
        r#"{"trackId":""}"#,
        r#"{"trackId":7}"#,
        r#"{"trackId":"t","metadata":null}"#,
        r#"{"trackId":"t","metadata":[]}"#,
        r#"{"trackId":"t","metadata":"m"}"#,
    ] {
        let text = format!(r#"{{"__meteredTrackMeta":{wrapper}}}"#);
        assert_eq!(read(&text), Decoded::Malformed, "{text}");
    }
}

#[test]
fn p048_what_is_no_signal_is_data_of_the_application() {
    for text in [
        "null",
        "7",
        r#""rtc-ice""#,
        r#"["rtc-ice"]"#,
        r#"{"type":"rtc-description"}"#,
        r#"{"type":"rtc-description","description":{"type":"pranswer","sdp":"v=0"}}"#,
        r#"{"type":"rtc-description","description":{"type":"offer","sdp":7}}"#,
        r#"{"type":"rtc-ice"}"#,
        r#"{"type":"rtc-ice","candidate":"c"}"#,
        r#"{"type":"chat"}"#,
    ] {
        assert_eq!(read(text), Decoded::Data, "{text}");
    }
}

#[test]
fn p162_metadata_with_a_prototype_is_carried_as_it_is() {
    let text = r#"{"__meteredTrackMeta":{"trackId":"t","metadata":{"__proto__":{"x":1}}}}"#;
    assert_eq!(signal(text).to_json(String::clone), text);
}

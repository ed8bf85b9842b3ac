//! What is read of a session description.

use metered_realtime_proto::peer::{Kind, Origin, SdpFacts, Section, scan_sdp};

const CHROMIUM: &str = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
    a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS a81f\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:VQjk\r\na=ice-pwd:secret\r\na=mid:0\r\n\
    a=msid:a81f 06ce3119\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:VQjk\r\na=mid:1\r\n\
    a=msid:- 7b2e\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n";

#[test]
fn session_credentials_and_sections_of_a_description_are_read() {
    let section = |mid: &str, kind, msid: Option<(&str, &str)>| Section {
        mid: mid.into(),
        kind,
        stream: msid.map(|(stream, _)| stream.into()),
        track: msid.map(|(_, track)| track.into()),
    };
    let facts = SdpFacts {
        origin: Some(Origin { session: "4611731400430051336".into(), version: "2".into() }),
        ufrags: vec!["VQjk".into()],
        sections: vec![
            section("0", Some(Kind::Audio), Some(("a81f", "06ce3119"))),
            section("1", Some(Kind::Video), Some(("-", "7b2e"))),
            section("2", None, None),
        ],
    };
    assert_eq!(scan_sdp(CHROMIUM), facts);
    assert_eq!(scan_sdp(&CHROMIUM.replace("\r\n", "\n")), facts);
    assert_eq!(facts.track_of("1"), Some("7b2e"));
    assert_eq!(facts.track_of("2"), None);
}

#[test]
fn credentials_of_the_whole_session_count_too() {
    assert_eq!(scan_sdp("a=ice-ufrag:one\nm=audio\na=ice-ufrag:two\n").ufrags, ["one", "two"]);
}

#[test]
fn p158_what_is_no_description_has_no_facts() {
    for garbage in
        ["", "\0", "o=", "o=-", "o=- 1", "m=\nm=\n", "a=mid:\n", "a=mid:0", "o=- \u{fe0f}"]
    {
        assert_eq!(scan_sdp(garbage), SdpFacts::default(), "{garbage:?}");
    }
}

#[test]
fn p158_the_facts_are_bounded_whatever_the_description_says() {
    let sections = "m=audio\na=mid:0\na=msid:a b\na=ice-ufrag:".to_owned();
    let many: String = (0..20_000).map(|number| format!("{sections}{number}\n")).collect();
    let facts = scan_sdp(&many);
    assert_eq!((facts.sections.len(), facts.ufrags.len()), (512, 512));
    let long = "x".repeat(1_000_000);
    let facts = scan_sdp(&format!("o=- {long} 1\na=ice-ufrag:{long}\nm=\na=mid:{long}\n"));
    assert_eq!(facts, SdpFacts::default());
}

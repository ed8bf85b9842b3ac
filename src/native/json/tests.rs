//! The corpus of frames that all platforms share, and cases that only text can show.

use serde_json::Value as Json;

use super::{Malformed, Payload, ServerFrame, parse};
use metered_realtime_proto::wire::{self, ApplicationFrame};

#[path = "../../../tests/frames/describe.rs"]
mod describe;

#[test]
fn every_text_of_the_corpus_is_what_is_expected() {
    let corpus = include_str!("../../../tests/frames/corpus.json");
    for case in serde_json::from_str::<Vec<Json>>(corpus).unwrap() {
        let text = case["text"].as_str().unwrap();
        let described = describe::describe(&parse(text), |data| data.json().to_owned());
        let described: Json = serde_json::from_str(&described).unwrap();
        assert!(
            alike(&described, &case["expect"]),
            "{text}\n is {described}\n not {}",
            case["expect"]
        );
    }
}

#[test]
fn unpaired_surrogates_in_data_stay_what_they_are() {
    let text = r#"{"type":"message","channel":"a\ud800","from":"p","data":"\ud800 and \udc00"}"#;
    let Ok(ServerFrame::Application(ApplicationFrame::Message { channel, data, .. })) = parse(text)
    else {
        panic!("no message")
    };
    assert_eq!(data.json(), r#""\ud800 and \udc00""#);
    assert_eq!(channel, "a\u{fffd}");
    let text = r#"{"type":"direct","\ud800":1,"from":"p","data":{"\udc00":"\ud800"}}"#;
    assert!(matches!(parse(text), Ok(ServerFrame::Application(_))));
}

#[test]
fn data_that_is_nested_deeply_does_no_harm() {
    let depth = 100_000;
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = format!(r#"{{"type":"direct","from":"p","data":{nested}}}"#);
    let data = data_of(&text);
    assert_eq!(data.json(), nested);
    assert!(data.parse::<Json>().is_err());
    assert!(matches!(parse(&nested), Err(Malformed::NoType)));
    assert!(matches!(parse(&nested[1..]), Err(Malformed::NotJson)));
    let peers = format!(r#"{{"type":"presence","channel":"c","joined":{nested},"left":[]}}"#);
    assert!(matches!(parse(&peers), Err(Malformed::BadField)));
}

#[test]
fn a_name_that_is_written_with_escapes_is_the_same_name() {
    let text = r#"{"t\u0079pe":"direct","from":"p","data":1,"d\u0061ta":2}"#;
    let data = data_of(text);
    assert_eq!(data.json(), "2", "the last of equal names counts");
}

#[test]
fn a_frame_that_begins_with_a_byte_order_mark_is_not_json() {
    for text in ["\u{feff}{\"type\":\"pong\"}", "\u{feff}"] {
        assert!(matches!(parse(text), Err(Malformed::NotJson)));
    }
}

/// The data of a direct message.
fn data_of(text: &str) -> Payload {
    match parse(text) {
        Ok(ServerFrame::Application(ApplicationFrame::Direct { data, .. })) => data,
        other => panic!("not a direct message: {other:?}"),
    }
}

/// Equality for which 1 and 1.0 are the same number.
fn alike(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| alike(a, b)))
        }
        (a, b) => a == b,
    }
}

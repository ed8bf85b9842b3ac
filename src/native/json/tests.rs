//! The corpus of frames that all platforms share.

use serde_json::Value as Json;

use super::parse;
use crate::wire;

#[path = "../../../tests/frames/describe.rs"]
mod describe;

#[test]
fn every_text_of_the_corpus_is_what_is_expected() {
    let corpus = include_str!("../../../tests/frames/corpus.json");
    for case in serde_json::from_str::<Vec<Json>>(corpus).unwrap() {
        let text = case["text"].as_str().unwrap();
        let described =
            describe::describe(&parse(text), |data| data.clone().into_payload().json().to_owned());
        let described: Json = serde_json::from_str(&described).unwrap();
        assert!(
            alike(&described, &case["expect"]),
            "{text}\n is {described}\n not {}",
            case["expect"]
        );
    }
}

/// Equal, with 1 and 1.0 the same number.
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

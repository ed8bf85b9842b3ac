//! The corpus of frames, which every platform that reads JSON has to read in the same way.
//!
//! `tests/frames/corpus.json` is a list of `{text, expect}`. Application data is expected as JSON text.

use metered_realtime_proto::wire;
use serde_json::Value;

use crate::sim::{Sim, decode_text};

#[path = "../../../../tests/frames/describe.rs"]
mod describe;

fn corpus() -> Vec<(String, Value)> {
    let corpus: Vec<Value> =
        serde_json::from_str(include_str!("../../../../tests/frames/corpus.json")).unwrap();
    corpus
        .into_iter()
        .map(|case| (case["text"].as_str().unwrap().to_owned(), case["expect"].clone()))
        .collect()
}

#[test]
fn every_text_of_the_corpus_is_read_as_expected() {
    for (text, expect) in corpus() {
        let described = describe::describe(&decode_text(&text), String::clone);
        let described: Value = serde_json::from_str(&described).unwrap();
        assert!(is_alike(&described, &expect), "{text}\n is {described}\n expected {expect}");
    }
}

/// Whether two values are equal, where 1 and 1.0 are the same number.
fn is_alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_alike(a, b)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn no_text_of_the_corpus_ends_a_connection() {
    let mut sim = Sim::connected();
    for (text, _) in corpus() {
        sim.receive(&text);
        assert_eq!(sim.state(), metered_realtime_proto::machine::State::Connected, "{text}");
    }
    assert_eq!(sim.most_open_sockets, 1);
}

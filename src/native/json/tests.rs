//! The corpus of frames that all platforms share, and that our own scan takes what serde_json takes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::{parse, scan};
use metered_realtime_proto::wire;

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

/// Texts that are nearly JSON: good ones with a few characters put in, taken out or exchanged.
fn texts() -> impl Strategy<Value = String> {
    let good = prop::sample::select(&[
        r#"{"type":"message","channel":"c","data":{"n":[1,-0.5e+10,{}],"t":"\u00e9\n"},"from":"p"}"#,
        r#" [ true , false , null , "\"\\\/\b" , [ [ ] , { "a" : 0 } ] ] "#,
        r#"{"a":{"b":{"c":[{"d":"0123456789 abcdef ü 0123456789"}]}}}"#,
        "-12.75E-3",
        r#""\ud800\uDC00 x""#,
    ]);
    let edit = (any::<prop::sample::Index>(), 0..3_u8, prop::sample::select(ALPHABET));
    (good, prop::collection::vec(edit, 0..4)).prop_map(|(good, edits)| {
        let mut text: Vec<char> = good.chars().collect();
        for (at, kind, char) in edits {
            let at = at.index(text.len());
            match kind {
                0 => text.insert(at, char),
                1 if text.len() > 1 => drop(text.remove(at)),
                _ => text[at] = char,
            }
        }
        text.into_iter().collect()
    })
}

const ALPHABET: &[char] = &[
    '{', '}', '[', ']', ',', ':', '"', '\\', '/', 'u', 'n', 't', 'e', 'E', '0', '1', '-', '+', '.',
    ' ', '\n', '\u{b}', '\u{1f}', '\u{7f}', '\u{a0}', 'ß', '😀',
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_scan_takes_what_serde_json_takes(text in texts()) {
        let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
        prop_assert_eq!(scan::is_json(&text), is_json);
        let expected: Option<Vec<&RawValue>> = serde_json::from_str(&text).ok();
        let expected = expected.map(|all| all.into_iter().map(RawValue::get).collect::<Vec<_>>());
        let elements = scan::elements(&text);
        let elements = elements.map(|all| all.into_iter().map(|raw| raw.text).collect::<Vec<_>>());
        prop_assert_eq!(elements, expected);
        let mut members = BTreeMap::new();
        let scanned = scan::members(&text, |name, value| {
            let name = String::from_utf8(name.into_owned()).unwrap();
            members.insert(name, (value.text, value.string()));
        });
        prop_assert_eq!(scanned.is_some(), is_json && text.trim_start().starts_with('{'));
        // Names with unpaired surrogates are ours alone.
        if let Ok(expected) = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text) {
            prop_assert_eq!(members.len(), expected.len());
            for (name, value) in expected {
                let found = scan::member(&text, &name).map(|raw| raw.text);
                prop_assert_eq!(found, Some(value.get()));
                let Some((found, string)) = members.remove(&name) else { panic!("no member") };
                prop_assert_eq!(found, value.get());
                if let Ok(expected) = serde_json::from_str::<String>(found) {
                    prop_assert_eq!(string.as_deref(), Some(&*expected));
                }
            }
        }
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

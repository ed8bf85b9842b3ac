//! Reads frames from text. Only the envelope is parsed; application data stays JSON text.
//!
//! Proto has the rules of the frames; this implements its trait [`Value`] on the `RawValue` of serde_json. Raw values are found
//! without recursion, and their strings need not be valid Unicode. So neither deep nesting nor an unpaired surrogate in
//! application data does any harm.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::data::Payload;
use metered_realtime_proto::wire::{Malformed, Members, ServerFrame, Value, decode};

/// Reads a frame.
///
/// # Errors
/// Why the text is not a valid frame.
pub(super) fn parse(text: &str) -> Result<ServerFrame<Payload>, Malformed> {
    match decode(&Json(Some(text))) {
        Err(Malformed::NoType) if !is_json(text) => Err(Malformed::NotJson),
        decoded => decoded,
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The text of a JSON value; `None`: a missing member.
#[derive(Clone, Copy)]
struct Json<'a>(Option<&'a str>);

impl<'a> Json<'a> {
    fn parse<T: Deserialize<'a>>(self) -> Option<T> {
        serde_json::from_str(self.0?).ok()
    }
}

impl<'a> Value for Json<'a> {
    type Payload = Payload;
    type Name = String;
    type Text = Cow<'a, str>;
    type Members<'b>
        = ObjectMembers<'a>
    where
        Self: 'b;

    fn members(&self) -> Option<ObjectMembers<'a>> {
        self.parse()
    }

    fn string(&self) -> Option<Cow<'a, str>> {
        // Only text without escapes can be borrowed.
        let borrowed = self.parse::<&str>().map(Cow::Borrowed);
        borrowed.or_else(|| Some(Cow::Owned(unescape(self.0?)?)))
    }

    fn number(&self) -> Option<f64> {
        self.parse::<f64>().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<Json<'a>>> {
        let items = self.parse::<Vec<&RawValue>>()?;
        Some(items.into_iter().map(|item| Json(Some(item.get()))).collect())
    }

    fn is_object(&self) -> bool {
        self.0.is_some_and(|text| text.starts_with('{'))
    }

    fn is_null(&self) -> bool {
        self.0 == Some("null")
    }

    fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    fn into_name(self) -> Option<String> {
        self.string().map(Cow::into_owned)
    }

    fn into_payload(self) -> Option<Payload> {
        self.0.map(Payload::from_json)
    }
}

/// The members of an object. The last of equal names counts.
struct ObjectMembers<'a>(Vec<(Key, &'a str)>);

impl<'a> Members for ObjectMembers<'a> {
    type Value = Json<'a>;

    fn get(&self, name: &str) -> Json<'a> {
        let found = self.0.iter().rev().find(|(Key(other), _)| other == name.as_bytes());
        Json(found.map(|(_, value)| *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ObjectMembers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMembers<'a>, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = ObjectMembers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ObjectMembers<'de>, M::Error> {
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        while let Some((name, value)) = map.next_entry::<Key, &RawValue>()? {
            members.push((name, value.get()));
        }
        Ok(ObjectMembers(members))
    }
}

/// A string as bytes: UTF-8 with unpaired surrogates, which serde_json would refuse in a `String`.
struct Key(Vec<u8>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_bytes(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Key, E> {
        Ok(Key(bytes.to_vec()))
    }
}

/// The text of a string literal, with U+FFFD for unpaired surrogates.
fn unescape(literal: &str) -> Option<String> {
    let Key(bytes) = serde_json::from_str(literal).ok()?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // A surrogate is the bytes ED xx xx, which are three invalid chunks.
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Some(text)
}

/// Enough for the most frequent frames.
const USUAL_MEMBERS: usize = 6;

#[cfg(test)]
mod tests;

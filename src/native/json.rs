//! Text from the peer into frames. Only the envelope is looked into; application data stays text.
//!
//! The rules of the frames are those of `wire`; this is a [`Value`] over raw JSON for them. Nothing here recurses and no
//! string has to be well-formed Unicode, so deep nesting and unpaired surrogates harm nobody.

use std::cell::OnceCell;
use std::fmt;

use serde::Deserializer;
use serde::de::{Deserialize, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::carried::Carried;
use crate::data::Payload;
use crate::wire::{Malformed, ServerFrame, Value, decode};

/// The frame that a text is.
pub(super) fn parse(text: &str) -> Result<ServerFrame<Carried>, Malformed> {
    let Ok(members) = serde_json::from_str(text) else {
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        return Err(if is_json { Malformed::NoType } else { Malformed::NotJson });
    };
    decode(&Json { text, members: OnceCell::from(Some(members)) })
}

/// One JSON value in its text. Members are found when the first one is asked for.
struct Json<'a> {
    text: &'a str,
    members: OnceCell<Option<Members<'a>>>,
}

/// The members of an object in their order, both sides as raw text.
struct Members<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Json<'a> {
    fn new(text: &'a str) -> Json<'a> {
        Json { text, members: OnceCell::new() }
    }
}

impl<'a> Value for Json<'a> {
    type Payload = Carried;

    fn field(&self, name: &str) -> Option<Json<'a>> {
        let members = self
            .members
            .get_or_init(
                || if self.is_object() { serde_json::from_str(self.text).ok() } else { None },
            )
            .as_ref()?;
        let found = members.0.iter().rev().find(|(key, _)| is_name(key, name))?;
        Some(Json::new(found.1))
    }

    fn string(&self) -> Option<String> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') { unescape(self.text) } else { Some(inner.to_owned()) }
    }

    fn number(&self) -> Option<f64> {
        let starts = self.text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let number: f64 = if starts { self.text.parse().ok()? } else { return None };
        number.is_finite().then_some(number)
    }

    fn items(&self) -> Option<Vec<Json<'a>>> {
        if !self.text.starts_with('[') {
            return None;
        }
        let items: Vec<&'a RawValue> = serde_json::from_str(self.text).ok()?;
        Some(items.into_iter().map(|item| Json::new(item.get())).collect())
    }

    fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.text == "null"
    }

    fn into_payload(self) -> Carried {
        Carried::Payload(Payload::from_json(self.text))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(6);
        while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            members.push((key.get(), value.get()));
        }
        Ok(Members(members))
    }
}

/// Whether a key, in its quotes, is this name.
fn is_name(key: &str, name: &str) -> bool {
    match key.strip_prefix('"').and_then(|key| key.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => plain == name,
        Some(_) | None => unescape(key).is_some_and(|key| key == name),
    }
}

/// A string literal's text, with U+FFFD for unpaired surrogates.
fn unescape(literal: &str) -> Option<String> {
    let bytes = serde_json::Deserializer::from_str(literal).deserialize_bytes(BytesVisitor).ok()?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // A surrogate is ED xx xx, which comes as three bad chunks.
        if chunk.invalid().first() == Some(&0xED) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Some(text)
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests;

//! Text from the peer into frames. Only the envelope is looked into; application data stays text.
//!
//! The rules of the frames are those of `wire`; this is a [`Value`] over raw JSON for them. Nothing here recurses and no
//! string has to be well-formed Unicode, so deep nesting and unpaired surrogates harm nobody.

mod scan;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::Deserializer;
use serde::de::Visitor;

use self::scan::{Members, text_of};
use crate::data::Payload;
use crate::wire::{Malformed, ServerFrame, Value, decode};

/// The frame that a text is.
pub(super) fn parse(text: &str) -> Result<ServerFrame<Payload>, Malformed> {
    match scan::members(text) {
        Some(members) => decode(&Json { text, members: OnceCell::from(Some(members)) }),
        None if scan::is_json(text) => Err(Malformed::NoType),
        None => Err(Malformed::NotJson),
    }
}

/// One JSON value in its text. Members are found when the first one is asked for.
struct Json<'a> {
    text: &'a str,
    members: OnceCell<Option<Members<'a>>>,
}

impl<'a> Json<'a> {
    fn new(text: &'a str) -> Json<'a> {
        Json { text, members: OnceCell::new() }
    }
}

impl<'a> Value for Json<'a> {
    type Payload = Payload;
    type Text = Cow<'a, str>;

    fn field(&self, name: &str) -> Option<Json<'a>> {
        let members = self.members.get_or_init(|| scan::members(self.text)).as_ref()?;
        let (_, value) = members.iter().rev().find(|(key, _)| key == name)?;
        Some(Json::new(value))
    }

    fn string(&self) -> Option<Cow<'a, str>> {
        text_of(self.text)
    }

    fn number(&self) -> Option<f64> {
        let starts = self.text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let number: f64 = if starts { self.text.parse().ok()? } else { return None };
        number.is_finite().then_some(number)
    }

    fn items(&self) -> Option<Vec<Json<'a>>> {
        Some(scan::elements(self.text)?.into_iter().map(Json::new).collect())
    }

    fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.text == "null"
    }

    fn into_payload(self) -> Payload {
        Payload::from_json(self.text)
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

//! Text from the peer into frames. Only the envelope is looked into; application data stays text.
//!
//! The rules of the frames are those of `wire`; this is a [`Value`] over raw JSON for them. Nothing here recurses and no
//! string has to be well-formed Unicode, so deep nesting and unpaired surrogates harm nobody.

mod scan;

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::Visitor;

use self::scan::Raw;
use crate::data::Payload;
use metered_realtime_proto::wire::{Malformed, ServerFrame, Value, decode};

/// The frame that a text is.
pub(super) fn parse(text: &str) -> Result<ServerFrame<Payload>, Malformed> {
    let mut members = Members::default();
    match scan::members(text, |name, value| members.insert(name, value)) {
        Some(()) => decode(&Json { raw: Raw::list(text), members: Some(&members) }),
        None if scan::is_json(text) => Err(Malformed::NoType),
        None => Err(Malformed::NotJson),
    }
}

/// The members of a frame, by their names in UTF-8. The last of equal names counts.
#[derive(Default)]
struct Members<'a> {
    /// Those that come most have places of their own, so that nothing is allocated or searched for them.
    usual: [Option<Raw<'a>>; USUAL],
    others: Vec<(Cow<'a, [u8]>, Raw<'a>)>,
}

impl<'a> Members<'a> {
    fn insert(&mut self, name: Cow<'a, [u8]>, value: Raw<'a>) {
        match place(&name) {
            Some(place) => self.usual[place] = Some(value),
            None => self.others.push((name, value)),
        }
    }

    fn get(&self, wanted: &[u8]) -> Option<Raw<'a>> {
        match place(wanted) {
            Some(place) => self.usual[place],
            None => {
                self.others.iter().rev().find(|(name, _)| **name == *wanted).map(|found| found.1)
            }
        }
    }
}

/// The place of a member that comes most.
#[inline(always)]
fn place(name: &[u8]) -> Option<usize> {
    // As patterns they would be compared byte by byte.
    match name {
        name if name == b"type" => Some(0),
        name if name == b"channel" => Some(1),
        name if name == b"from" => Some(2),
        name if name == b"data" => Some(3),
        name if name == b"fromMetadata" => Some(4),
        name if name == b"requestId" => Some(5),
        _ => None,
    }
}

const USUAL: usize = 6;

/// One JSON value in its text.
struct Json<'m, 'a> {
    raw: Raw<'a>,
    /// Those of the frame itself, which is asked for most of its members.
    members: Option<&'m Members<'a>>,
}

impl<'a> Json<'_, 'a> {
    fn new(raw: Raw<'a>) -> Self {
        Json { raw, members: None }
    }
}

impl<'m, 'a> Value for Json<'m, 'a> {
    type Payload = Payload;
    type Name = String;
    type Text = Cow<'a, str>;

    fn field(&self, name: &str) -> Option<Json<'m, 'a>> {
        let raw = match self.members {
            Some(members) => members.get(name.as_bytes()),
            None => scan::member(self.raw.text, name),
        };
        raw.map(Json::new)
    }

    fn string(&self) -> Option<Cow<'a, str>> {
        self.raw.string()
    }

    fn number(&self) -> Option<f64> {
        let starts = self.raw.text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let number: f64 = if starts { self.raw.text.parse().ok()? } else { return None };
        number.is_finite().then_some(number)
    }

    fn items(&self) -> Option<Vec<Json<'m, 'a>>> {
        Some(scan::elements(self.raw.text)?.into_iter().map(Json::new).collect())
    }

    fn is_object(&self) -> bool {
        self.raw.text.starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.raw.text == "null"
    }

    fn into_name(self) -> Option<String> {
        self.string().map(Cow::into_owned)
    }

    fn into_payload(self) -> Payload {
        Payload::from_json(self.raw.text)
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

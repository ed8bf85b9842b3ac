//! What the machine carries natively: application data inwards, finished frames outwards.

use crate::data::Payload;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Carried {
    Payload(Payload),
    Frame(String),
}

impl Carried {
    pub(super) fn into_frame(self) -> String {
        match self {
            Carried::Frame(text) => text,
            Carried::Payload(payload) => payload.json().to_owned(),
        }
    }

    pub(super) fn into_payload(self) -> Payload {
        match self {
            Carried::Payload(payload) => payload,
            Carried::Frame(text) => Payload::from_json(&text),
        }
    }
}

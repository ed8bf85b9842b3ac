//! Application data as raw JSON text: nobody parses it before the user does.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::errors::DataError;

/// Application data of a peer, as the JSON text that arrived. Cheap to clone.
///
/// It is valid JSON, and nothing more was checked: nesting may be deep, strings may have unpaired surrogates (`"\ud800"`),
/// numbers may be large. Where that matters, use the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload {
    json: Arc<str>,
}

impl Payload {
    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The data as a type of yours.
    ///
    /// # Errors
    /// The data does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        serde_json::from_str(&self.json).map_err(DataError::new)
    }
}

/// As it came, so that data can be handed on.
impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.json).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

/// What the machine carries: application data inwards, finished frames outwards.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Carried {
    Payload(Payload),
    Frame(String),
}

impl Carried {
    /// Data out of a text that is known to be JSON.
    pub(super) fn data(json: &str) -> Carried {
        Carried::Payload(Payload { json: json.into() })
    }

    pub(crate) fn into_frame(self) -> String {
        match self {
            Carried::Frame(text) => text,
            Carried::Payload(payload) => payload.json.as_ref().to_owned(),
        }
    }
}

impl From<Carried> for Payload {
    fn from(carried: Carried) -> Payload {
        match carried {
            Carried::Payload(payload) => payload,
            Carried::Frame(text) => Payload { json: text.into() },
        }
    }
}

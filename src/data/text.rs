//! Natively: raw JSON text, which nobody parses before the user does.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::DataError;

/// A text that is known to be JSON.
#[derive(Clone)]
pub(super) struct Data(Arc<str>);

impl Data {
    pub(super) fn json(&self) -> &str {
        &self.0
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        serde_json::from_str(&self.0).map_err(DataError::new)
    }

    pub(super) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl super::Payload {
    /// Out of a text that is known to be JSON.
    pub(crate) fn from_json(json: &str) -> super::Payload {
        super::Payload(Data(json.into()))
    }
}

pub(super) fn to_json<T: Serialize + ?Sized>(data: &T) -> Result<String, String> {
    serde_json::to_string(data).map_err(|error| error.to_string())
}

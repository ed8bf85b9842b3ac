//! Natively: raw JSON text, which is not parsed until the user asks for it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use super::DataError;

/// Valid JSON text.
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
    /// A payload from valid JSON text.
    pub(crate) fn from_json(json: &str) -> super::Payload {
        super::Payload(Data(json.into()))
    }
}

pub(super) fn to_json<T: Serialize + ?Sized>(data: &T) -> Result<String, String> {
    serde_json::to_string(data).map_err(|error| error.to_string())
}

//! `wire::Value` over raw JSON text, as the native driver has it: payloads stay text.

use std::collections::BTreeMap;

use metered_realtime_proto::wire::{self, Malformed, ServerFrame, Value};
use serde_json::value::RawValue;

/// A JSON value as text.
pub(crate) struct Json(Box<RawValue>);

impl Json {
    /// Reads JSON text.
    pub(crate) fn parse(text: &str) -> Option<Json> {
        serde_json::from_str(text).ok().map(Json)
    }
}

impl Value for Json {
    type Payload = String;
    type Name = String;
    type Text = String;

    fn field(&self, name: &str) -> Option<Json> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(self.0.get()).ok()?;
        fields.into_iter().find(|(key, _)| key == name).map(|(_, value)| Json(value))
    }

    fn string(&self) -> Option<String> {
        serde_json::from_str(self.0.get()).ok()
    }

    fn number(&self) -> Option<f64> {
        serde_json::from_str::<f64>(self.0.get()).ok().filter(|number| number.is_finite())
    }

    fn items(&self) -> Option<Vec<Json>> {
        let items: Vec<Box<RawValue>> = serde_json::from_str(self.0.get()).ok()?;
        Some(items.into_iter().map(Json).collect())
    }

    fn is_object(&self) -> bool {
        self.0.get().starts_with('{')
    }

    fn is_null(&self) -> bool {
        self.0.get() == "null"
    }

    fn into_name(self) -> Option<String> {
        self.string()
    }

    fn into_payload(self) -> String {
        self.0.get().to_owned()
    }
}

/// What a driver makes of a text from the server.
pub(crate) fn decode_text(text: &str) -> Result<ServerFrame<String>, Malformed> {
    wire::decode(&Json::parse(text).ok_or(Malformed::NotJson)?)
}

//! Application data: what users serialize, and what they get back.
//!
//! The client does not look into it. A browser parses whole frames, so there data is a JavaScript value; natively it stays JSON
//! text. Users see the same [`Payload`] on both.

mod check;
mod error;
#[cfg(target_arch = "wasm32")]
mod js;
#[cfg(not(target_arch = "wasm32"))]
mod text;

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::DeserializeOwned;
use serde::ser::{Serialize, Serializer};

#[cfg(target_arch = "wasm32")]
use js as platform;
#[cfg(not(target_arch = "wasm32"))]
use text as platform;

pub use error::DataError;

/// Application data of a peer, as it arrived. Cheap to clone.
///
/// It is valid JSON, but nothing else was checked: nesting may be deep, strings may have unpaired surrogates (`"\ud800"`),
/// numbers may be large. Where that matters, use the text.
#[derive(Clone)]
pub struct Payload(platform::Data);

impl Payload {
    /// The JSON text: natively as it arrived, in a browser as `JSON.stringify` writes it.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.json()
    }

    /// The data as your own type.
    ///
    /// # Errors
    /// The data does not fit the type, or is nested more than 127 deep.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        self.0.parse()
    }
}

/// Serializes the data unchanged, so that it can be passed on. Only [`publish`](crate::SignallingClient::publish) and
/// [`send`](crate::SignallingClient::send) support this.
impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        self.json() == other.json()
    }
}

impl Eq for Payload {}

impl Hash for Payload {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.json().hash(state);
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json())
    }
}

/// Serializes the user's data as JSON text.
///
/// # Errors
/// Why JSON cannot hold the data, as the end of a sentence that starts with the name of the argument.
pub(crate) fn to_json<T: Serialize + ?Sized>(data: &T) -> Result<String, String> {
    check::check(data).map_err(|error| error.to_string())?;
    platform::to_json(data).map_err(|why| format!("cannot be held by JSON: {why}"))
}

/// The deepest nesting of arrays and objects that users can serialize and deserialize. `serde_json` has the same limit.
const DEEPEST: usize = 127;

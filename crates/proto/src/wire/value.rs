//! What the rules of the frames need of a parsed JSON value, whatever platform parsed it.

use std::ops::Deref;

/// A parsed JSON value: a JS object on the web, raw JSON text natively.
///
/// The rules of each frame are written once over this trait, and one corpus of frames runs through each implementation.
pub trait Value: Sized {
    /// What the value becomes when it is handed on as application data.
    type Payload;
    /// What a string becomes when it is handed on as a name: a channel or a peer id.
    type Name;
    /// A string's text: borrowed where the platform has it already.
    type Text: Deref<Target = str> + Into<String>;

    /// The member of an object, `None` if this is no object or has no such member. The last of equal names counts.
    fn field(&self, name: &str) -> Option<Self>;
    /// The text, if this is a string.
    fn string(&self) -> Option<Self::Text>;
    /// The number, if this is a finite one.
    fn number(&self) -> Option<f64>;
    /// The elements, if this is an array.
    fn items(&self) -> Option<Vec<Self>>;
    /// Whether this is an object: neither `null` nor an array.
    fn is_object(&self) -> bool;
    /// Whether this is `null`.
    fn is_null(&self) -> bool;
    /// The string as a name, if this is a string.
    fn into_name(self) -> Option<Self::Name>;
    /// The value as application data.
    fn into_payload(self) -> Self::Payload;
}

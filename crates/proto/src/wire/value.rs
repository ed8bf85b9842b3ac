//! What the rules of the frames need to know of a parsed JSON value, on any platform.

use std::ops::Deref;

/// A parsed JSON value: a JS object on the web, raw JSON text natively.
///
/// The rules of each frame are written once over this trait, and every implementation is tested with one corpus of frames.
pub trait Value: Sized {
    /// A value that is passed on as application data.
    type Payload;
    /// A string that is passed on as a name: a channel or a peer id.
    type Name;
    /// The text of a string, borrowed where the platform has it already.
    type Text: Deref<Target = str> + Into<String>;

    /// A member of an object. `None`: this is not an object, or it has no such member. If a name occurs twice, the last one counts.
    fn field(&self, name: &str) -> Option<Self>;
    /// The text, if this is a string.
    fn string(&self) -> Option<Self::Text>;
    /// The number, if this is a finite number.
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

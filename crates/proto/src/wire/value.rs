//! What the rules of the frames need to know of a parsed JSON value, on any platform.

use std::ops::Deref;

use super::frame::FrameType;

/// A parsed JSON value: a JS value on the web, JSON text natively. Or a member that its object does not have.
///
/// The rules of each frame are written once over this trait, and every implementation is tested with one corpus of frames.
pub trait Value: Sized {
    /// A value that is passed on as application data.
    type Payload;
    /// A string that is passed on as a name: a channel or a peer id.
    type Name;
    /// The text of a string, borrowed where the platform has it already.
    type Text: Deref<Target = str> + Into<String>;
    /// The members of an object.
    type Members<'a>: Members<Value = Self>
    where
        Self: 'a;

    /// The members, if this is an object. An array has none.
    fn members(&self) -> Option<Self::Members<'_>>;
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
    /// Whether the object does not have this member.
    fn is_missing(&self) -> bool;
    /// The string as a name, if this is a string.
    fn into_name(self) -> Option<Self::Name>;
    /// The value as application data, unless it is missing.
    fn into_payload(self) -> Option<Self::Payload>;

    /// The frame type that this string names. A platform may know a quicker way than by its text.
    fn frame_type(&self) -> Option<FrameType> {
        FrameType::of(&self.string()?)
    }
}

/// The members of an object.
pub trait Members {
    /// What they are.
    type Value: Value;

    /// The member with this name. If the name occurs twice, the last one counts.
    fn get(&self, name: &str) -> Self::Value;
}

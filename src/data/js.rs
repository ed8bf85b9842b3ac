//! In a browser, data is the JavaScript value that `JSON.parse` returned.

use std::cell::OnceCell;
use std::rc::Rc;

use js_sys::{Array, Error, JSON, Object, RangeError};
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};

use super::{DEEPEST, DataError, Payload};

/// A JavaScript value that JSON can hold.
#[derive(Clone)]
pub(super) struct Data(Rc<Inner>);

struct Inner {
    value: JsValue,
    /// The JSON text, made at the first use.
    json: OnceCell<String>,
}

impl Data {
    pub(super) fn json(&self) -> &str {
        self.0.json.get_or_init(|| stringify(&self.0.value).unwrap_or_else(|_| NULL.into()))
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, DataError> {
        let value = &self.0.value;
        // A type that can hold anything is deserialized recursively, and a peer must not overflow our stack.
        if value.is_object() && nesting(self.json()) > DEEPEST {
            return Err(DataError::new("it is nested too deeply"));
        }
        serde_wasm_bindgen::from_value(value.clone())
            .map_err(|error| DataError::new(error.to_string()))
    }

    pub(super) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_wasm_bindgen::preserve::serialize(&self.0.value, serializer)
    }
}

impl Payload {
    /// The data as a JavaScript value, for other parts of the page. In a browser only.
    #[must_use]
    pub fn as_js(&self) -> &JsValue {
        &self.0.0.value
    }

    /// From a value that `JSON.parse` returned.
    pub(crate) fn from_js(value: JsValue) -> Payload {
        Payload(Data(Rc::new(Inner { value, json: OnceCell::new() })))
    }
}

pub(super) fn to_json<T: Serialize + ?Sized>(data: &T) -> Result<String, String> {
    let value = data
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|error| error.to_string())?;
    stringify(&value)
}

/// # Errors
/// JSON cannot hold the value: it is `undefined`, a function, a `BigInt`, or circular.
fn stringify(value: &JsValue) -> Result<String, String> {
    match JSON::stringify(value) {
        Ok(text) => text.as_string().ok_or_else(|| "it is undefined".into()),
        // Engines stringify recursively.
        Err(error) if is_out_of_stack(&error) => Ok(write_deep(value)),
        Err(_) => Err("it is circular or holds a BigInt".into()),
    }
}

/// Firefox has an error of its own for a stack overflow.
fn is_out_of_stack(error: &JsValue) -> bool {
    let is_internal = |error: &Error| error.name() == "InternalError";
    error.is_instance_of::<RangeError>() || error.dyn_ref().is_some_and(is_internal)
}

enum Step {
    Write(&'static str),
    Key(JsValue),
    Value(JsValue),
}

/// Writes a value as `JSON.stringify` does, without recursion, so that deep nesting needs no stack.
fn write_deep(value: &JsValue) -> String {
    let mut text = String::new();
    let mut todo = vec![Step::Value(value.clone())];
    while let Some(step) = todo.pop() {
        match step {
            Step::Write(what) => text.push_str(what),
            Step::Key(key) => {
                push_scalar(&mut text, &key);
                text.push(':');
            }
            Step::Value(value) if Array::is_array(&value) => {
                text.push('[');
                todo.push(Step::Write("]"));
                let items: &Array = value.unchecked_ref();
                for (at, item) in items.iter().enumerate().collect::<Vec<_>>().into_iter().rev() {
                    todo.push(Step::Value(item));
                    todo.extend((at > 0).then_some(Step::Write(",")));
                }
            }
            Step::Value(value) if value.is_object() => {
                text.push('{');
                todo.push(Step::Write("}"));
                let object: &Object = value.unchecked_ref();
                let (keys, values) = (Object::keys(object), Object::values(object));
                for at in (0..keys.length()).rev() {
                    todo.extend([Step::Value(values.get(at)), Step::Key(keys.get(at))]);
                    todo.extend((at > 0).then_some(Step::Write(",")));
                }
            }
            Step::Value(value) => push_scalar(&mut text, &value),
        }
    }
    text
}

fn push_scalar(text: &mut String, value: &JsValue) {
    let json = JSON::stringify(value).ok().and_then(|json| json.as_string());
    text.push_str(json.as_deref().unwrap_or(NULL));
}

/// How deeply arrays and objects are nested in a JSON text.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

const NULL: &str = "null";

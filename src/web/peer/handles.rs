//! Objects of the platform (tracks, streams, channels) by the numbers that the room knows them by.

use std::collections::BTreeMap;

use js_sys::Map;
use wasm_bindgen::JsValue;

/// A table of objects. Each has one number, as long as somebody holds it.
#[derive(Debug, Default)]
pub(super) struct Handles {
    ids: Map<JsValue, JsValue>,
    objects: BTreeMap<u32, Held>,
    last: u32,
}

#[derive(Debug)]
struct Held {
    object: JsValue,
    holders: u32,
}

impl Handles {
    /// The number of an object, which is held once more from now on.
    pub(super) fn hold(&mut self, object: &JsValue) -> u32 {
        let id = self.id(object).unwrap_or_else(|| {
            self.last += 1;
            self.ids.set(object, &JsValue::from(self.last));
            self.objects.insert(self.last, Held { object: object.clone(), holders: 0 });
            self.last
        });
        if let Some(held) = self.objects.get_mut(&id) {
            held.holders += 1;
        }
        id
    }

    /// Undoes one [`hold`](Self::hold).
    pub(super) fn release(&mut self, id: u32) {
        let Some(held) = self.objects.get_mut(&id) else { return };
        held.holders -= 1;
        if held.holders == 0 {
            self.ids.delete(&held.object);
            self.objects.remove(&id);
        }
    }

    /// The number of an object that is held.
    pub(super) fn id(&self, object: &JsValue) -> Option<u32> {
        self.ids.get(object).as_f64().map(|id| id as u32)
    }

    /// The object with this number.
    pub(super) fn object(&self, id: u32) -> Option<JsValue> {
        self.objects.get(&id).map(|held| held.object.clone())
    }
}

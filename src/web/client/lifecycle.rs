//! The page or the network returns: each of these events is a reason not to trust the socket and not to wait any longer. Where
//! they do not exist, nothing happens.

use js_sys::{Reflect, global};
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// Listens while it lives.
pub(super) struct Lifecycle {
    _watched: Vec<Watched>,
}

struct Watched {
    target: EventTarget,
    event: &'static str,
    listener: Closure<dyn Fn(JsValue)>,
}

impl Lifecycle {
    pub(super) fn watch(wake: impl Fn() + Clone + 'static) -> Lifecycle {
        let watched = EVENTS.iter().filter_map(|(target, event, is_reason)| {
            let target = target();
            // Not left to `Reflect`, which throws then: each time an entry of the table of JavaScript values was not given back.
            if target.is_undefined() || !member(&target, "addEventListener").is_function() {
                return None;
            }
            let wake = wake.clone();
            let listener = Closure::new(move |event: JsValue| {
                if is_reason(&event) {
                    wake();
                }
            });
            Watched::listen(target.unchecked_into(), event, listener).ok()
        });
        Lifecycle { _watched: watched.collect() }
    }
}

impl Watched {
    fn listen(
        target: EventTarget,
        event: &'static str,
        listener: Closure<dyn Fn(JsValue)>,
    ) -> Result<Watched, JsValue> {
        target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref())?;
        Ok(Watched { target, event, listener })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let listener = self.listener.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.event, listener);
    }
}

/// Whose event, which one, and whether it is a reason.
type Watch = (fn() -> JsValue, &'static str, fn(&JsValue) -> bool);

const EVENTS: [Watch; 4] = [
    (window, "online", |_| true),
    (window, "pageshow", |event| member(event, "persisted").is_truthy()),
    // Chromium: a frozen page goes on.
    (document, "resume", |_| true),
    (document, "visibilitychange", |_| member(&document(), "visibilityState") == "visible"),
];

fn window() -> JsValue {
    global().into()
}

fn document() -> JsValue {
    member(&window(), "document")
}

fn member(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or_default()
}

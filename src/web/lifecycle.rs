//! The page or the network returns: a reason not to trust a socket and not to wait any longer. One set of listeners serves all
//! clients of a page. Where these events do not exist, nothing happens.

use std::cell::RefCell;
use std::rc::Weak;

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

use super::any::{global, member};
use super::depth::Entered;
use super::host::{Platform, function};

/// A client that can be woken.
pub(super) trait Wake {
    fn wake(&self);
}

thread_local! {
    static PAGE: RefCell<Page> = const { RefCell::new(Page { clients: Vec::new(), listeners: None }) };
}

struct Page {
    clients: Vec<Weak<dyn Wake>>,
    listeners: Option<Listeners>,
}

/// Wakes the client until [`leave`].
pub(super) fn join(client: Weak<dyn Wake>, host: &impl Platform) {
    let is_first = PAGE.with_borrow_mut(|page| {
        page.clients.push(client);
        page.clients.len() == 1
    });
    if is_first {
        // What adds listeners is the page's: nothing may be borrowed.
        let listeners = Listeners::add(host);
        PAGE.with_borrow_mut(|page| page.listeners = Some(listeners));
    }
}

pub(super) fn leave(client: &Weak<dyn Wake>, host: &impl Platform) {
    let listeners = PAGE.with_borrow_mut(|page| {
        page.clients.retain(|other| !Weak::ptr_eq(other, client) && other.strong_count() > 0);
        if page.clients.is_empty() { page.listeners.take() } else { None }
    });
    if let Some(listeners) = listeners {
        listeners.remove(host);
    }
}

fn wake_all() {
    let clients = PAGE.with_borrow(|page| page.clients.clone());
    for client in clients {
        if let Some(client) = client.upgrade() {
            client.wake();
        }
    }
}

struct Listeners {
    _callback: Closure<dyn Fn(u32, JsValue)>,
    guarded: Function,
    added: Vec<(EventTarget, &'static str, Function)>,
}

impl Listeners {
    fn add(host: &impl Platform) -> Listeners {
        let callback: Closure<dyn Fn(u32, JsValue)> = Closure::new(|at: u32, event: JsValue| {
            let _entered = Entered::now();
            if EVENTS.get(at as usize).is_some_and(|(_, _, is_reason)| is_reason(&event)) {
                wake_all();
            }
        });
        let guarded = host.guard(function(callback.as_ref()));
        let mut added = Vec::new();
        for (at, (target, event, _)) in (0_u32..).zip(&EVENTS) {
            let target = target();
            if !member(&target, "addEventListener").is_function() {
                continue;
            }
            let target: EventTarget = target.unchecked_into();
            let listener: Function =
                guarded.bind1(&JsValue::UNDEFINED, &JsValue::from(at)).unchecked_into();
            if target.add_event_listener_with_callback(event, &listener).is_ok() {
                added.push((target, *event, listener));
            }
        }
        Listeners { _callback: callback, guarded, added }
    }

    fn remove(self, host: &impl Platform) {
        host.mute(&self.guarded);
        for (target, event, listener) in &self.added {
            let _ = target.remove_event_listener_with_callback(event, listener);
        }
    }
}

/// Whose event, which one, and whether it is a reason.
type Watch = (fn() -> JsValue, &'static str, fn(&JsValue) -> bool);

const EVENTS: [Watch; 4] = [
    (global, "online", |_| true),
    (global, "pageshow", |event| member(event, "persisted").is_truthy()),
    // Chromium: a frozen page goes on.
    (document, "resume", |_| true),
    (document, "visibilitychange", |_| member(&document(), "visibilityState") == "visible"),
];

fn document() -> JsValue {
    member(&global(), "document")
}

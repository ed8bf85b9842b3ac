//! One `WebSocket` and its listeners.
//!
//! It may be the user's own, so only `addEventListener`, `removeEventListener`, `send`, `close` and `readyState` are used, all of
//! them may throw, and nothing that an event holds is taken for granted.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use super::any::member;
use super::host::{Platform, function};
use metered_realtime_proto::machine::Close;

#[wasm_bindgen]
extern "C" {
    /// A socket whose members are looked up by name, and whose `send` takes a JavaScript string as it is, without a copy
    /// through wasm memory.
    type AnySocket;

    #[wasm_bindgen(method, structural, catch, js_name = send)]
    fn send_string(this: &AnySocket, text: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = readyState)]
    fn ready_state(this: &AnySocket) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, setter, js_name = binaryType)]
    fn set_binary_type(this: &AnySocket, kind: &str) -> Result<(), JsValue>;
    /// Of `ws` alone: ends the connection without waiting for the peer.
    #[wasm_bindgen(method, structural, catch)]
    fn terminate(this: &AnySocket) -> Result<(), JsValue>;
}

/// What a socket event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Message,
    Error,
    Close,
}

const KINDS: [(&str, Kind); 4] = [
    ("open", Kind::Open),
    ("message", Kind::Message),
    ("error", Kind::Error),
    ("close", Kind::Close),
];

impl Kind {
    fn of(number: u32) -> Kind {
        KINDS.get(number as usize).map_or(Kind::Close, |(_, kind)| *kind)
    }
}

/// A socket that is listened to.
pub(super) struct Socket {
    pub(super) socket: WebSocket,
    /// Of all four events: a closure of its own for each would cost four times the memory.
    _callback: Closure<dyn Fn(u32, JsValue)>,
    guarded: Function,
    listeners: [Function; 4],
}

impl Socket {
    /// Starts to listen.
    ///
    /// # Errors
    /// What the socket threw.
    pub(super) fn listen(
        socket: WebSocket,
        host: &impl Platform,
        on_event: impl Fn(Kind, JsValue) + 'static,
    ) -> Result<Socket, JsValue> {
        let callback =
            Closure::new(move |kind: u32, event: JsValue| on_event(Kind::of(kind), event));
        let guarded = host.guard(function(callback.as_ref()));
        let listeners = [0, 1, 2, 3].map(|kind| bound(&guarded, kind));
        // Of no consequence: what is not text is dropped.
        let _ = socket.unchecked_ref::<AnySocket>().set_binary_type("arraybuffer");
        let socket = Socket { socket, _callback: callback, guarded, listeners };
        for ((name, _), listener) in KINDS.iter().zip(&socket.listeners) {
            socket.socket.add_event_listener_with_callback(name, listener)?;
        }
        Ok(socket)
    }

    /// Removes the listeners.
    pub(super) fn leave(&self, host: &impl Platform) {
        host.mute(&self.guarded);
        for ((name, _), listener) in KINDS.iter().zip(&self.listeners) {
            // There is nothing to be done about a socket that throws here.
            let _ = self.socket.remove_event_listener_with_callback(name, listener);
        }
    }

    /// Writes a text frame. `false`: the socket is not open, or refused.
    pub(super) fn send(&self, text: &JsValue) -> bool {
        let socket: &AnySocket = self.socket.unchecked_ref();
        self.has_state(WebSocket::OPEN) && socket.send_string(text).is_ok()
    }

    /// Whether it says that it is in this state.
    pub(super) fn has_state(&self, wanted: u16) -> bool {
        let socket: &AnySocket = self.socket.unchecked_ref();
        socket.ready_state().is_ok_and(|state| state.as_f64() == Some(f64::from(wanted)))
    }
}

/// Closes a socket. `now`: without waiting for the peer, where the socket can do that.
pub(super) fn hang_up(socket: &WebSocket, code: u16, reason: &str, now: bool) {
    // A code or a reason that it does not take must not keep it open.
    if socket.close_with_code_and_reason(code, reason).is_err() {
        let _ = socket.close();
    }
    if now {
        let _ = socket.unchecked_ref::<AnySocket>().terminate();
    }
}

/// What a close event says; 1006 where it says nothing.
pub(super) fn close_of(event: &JsValue) -> Close {
    let code = member(event, "code").as_f64().unwrap_or_default();
    let reason = member(event, "reason").as_string().unwrap_or_default();
    // A conversion that is out of range gives the nearest number, or 0 for NaN.
    let code = if code < 65_536.0 { code as u16 } else { 0 };
    Close::new(if code == 0 { 1006 } else { code }, reason)
}

/// The callback for one kind of event.
fn bound(callback: &Function, kind: u32) -> Function {
    callback.bind1(&JsValue::UNDEFINED, &JsValue::from(kind)).unchecked_into()
}

//! One `WebSocket`, with its listeners as values: dropping them removes them.
//!
//! The object may come from a factory of the user's, so only `addEventListener`, `removeEventListener`, `send`, `close` and
//! `readyState` are used, and nothing that an event holds is taken for granted.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use crate::machine::Close;

#[wasm_bindgen]
extern "C" {
    /// A `WebSocket` whose `send` takes a JavaScript string as it is, without a copy through wasm memory.
    type StringSink;

    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_string(this: &StringSink, text: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = readyState)]
    fn ready_state(this: &StringSink) -> Result<f64, JsValue>;
}

/// What happened on a socket.
pub(super) enum News {
    Opened,
    Closed(Close),
}

/// A socket that is listened to.
pub(super) struct Socket {
    socket: WebSocket,
    on_message: Function,
    on_open: Closure<dyn Fn(JsValue)>,
    on_close: Closure<dyn Fn(JsValue)>,
    on_error: Closure<dyn Fn(JsValue)>,
}

impl Socket {
    /// Listens to a socket. `on_message` gets the `message` events as they are; all else goes to `tell`.
    pub(super) fn listen(
        socket: JsValue,
        on_message: Function,
        tell: impl Fn(News) + Clone + 'static,
    ) -> Result<Socket, JsValue> {
        let socket: WebSocket = socket.unchecked_into();
        let (told_open, told_error) = (tell.clone(), tell.clone());
        let failed = socket.clone();
        let socket = Socket {
            socket,
            on_message,
            on_open: Closure::new(move |_| told_open(News::Opened)),
            on_close: Closure::new(move |event| tell(News::Closed(close_of(&event)))),
            // The close that follows tells all there is to know. A Node before 24 has none for a handshake that failed,
            // and its socket goes on to say that it is connecting.
            on_error: Closure::new(move |_| {
                if has_state(&failed, WebSocket::CONNECTING) {
                    told_error(News::Closed(Close::new(1006, "")));
                }
            }),
        };
        for (kind, listener) in socket.listeners() {
            socket.socket.add_event_listener_with_callback(kind, listener)?;
        }
        Ok(socket)
    }

    /// Writes a text frame. `false`: the socket is not open, or refused.
    pub(super) fn send(&self, text: &JsValue) -> bool {
        let sink: &StringSink = self.socket.unchecked_ref();
        has_state(&self.socket, WebSocket::OPEN) && sink.send_string(text).is_ok()
    }

    pub(super) fn as_js(&self) -> &JsValue {
        &self.socket
    }

    fn listeners(&self) -> [(&'static str, &Function); 4] {
        [
            ("open", self.on_open.as_ref().unchecked_ref()),
            ("message", &self.on_message),
            ("close", self.on_close.as_ref().unchecked_ref()),
            ("error", self.on_error.as_ref().unchecked_ref()),
        ]
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        for (kind, listener) in self.listeners() {
            // A factory's socket may throw; there is nothing to be done about it.
            let _ = self.socket.remove_event_listener_with_callback(kind, listener);
        }
    }
}

/// A factory's socket may throw, or have none.
fn has_state(socket: &WebSocket, wanted: u16) -> bool {
    let sink: &StringSink = socket.unchecked_ref();
    sink.ready_state().is_ok_and(|state| state == f64::from(wanted))
}

/// What a close event says; 1006 where it says nothing.
fn close_of(event: &JsValue) -> Close {
    let field = |name: &str| Reflect::get(event, &JsValue::from_str(name)).ok();
    let code = field("code").and_then(|code| code.as_f64()).map_or(0, |code| code as u16);
    let reason = field("reason").and_then(|reason| reason.as_string()).unwrap_or_default();
    Close::new(if code == 0 { 1006 } else { code }, reason)
}

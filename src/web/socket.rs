//! One `WebSocket`, with its listeners as values: dropping them removes them.
//!
//! The page may have put a class of its own in the place of the browser's, so only `addEventListener`, `removeEventListener`,
//! `send`, `close` and `readyState` are counted on, and nothing that an event holds is taken for granted.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use metered_realtime_proto::machine::Close;

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
    /// A `message` event.
    Message(JsValue),
    Closed(Close),
}

/// Why there is no socket.
pub(super) enum NoSocket {
    /// There is no WebSocket here.
    Unavailable,
    /// Making it failed with this message, which may hold a credential.
    Failed(String),
}

/// A socket that is listened to.
pub(super) struct Socket {
    socket: WebSocket,
    on_open: Closure<dyn Fn(JsValue)>,
    on_message: Closure<dyn Fn(JsValue)>,
    on_close: Closure<dyn Fn(JsValue)>,
    on_error: Closure<dyn Fn(JsValue)>,
}

impl Socket {
    /// Dials, and tells what happens from now on.
    pub(super) fn open(
        address: &str,
        tell: impl Fn(News) + Clone + 'static,
    ) -> Result<Socket, NoSocket> {
        // Calling what is not there would be an error like any other.
        let class = Reflect::get(&js_sys::global(), &JsValue::from_str("WebSocket"));
        if !class.is_ok_and(|class| class.is_function()) {
            return Err(NoSocket::Unavailable);
        }
        let failed = |error: JsValue| NoSocket::Failed(message_of(&error));
        let socket = WebSocket::new(address).map_err(failed)?;
        // Of no consequence: what is no text is dropped.
        let kind = (JsValue::from_str("binaryType"), JsValue::from_str("arraybuffer"));
        let _ = Reflect::set(&socket, &kind.0, &kind.1);
        Socket::listen(socket, tell).map_err(failed)
    }

    fn listen(socket: WebSocket, tell: impl Fn(News) + Clone + 'static) -> Result<Socket, JsValue> {
        let (told_open, told_message, told_error) = (tell.clone(), tell.clone(), tell.clone());
        let failed = socket.clone();
        let socket = Socket {
            socket,
            on_open: Closure::new(move |_| told_open(News::Opened)),
            on_message: Closure::new(move |event| told_message(News::Message(event))),
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

    pub(super) fn close(&self, code: u16, reason: &str) {
        // A code or a reason that it does not take must not keep it open.
        if self.socket.close_with_code_and_reason(code, reason).is_err() {
            let _ = self.socket.close();
        }
    }

    fn listeners(&self) -> [(&'static str, &Function); 4] {
        [
            ("open", self.on_open.as_ref().unchecked_ref()),
            ("message", self.on_message.as_ref().unchecked_ref()),
            ("close", self.on_close.as_ref().unchecked_ref()),
            ("error", self.on_error.as_ref().unchecked_ref()),
        ]
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        for (kind, listener) in self.listeners() {
            // A socket of the page's may throw; there is nothing to be done about it.
            let _ = self.socket.remove_event_listener_with_callback(kind, listener);
        }
    }
}

/// A socket of the page's may throw, or have none.
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

/// What a thrown value says.
fn message_of(error: &JsValue) -> String {
    let message = Reflect::get(error, &JsValue::from_str("message")).unwrap_or_default();
    message.as_string().unwrap_or_default()
}

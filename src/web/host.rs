//! What the driver needs of the surface that it works for.

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WebSocket;

use super::any::{global, member, message_of};
use super::value::Name;
use metered_realtime_proto::machine::{CallError, CallId, Event, Log, SocketId, TokenRequestId};

/// What the drivers need of the platform: guards for callbacks, and the timer.
pub trait Platform: 'static {
    /// Wraps a callback that is given to the platform. What it throws must not get there.
    fn guard(&self, callback: &Function) -> Function {
        callback.clone()
    }

    /// A guarded callback must not be called any more: what it wraps is gone.
    fn mute(&self, _guarded: &Function) {}

    /// A timer of the driver's fired; `on_timer` takes it from here.
    fn timer_fired(&self, timer: u32);

    /// Whether a test has taken the place of the platform's timers.
    fn has_fake_timers(&self) -> bool {
        false
    }
}

/// What a client's surface does for the driver. Many of its methods run user code, so nothing is borrowed when they are called.
pub trait Host: Platform {
    /// What a name in an application frame is to this surface.
    type Name: Name;

    /// Makes a socket.
    fn dial(&self, socket: SocketId, address: &str) -> Dialled;

    /// The driver does not use this socket any more and has removed its listeners. `abandoned`: before it was closed.
    fn forget_socket(&self, _socket: &WebSocket, _abandoned: bool) {}

    /// Whether the return of the page or the network wakes this client.
    fn has_lifecycle(&self) -> bool {
        true
    }

    /// Calls the token provider.
    fn fetch_token(&self, request: TokenRequestId);

    /// The answer to this call of the token provider is not needed any more.
    fn forget_token(&self, request: TokenRequestId);

    /// Reports `Input::HandlersDrained` as soon as no asynchronous handler is running.
    fn drain_handlers(&self);

    /// Answers a call.
    fn settle(&self, call: CallId, result: Result<(), CallError>);

    /// Tells listeners and streams.
    fn emit(&self, event: Event<JsValue, Self::Name>);

    /// Drops the listeners that were there when `close()` was called.
    fn forget_listeners(&self);

    /// Ends the streams.
    fn end_streams(&self);

    /// Tells the logger.
    fn log(&self, log: Log);
}

/// What became of the wish for a socket.
pub enum Dialled {
    /// Here it is.
    Socket(WebSocket),
    /// It comes later, by `Driver::adopt` or `Driver::dial_failed`.
    Later,
    /// There is no WebSocket here.
    Unavailable,
    /// Making it failed with this message, which may hold a credential.
    Failed(String),
}

impl Dialled {
    /// Dials with the platform's own `WebSocket`.
    #[must_use]
    pub fn with_platform(address: &str) -> Dialled {
        // Calling a constructor that does not exist would be an error like any other.
        if !member(&global(), "WebSocket").is_function() {
            return Dialled::Unavailable;
        }
        match WebSocket::new(address) {
            Ok(socket) => Dialled::Socket(socket),
            Err(error) => Dialled::Failed(message_of(&error)),
        }
    }
}

/// A callback as a function.
pub(super) fn function(callback: &JsValue) -> &Function {
    callback.unchecked_ref()
}

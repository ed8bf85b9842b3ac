//! The npm package as the driver's host.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use metered_realtime::web::{Dialled, Host, Platform, message_of};
use metered_realtime_proto::machine::{
    CallError, CallId, Event, Level, Log, LogValue, SocketId, TokenRequestId,
};

use crate::errors;
use crate::fields::Fields;
use crate::surface::Surface;

/// One client's surface.
pub(crate) struct Npm {
    pub(crate) surface: Surface,
    pub(crate) has_lifecycle: bool,
}

impl Drop for Npm {
    fn drop(&mut self) {
        self.surface.freed();
    }
}

impl Platform for Npm {
    fn guard(&self, callback: &Function) -> Function {
        self.surface.guard(callback)
    }

    fn mute(&self, guarded: &Function) {
        self.surface.mute(guarded);
    }

    fn timer_fired(&self, timer: u32) {
        self.surface.timer_fired(timer);
    }

    fn has_fake_timers(&self) -> bool {
        self.surface.has_fake_timers()
    }
}

impl Host for Npm {
    type Name = JsValue;

    fn dial(&self, socket: SocketId, address: &str) -> Dialled {
        match self.surface.dial(socket.0, address) {
            Ok(socket) if socket.is_undefined() => Dialled::Unavailable,
            Ok(socket) if socket.is_null() => Dialled::Later,
            Ok(socket) => Dialled::Socket(socket.unchecked_into()),
            Err(error) => Dialled::Failed(message_of(&error)),
        }
    }

    fn forget_socket(&self, socket: &WebSocket, abandoned: bool) {
        self.surface.forget_socket(socket, abandoned);
    }

    fn has_lifecycle(&self) -> bool {
        self.has_lifecycle
    }

    fn fetch_token(&self, request: TokenRequestId) {
        self.surface.fetch_token(request.0);
    }

    /// A promise cannot be cancelled; its answer finds that nobody waits for it.
    fn forget_token(&self, _request: TokenRequestId) {}

    fn drain_handlers(&self) {
        self.surface.drain_handlers();
    }

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        match result {
            Ok(()) => self.surface.resolve(call.0),
            Err(CallError::Aborted { outcome }) => {
                self.surface.reject_aborted(call.0, outcome.name());
            }
            Err(error) => self.surface.reject(call.0, &errors::of(&error, Some(call))),
        }
    }

    fn emit(&self, event: Event<JsValue, JsValue>) {
        self.tell(event);
    }

    fn forget_listeners(&self) {
        self.surface.forget_listeners();
    }

    fn end_streams(&self) {
        self.surface.end_streams();
    }

    fn log(&self, log: Log) {
        self.surface.log(level(log.level), log.message, &details(log.details));
    }
}

/// The logger's method.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

/// The details of a log line.
pub(crate) fn details(given: impl IntoIterator<Item = (&'static str, LogValue)>) -> JsValue {
    let details = Fields::new();
    for (name, value) in given {
        match value {
            LogValue::Number(number) => details.set(name, number),
            LogValue::Text(text) => details.set(name, text),
        }
    }
    details.into_js()
}

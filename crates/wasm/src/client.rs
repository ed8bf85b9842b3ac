//! The class behind the package's `SignallingClient`.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use metered_realtime::web::{Dialled, Driver, Entered, FrameText, Json, Purpose};
use metered_realtime_proto::machine::{
    CallError, CallId, DEFAULT_CLOSE_REASON, Input, Instant, Machine, ProviderFailure, SocketId,
    TokenRequestId,
};
use metered_realtime_proto::wire::Secret;

use crate::call_options::CallOptions;
use crate::errors::{self, argument_error, of_user};
use crate::host::Npm;
use crate::names::{self, Kind, LastName};
use crate::options::ClientOptions;
use crate::surface::Surface;

type Core = Machine<JsValue, JsValue>;

/// One client.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver<Npm>>,
    last_name: LastName,
}

// ---- for the class that users see ----

#[wasm_bindgen]
impl Client {
    /// A new client. `undefined`: the options are wrong, and the surface has the error.
    #[must_use]
    pub fn create(options: &JsValue, surface: Surface) -> Option<Client> {
        let _entered = Entered::now();
        let read = match ClientOptions::read(options) {
            Ok(read) => read,
            Err(error) => {
                surface.refuse(&error);
                return None;
            }
        };
        let ClientOptions { options, has_lifecycle, has_logger } = read;
        let seed = js_sys::Math::random().to_bits();
        let driver = Driver::new(Npm { surface, has_lifecycle }, |now| {
            let mut machine = Core::new(options, seed, now);
            machine.set_logging(has_logger);
            machine
        });
        Some(Client { driver, last_name: LastName::default() })
    }

    /// The name of the state.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn state(&self) -> String {
        let _entered = Entered::now();
        self.driver.peek(Machine::state).name().to_owned()
    }

    /// Connects. `watch`: the surface's object for the caller's signal.
    pub fn connect(&self, options: &JsValue, watch: &JsValue) -> Promise {
        let _entered = Entered::now();
        let asked = CallOptions::read(options).and_then(|_| self.ask(Core::connect));
        self.answer(asked, watch)
    }

    /// Ends everything.
    pub fn close(&self, code: &JsValue, reason: &JsValue) -> Promise {
        let _entered = Entered::now();
        let asked = close_arguments(code, reason).and_then(|(code, reason)| {
            self.driver.host.surface.closing();
            self.ask(|core, now| Ok(core.close(code, &reason, now)))
        });
        self.answer(asked, &JsValue::UNDEFINED)
    }

    /// Subscribes to a channel.
    pub fn subscribe(&self, channel: &JsValue, options: &JsValue, watch: &JsValue) -> Promise {
        let _entered = Entered::now();
        let asked = channel_and_options(channel, options).and_then(|(channel, options)| {
            let CallOptions { include_sender_metadata, timeout_ms } = options;
            self.ask(|core, now| core.subscribe(&channel, include_sender_metadata, timeout_ms, now))
        });
        self.answer(asked, watch)
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, channel: &JsValue, options: &JsValue, watch: &JsValue) -> Promise {
        let _entered = Entered::now();
        let asked = channel_and_options(channel, options).and_then(|(channel, options)| {
            self.ask(|core, now| core.unsubscribe(&channel, options.timeout_ms, now))
        });
        self.answer(asked, watch)
    }

    /// Publishes to a channel.
    pub fn publish(
        &self,
        channel: &JsValue,
        data: &JsValue,
        options: &JsValue,
        watch: &JsValue,
    ) -> Promise {
        self.transmit(Purpose::Publish, channel, data, options, watch)
    }

    /// Sends to one peer.
    pub fn send(
        &self,
        to_peer_id: &JsValue,
        data: &JsValue,
        options: &JsValue,
        watch: &JsValue,
    ) -> Promise {
        self.transmit(Purpose::Send, to_peer_id, data, options, watch)
    }

    /// Withdraws a call.
    pub fn abort(&self, call: u32) {
        let _entered = Entered::now();
        self.driver.with(|core, now| core.abort(CallId(call), now));
        self.driver.pump();
    }
}

// ---- for the surface ----

#[wasm_bindgen]
impl Client {
    /// Whether the socket that was promised is still wanted.
    #[must_use]
    pub fn wants(&self, socket: u32) -> bool {
        let _entered = Entered::now();
        self.driver.wants(SocketId(socket))
    }

    /// The socket that was promised; `undefined`: there is no WebSocket.
    #[wasm_bindgen(js_name = socketMade)]
    pub fn socket_made(&self, socket: u32, made: JsValue) {
        let _entered = Entered::now();
        let made = if made.is_undefined() {
            Dialled::Unavailable
        } else {
            Dialled::Socket(made.unchecked_into())
        };
        self.driver.adopt(SocketId(socket), made);
    }

    /// The socket that was promised could not be made.
    #[wasm_bindgen(js_name = dialFailed)]
    pub fn dial_failed(&self, socket: u32, message: String) {
        let _entered = Entered::now();
        self.driver.adopt(SocketId(socket), Dialled::Failed(message));
    }

    /// A timer fired.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&self, timer: u32) {
        let _entered = Entered::now();
        self.driver.on_timer(timer);
    }

    /// The token provider returned this, which may be anything.
    #[wasm_bindgen(js_name = tokenGiven)]
    pub fn token_given(&self, request: u32, token: &JsValue) {
        let _entered = Entered::now();
        // A value that is not a string counts as an empty string.
        let result = Ok(Secret::new(token.as_string().unwrap_or_default()));
        self.driver.input(Input::Token { request: TokenRequestId(request), result });
    }

    /// The token provider failed.
    #[wasm_bindgen(js_name = tokenFailed)]
    pub fn token_failed(&self, request: u32, name: &str, message: &str) {
        let _entered = Entered::now();
        let result = Err(ProviderFailure::new(name, message));
        self.driver.input(Input::Token { request: TokenRequestId(request), result });
    }

    /// No asynchronous handler is running any more.
    #[wasm_bindgen(js_name = handlersDrained)]
    pub fn handlers_drained(&self) {
        let _entered = Entered::now();
        self.driver.input(Input::HandlersDrained);
    }
}

impl Client {
    /// What a room is joined to.
    #[cfg(feature = "peer")]
    pub(crate) fn driver(&self) -> Rc<Driver<Npm>> {
        Rc::clone(&self.driver)
    }

    /// Begins a call of the machine.
    fn ask(
        &self,
        ask: impl FnOnce(&mut Core, Instant) -> Result<CallId, CallError>,
    ) -> Result<CallId, JsValue> {
        self.driver.with(ask).map_err(|error| errors::of(&error, None))
    }

    /// The promise of a call that has begun, or a rejected one if the machine refused it.
    fn answer(&self, asked: Result<CallId, JsValue>, watch: &JsValue) -> Promise {
        match asked {
            Ok(call) => {
                let promise = self.promise(call, watch);
                self.driver.pump();
                promise
            }
            Err(error) => Promise::reject(&error),
        }
    }

    /// For publish and send, whose frame is a JavaScript string.
    fn transmit(
        &self,
        purpose: Purpose,
        name: &JsValue,
        data: &JsValue,
        options: &JsValue,
        watch: &JsValue,
    ) -> Promise {
        let _entered = Entered::now();
        match self.reserve(purpose, name, data, options) {
            Ok((call, text)) => {
                let promise = self.promise(call, watch);
                self.driver.transmit(call, &text);
                promise
            }
            Err(error) => Promise::reject(&error),
        }
    }

    fn reserve(
        &self,
        purpose: Purpose,
        name: &JsValue,
        data: &JsValue,
        options: &JsValue,
    ) -> Result<(CallId, FrameText), JsValue> {
        let name = self.last_name.json(Kind::of(purpose), name)?;
        let options = CallOptions::read(options)?;
        let data = Json::of(data)
            .map_err(|error| of_user(&error))?
            .ok_or_else(|| argument_error("data must be a JSON value"))?;
        let size = data.size(self.driver.peek(Machine::max_message_size));
        let call = self.ask(|core, now| core.reserve(size, options.timeout_ms, now))?;
        Ok((call, FrameText::new(purpose, &name, &data, call)))
    }

    /// The promise of a call. JavaScript keeps the functions that settle it.
    fn promise(&self, call: CallId, watch: &JsValue) -> Promise {
        let surface = &self.driver.host.surface;
        Promise::new(&mut |resolve, reject| surface.keep(call.0, &resolve, &reject, watch))
    }
}

fn channel_and_options(
    channel: &JsValue,
    options: &JsValue,
) -> Result<(String, CallOptions), JsValue> {
    Ok((names::checked(Kind::Channel, channel)?, CallOptions::read(options)?))
}

fn close_arguments(code: &JsValue, reason: &JsValue) -> Result<(u16, String), JsValue> {
    Ok((close_code(code)?, close_reason(reason)?))
}

fn close_code(code: &JsValue) -> Result<u16, JsValue> {
    if code.is_undefined() {
        return Ok(1000);
    }
    let number = code.as_f64().unwrap_or(f64::NAN);
    if number == f64::from(number as u16) {
        Ok(number as u16)
    } else {
        Err(argument_error("code must be a whole number from 0 to 65535"))
    }
}

fn close_reason(reason: &JsValue) -> Result<String, JsValue> {
    if reason.is_undefined() {
        return Ok(DEFAULT_CLOSE_REASON.to_owned());
    }
    reason.as_string().ok_or_else(|| argument_error("reason must be a string"))
}

//! What the npm package wraps: one exported handle, and the methods of the JavaScript object behind it.
//!
//! Everything is `&self`, nothing is `async`: a handler may call back at any time. Results are numbers where it can be, so
//! that the hot path crosses into wasm without strings and objects.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use super::driver::{Driver, Host, Opening};
use crate::machine::{
    CallError, CallId, Event, Input, Log, LogValue, Machine, OptionError, OptionName, Options,
    Outcome, ProviderFailure, RawOptions, RawReconnect, SocketId, State, TokenRequestId,
};
use crate::wire::{
    IceServer, NameError, PresencePeer, Secret, Urls, check_channel, check_peer_id, scrub,
};
use std::rc::Rc;

#[wasm_bindgen]
extern "C" {
    /// The object in `pkg-template/src/host.js`.
    pub type JsHost;

    #[wasm_bindgen(method, catch)]
    fn open(this: &JsHost, socket: u32, address: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn listener(this: &JsHost, socket: u32) -> Result<Function, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn hang_up(
        this: &JsHost,
        socket: &JsValue,
        code: u16,
        reason: &str,
        gently: bool,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn fetch_token(this: &JsHost, request: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn forget_token(this: &JsHost, request: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn drain_handlers(this: &JsHost) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn resolve(this: &JsHost, call: u32) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn reject(
        this: &JsHost,
        call: u32,
        kind: u8,
        outcome: u8,
        number: f64,
        a: JsValue,
        b: JsValue,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn forget_listeners(this: &JsHost) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn end_streams(this: &JsHost) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn log(this: &JsHost, level: u8, message: &str, context: Array) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn timers_replaced(this: &JsHost) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn on_state(this: &JsHost, from: u8, to: u8) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_connected(
        this: &JsHost,
        peer_id: &str,
        server_time: f64,
        expires_at: Option<f64>,
        is_reconnect: bool,
        max_message_size: f64,
        ice_servers: Option<Array>,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_disconnected(
        this: &JsHost,
        code: u16,
        reason: &str,
        will_reconnect: bool,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_message(
        this: &JsHost,
        channel: &str,
        from: &str,
        data: JsValue,
        metadata: JsValue,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_direct(
        this: &JsHost,
        from: &str,
        data: JsValue,
        metadata: JsValue,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_presence(this: &JsHost, channel: &str, joined: Array, left: Array)
    -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_server_error(
        this: &JsHost,
        code: &str,
        message: JsValue,
        request_id: JsValue,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_going_away(this: &JsHost, retry_after_ms: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn on_token_provider_error(
        this: &JsHost,
        failures: u32,
        name: &str,
        message: &str,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn peer(this: &JsHost, peer_id: &str, metadata: JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn ice_server(
        this: &JsHost,
        urls: JsValue,
        username: JsValue,
        credential: JsValue,
    ) -> Result<JsValue, JsValue>;
}

/// One client. The numbers that its methods give: above zero the id of the call, else what is wrong with it.
#[wasm_bindgen(skip_typescript)]
pub struct Handle {
    driver: Rc<Driver<JsHost>>,
}

/// There is no connection.
const NOT_CONNECTED: i32 = -1;
/// The payload is too large.
const OVERSIZED: i32 = -2;
/// `connect()` in a wrong state.
const WRONG_STATE: i32 = -3;

#[wasm_bindgen]
#[allow(missing_docs, reason = "each does what the machine's method of that name does")]
impl Handle {
    /// A client at rest. Throws `[option, rule]`, two strings, for a wrong option. `numbers`: see `raw_options`.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        host: JsHost,
        key: Option<String>,
        has_provider: bool,
        url: Option<String>,
        numbers: Box<[f64]>,
        auto_resubscribe: bool,
        reconnects: bool,
        logging: bool,
        seed: f64,
    ) -> Result<Handle, JsValue> {
        let options = Options::check(RawOptions {
            key,
            has_provider,
            url,
            auto_resubscribe,
            ..raw_options(&numbers, reconnects)
        })
        .map_err(option_error)?;
        let driver = Driver::new(host, |now| {
            let mut machine = Machine::new(options, seed.to_bits(), now);
            machine.set_logging(logging);
            machine
        });
        Ok(Handle { driver })
    }

    /// The state, as an index into idle, connecting, connected, reconnecting, closed.
    pub fn state(&self) -> u8 {
        self.driver.peek(|machine| machine.state() as u8)
    }

    /// The largest payload that the server takes, in bytes of JSON.
    pub fn cap(&self) -> f64 {
        self.driver.peek(Machine::max_message_size)
    }

    /// Carries out what the calls `connect`, `close`, `subscribe` and `unsubscribe` ask for. Apart from them, so that the caller
    /// can note the id of a call before it is answered.
    pub fn pump(&self) {
        self.driver.pump();
    }

    pub fn connect(&self) -> i32 {
        self.driver.with(|machine, now| number(machine.connect(now)))
    }

    pub fn close(&self, code: u16, reason: &str) -> i32 {
        self.driver.with(|machine, now| machine.close(code, reason, now).0 as i32)
    }

    pub fn subscribe(&self, channel: &str, include_sender_metadata: bool, timeout_ms: f64) -> i32 {
        self.driver.with(|machine, now| {
            number(machine.subscribe(channel, include_sender_metadata, timeout_ms as u64, now))
        })
    }

    pub fn unsubscribe(&self, channel: &str, timeout_ms: f64) -> i32 {
        self.driver
            .with(|machine, now| number(machine.unsubscribe(channel, timeout_ms as u64, now)))
    }

    /// Admits a publish or send with that much data; its frame follows by `direct` or `transmit`.
    pub fn reserve(&self, size: u32, timeout_ms: f64) -> i32 {
        self.driver
            .with(|machine, now| number(machine.reserve(size as usize, timeout_ms as u64, now)))
    }

    /// Whether the caller may write the frame itself: the id of the socket, or 0. From inside of a handler, too.
    pub fn direct(&self, call: u32) -> u32 {
        if self.driver.has_output() {
            return 0;
        }
        self.driver.sent(CallId(call)).map_or(0, |socket| socket.0)
    }

    pub fn transmit(&self, call: u32, frame: JsValue) {
        self.driver.call(|machine, _| machine.transmit(CallId(call), frame));
    }

    /// A frame that was written directly failed.
    pub fn send_failed(&self, call: u32) {
        self.driver.input(Input::SendFailed { call: Some(CallId(call)) });
    }

    pub fn abort(&self, call: u32) {
        self.driver.call(|machine, now| machine.abort(CallId(call), now));
    }

    /// A text arrived. `true`: the caller may hand it to the user itself, and says `end` after that.
    pub fn begin(&self, socket: u32) -> bool {
        self.driver.with(|machine, now| machine.heard(SocketId(socket), now))
            && self.driver.begin_dispatch()
    }

    pub fn end(&self) {
        self.driver.end_dispatch();
    }

    /// An ack arrived, between `begin` and `end`. `true`: the caller answers the request.
    pub fn acked(&self, call: u32) -> bool {
        self.driver.with(|machine, _| machine.take_acked(CallId(call)))
    }

    /// A text arrived that parsed to this.
    pub fn frame(&self, socket: u32, parsed: JsValue) {
        self.driver.frame(SocketId(socket), parsed);
    }

    pub fn not_json(&self, socket: u32) {
        self.driver.not_json(SocketId(socket));
    }

    pub fn binary(&self, socket: u32) {
        self.driver.input(Input::Binary { socket: SocketId(socket) });
    }

    pub fn oversize(&self, socket: u32) {
        self.driver.input(Input::Oversize { socket: SocketId(socket) });
    }

    /// Whether a socket that was promised is still wanted.
    pub fn wants(&self, socket: u32) -> bool {
        self.driver.wants(SocketId(socket))
    }

    /// A socket that was promised; see `open`.
    pub fn adopt(&self, id: u32, socket: JsValue) {
        self.driver.adopt(SocketId(id), opening(socket));
    }

    pub fn token(&self, request: u32, token: String) {
        let result = Ok(Secret::new(token));
        self.driver.input(Input::Token { request: TokenRequestId(request), result });
    }

    pub fn token_failed(&self, request: u32, name: String, message: String) {
        let result = Err(ProviderFailure { name, message });
        self.driver.input(Input::Token { request: TokenRequestId(request), result });
    }

    pub fn drained(&self) {
        self.driver.input(Input::HandlersDrained);
    }

    pub fn wake(&self) {
        self.driver.input(Input::Wake);
    }

    /// Sees to it that a panic, after which the core is in an unknown state, is told at once.
    pub fn on_panic(tell: Function) {
        std::panic::set_hook(Box::new(move |_| {
            // There is nobody else to tell.
            let _ = tell.call0(&JsValue::UNDEFINED);
        }));
    }

    /// The rule that a channel's name breaks.
    pub fn channel_rule(name: &str) -> Option<String> {
        rule(check_channel(name))
    }

    /// The rule that a peer's id breaks.
    pub fn peer_rule(id: &str) -> Option<String> {
        rule(check_peer_id(id))
    }

    /// The text without what looks like a credential.
    pub fn scrub(text: &str) -> String {
        scrub(text)
    }
}

impl Host for JsHost {
    fn open(&self, socket: SocketId, address: &str) -> Opening {
        match self.open(socket.0, address) {
            Ok(socket) => opening(socket),
            Err(_) => Opening::Failed(String::new()),
        }
    }

    fn message_listener(&self, socket: SocketId) -> Function {
        self.listener(socket.0).unwrap_or_default()
    }

    fn close_socket(&self, socket: &JsValue, code: u16, reason: &str, gently: bool) {
        ignore(self.hang_up(socket, code, reason, gently));
    }

    fn fetch_token(&self, request: TokenRequestId) {
        ignore(self.fetch_token(request.0));
    }

    fn forget_token(&self, request: TokenRequestId) {
        ignore(self.forget_token(request.0));
    }

    fn drain_handlers(&self) {
        ignore(self.drain_handlers());
    }

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        let Err(error) = result else { return ignore(self.resolve(call.0)) };
        let outcome = outcome_index(error.outcome());
        let (kind, number, a, b) = match error {
            CallError::WrongState { state } => {
                (0, f64::from(state as u8), JsValue::UNDEFINED, JsValue::UNDEFINED)
            }
            CallError::Connect(close) => {
                (1, f64::from(close.code), close.reason.into(), text(close.cause))
            }
            CallError::Unavailable => (2, 0.0, JsValue::UNDEFINED, JsValue::UNDEFINED),
            CallError::Token(failure) => (3, 0.0, failure.name.into(), failure.message.into()),
            CallError::Aborted { .. } => (4, 0.0, JsValue::UNDEFINED, JsValue::UNDEFINED),
            CallError::NotConnected => (5, 0.0, JsValue::UNDEFINED, JsValue::UNDEFINED),
            CallError::Rejected { code, message } => (6, 0.0, code.into(), text(message)),
            CallError::AckTimeout { timeout_ms } => {
                (7, timeout_ms as f64, JsValue::UNDEFINED, JsValue::UNDEFINED)
            }
            CallError::Disconnected { close_code, .. } => {
                (8, f64::from(close_code), JsValue::UNDEFINED, JsValue::UNDEFINED)
            }
            CallError::Oversized { size, cap } => (9, size as f64, cap.into(), JsValue::UNDEFINED),
        };
        ignore(self.reject(call.0, kind, outcome, number, a, b));
    }

    fn emit(&self, event: Event<JsValue>) {
        ignore(match event {
            Event::StateChange { from, to } => self.on_state(from as u8, to as u8),
            Event::Connected(connected) => {
                let ice_servers = connected.ice_servers.map(|servers| self.ice_servers(servers));
                self.on_connected(
                    &connected.peer_id,
                    connected.server_time,
                    connected.expires_at,
                    connected.is_reconnect,
                    connected.max_message_size,
                    ice_servers,
                )
            }
            Event::Disconnected { code, reason, will_reconnect } => {
                self.on_disconnected(code, &reason, will_reconnect)
            }
            Event::Message { channel, from, data, from_metadata } => {
                self.on_message(&channel, &from, data, from_metadata.unwrap_or_default())
            }
            Event::Direct { from, data, from_metadata } => {
                self.on_direct(&from, data, from_metadata.unwrap_or_default())
            }
            Event::Presence { channel, joined, left } => {
                self.on_presence(&channel, self.peers(joined), self.peers(left))
            }
            Event::ServerError { code, message, request_id } => {
                self.on_server_error(&code, text(message), text(request_id))
            }
            Event::GoingAway { retry_after_ms } => self.on_going_away(retry_after_ms),
            Event::TokenProviderError { consecutive_failures, error } => {
                self.on_token_provider_error(consecutive_failures, &error.name, &error.message)
            }
        });
    }

    fn forget_listeners(&self) {
        ignore(self.forget_listeners());
    }

    fn end_streams(&self) {
        ignore(self.end_streams());
    }

    fn log(&self, log: Log) {
        let context = Array::new();
        for (name, value) in log.context {
            context.push(&JsValue::from_str(name));
            context.push(&match value {
                LogValue::Number(number) => JsValue::from_f64(number),
                LogValue::Text(text) => JsValue::from_str(&text),
            });
        }
        ignore(self.log(log.level as u8, log.message, context));
    }

    fn timers_replaced(&self) -> bool {
        self.timers_replaced().unwrap_or_default()
    }
}

impl JsHost {
    fn peers(&self, peers: Vec<PresencePeer<JsValue>>) -> Array {
        let peer = |peer: PresencePeer<JsValue>| {
            self.peer(&peer.peer_id, peer.metadata.unwrap_or_default()).unwrap_or_default()
        };
        peers.into_iter().map(peer).collect()
    }

    fn ice_servers(&self, servers: Vec<IceServer>) -> Array {
        let server = |server: IceServer| {
            let urls = match server.urls {
                Urls::One(url) => url.into(),
                Urls::Many(urls) => urls.into_iter().map(JsValue::from).collect::<Array>().into(),
            };
            self.ice_server(urls, text(server.username), text(server.credential))
                .unwrap_or_default()
        };
        servers.into_iter().map(server).collect()
    }
}

/// What `open` of the host gives: a socket; `undefined` for later; `false` for none; a string for why it failed.
fn opening(socket: JsValue) -> Opening {
    if socket.is_undefined() {
        Opening::Later
    } else if socket.is_object() {
        Opening::Socket(socket)
    } else {
        socket.as_string().map_or(Opening::Unavailable, Opening::Failed)
    }
}

fn number(call: Result<CallId, CallError>) -> i32 {
    match call {
        Ok(call) => call.0 as i32,
        Err(CallError::NotConnected) => NOT_CONNECTED,
        Err(CallError::Oversized { .. }) => OVERSIZED,
        Err(
            CallError::WrongState { .. }
            | CallError::Connect(_)
            | CallError::Unavailable
            | CallError::Token(_)
            | CallError::Aborted { .. }
            | CallError::Rejected { .. }
            | CallError::AckTimeout { .. }
            | CallError::Disconnected { .. },
        ) => WRONG_STATE,
    }
}

fn outcome_index(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::NotSent => 0,
        Outcome::Rejected => 1,
        Outcome::Unknown => 2,
    }
}

/// The numbers in the order of `NUMBERS` in `pkg-template/src/options.js`.
fn raw_options(numbers: &[f64], reconnects: bool) -> RawOptions {
    let number = |at: usize| numbers.get(at).copied().unwrap_or(f64::NAN);
    RawOptions {
        token_provider_timeout_ms: number(0),
        inactivity_timeout_ms: number(1),
        renew_before_expiry_ms: number(2),
        reconnect: reconnects.then(|| RawReconnect {
            initial_delay_ms: number(3),
            multiplier: number(4),
            max_delay_ms: number(5),
            jitter_ratio: number(6),
            max_attempts: number(7),
            max_dials_per_minute: number(8),
            fleet_spread_ms: number(9),
            honour_going_away: number(10) != 0.0,
        }),
        ..RawOptions::default()
    }
}

fn option_error(error: OptionError) -> JsValue {
    let name = match error.option {
        OptionName::Credential => "apiKey or tokenProvider",
        OptionName::Url => "url",
        OptionName::TokenProviderTimeout => "tokenProviderTimeoutMs",
        OptionName::InactivityTimeout => "inactivityTimeoutMs",
        OptionName::InitialDelay => "reconnect.initialDelayMs",
        OptionName::Multiplier => "reconnect.multiplier",
        OptionName::MaxDelay => "reconnect.maxDelayMs",
        OptionName::JitterRatio => "reconnect.jitterRatio",
        OptionName::MaxAttempts => "reconnect.maxAttempts",
        OptionName::MaxDialsPerMinute => "reconnect.maxDialsPerMinute",
        OptionName::FleetSpread => "reconnect.fleetSpreadMs",
        OptionName::RenewBeforeExpiry => "renewBeforeExpiryMs",
    };
    [name, error.rule].into_iter().map(JsValue::from_str).collect::<Array>().into()
}

fn rule(checked: Result<(), NameError>) -> Option<String> {
    checked.err().map(|error| error.rule().to_owned())
}

fn text(text: Option<String>) -> JsValue {
    text.map_or(JsValue::UNDEFINED, JsValue::from)
}

/// The host guards all user code itself; what it throws all the same has no place to go.
fn ignore(result: Result<(), JsValue>) {
    drop(result);
}

// `State as u8` is an index into the states of the JavaScript side.
const _: () = assert!(State::Idle as u8 == 0 && State::Closed as u8 == 4);

//! The core of the npm package: machines, exported as they are. The package's `host.js` drives them.
//!
//! Nothing here ever calls code of the user's: JavaScript tells what happened and then asks for [`next`] until there is nothing
//! more to do. So nothing can be re-entered, and a panic, which is a trap, ends in the one place that called. The time comes with
//! each call. Answers are numbers, so that the hot path crosses into wasm without strings and objects.
//!
//! Functions over a table instead of a class: the guards of an exported class cost some 250 bytes for each method.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::said::{Said, say};
use super::value::JsJson;
use crate::machine::{
    CallError, CallId, Close, Input, Instant, Machine, OptionName, Options, ProviderFailure,
    RawOptions, RawReconnect, SocketId, TokenRequestId,
};
use crate::wire::{Malformed, Secret, check_channel, check_peer_id, decode};

/// Smaller than the allocator of the standard library, and as fast.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[wasm_bindgen]
extern "C" {
    /// An array of numbers and booleans.
    #[wasm_bindgen(js_name = Array)]
    pub type Numbers;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn get(this: &Numbers, index: u32) -> f64;
}

impl Numbers {
    fn is(&self, index: u32) -> bool {
        self.get(index) != 0.0
    }
}

/// There is no connection.
const NOT_CONNECTED: i32 = -1;
/// The payload is too large.
const OVERSIZED: i32 = -2;
/// `connect()` in a wrong state.
const WRONG_STATE: i32 = -3;

/// A client at rest; says the option and the rule if one is wrong. `numbers`: those of `readOptions` in `options.js`.
#[wasm_bindgen]
pub fn create(key: &JsValue, url: &JsValue, numbers: &Numbers, said: &Said) -> u32 {
    let options = Options::check(RawOptions {
        key: key.as_string(),
        has_provider: numbers.is(0),
        url: url.as_string(),
        token_provider_timeout_ms: numbers.get(4),
        inactivity_timeout_ms: numbers.get(5),
        auto_resubscribe: numbers.is(1),
        reconnect: numbers.is(2).then(|| RawReconnect {
            initial_delay_ms: numbers.get(7),
            multiplier: numbers.get(8),
            max_delay_ms: numbers.get(9),
            jitter_ratio: numbers.get(10),
            max_attempts: numbers.get(11),
            max_dials_per_minute: numbers.get(12),
            fleet_spread_ms: numbers.get(13),
            honour_going_away: numbers.is(14),
        }),
        renew_before_expiry_ms: numbers.get(6),
    });
    match options {
        Ok(options) => {
            let mut machine = Machine::new(options, numbers.get(15).to_bits(), Instant::START);
            machine.set_logging(numbers.is(3));
            add(Box::new(machine))
        }
        Err(error) => {
            said.text(option_name(error.option));
            said.text(error.rule);
            0
        }
    }
}

/// The client is not used any more.
#[wasm_bindgen]
pub fn free(client: u32) {
    drop(take(client));
}

/// The state, as an index into idle, connecting, connected, reconnecting, closed.
#[wasm_bindgen]
pub fn state(client: u32) -> u32 {
    with(client, |machine| machine.state() as u32)
}

/// The largest payload that the server takes, in bytes of JSON.
#[wasm_bindgen]
pub fn cap(client: u32) -> f64 {
    with(client, |machine| machine.max_message_size())
}

/// What is to be done next: an action's number, with its details in `said`; 0 for nothing.
#[wasm_bindgen]
pub fn next(client: u32, said: &Said) -> u32 {
    with(client, |machine| machine.poll_output().map_or(0, |output| say(&output, said)))
}

/// When the alarm is to ring, in milliseconds; infinite for never.
#[wasm_bindgen]
pub fn due(client: u32) -> f64 {
    with(client, |machine| {
        machine.poll_timeout().map_or(f64::INFINITY, |due| due.as_millis() as f64)
    })
}

#[wasm_bindgen]
pub fn connect(client: u32, now: f64) -> i32 {
    with(client, |machine| number(machine.connect(time(now))))
}

#[wasm_bindgen]
pub fn close(client: u32, code: u16, reason: &JsValue, now: f64) -> i32 {
    with(client, |machine| machine.close(code, &text(reason), time(now)).0 as i32)
}

#[wasm_bindgen]
pub fn subscribe(
    client: u32,
    channel: &JsValue,
    include_sender_metadata: bool,
    timeout_ms: f64,
    now: f64,
) -> i32 {
    with(client, |machine| {
        let timeout_ms = timeout_ms as u64;
        number(machine.subscribe(&text(channel), include_sender_metadata, timeout_ms, time(now)))
    })
}

#[wasm_bindgen]
pub fn unsubscribe(client: u32, channel: &JsValue, timeout_ms: f64, now: f64) -> i32 {
    with(client, |machine| {
        number(machine.unsubscribe(&text(channel), timeout_ms as u64, time(now)))
    })
}

/// Admits a publish or send with that much data; its frame follows by `direct` or `transmit`.
#[wasm_bindgen]
pub fn reserve(client: u32, size: u32, timeout_ms: f64, now: f64) -> i32 {
    with(client, |machine| number(machine.reserve(size as usize, timeout_ms as u64, time(now))))
}

/// Whether the caller may write the frame itself: the id of the socket, or 0.
#[wasm_bindgen]
pub fn direct(client: u32, call: u32) -> u32 {
    with(client, |machine| {
        if machine.has_output() {
            return 0;
        }
        machine.transmitted(CallId(call)).map_or(0, |socket| socket.0)
    })
}

#[wasm_bindgen]
pub fn transmit(client: u32, call: u32, frame: JsValue) {
    with(client, |machine| machine.transmit(CallId(call), frame));
}

/// A text arrived. `true`: the caller may hand it to the user itself.
#[wasm_bindgen]
pub fn heard(client: u32, socket: u32, now: f64) -> bool {
    with(client, |machine| machine.heard(SocketId(socket), time(now)))
}

/// An ack arrived, and was `heard`. `true`: the caller answers the request.
#[wasm_bindgen]
pub fn acked(client: u32, call: u32) -> bool {
    with(client, |machine| machine.take_acked(CallId(call)))
}

/// A text arrived that parsed to this.
#[wasm_bindgen]
pub fn frame(client: u32, socket: u32, parsed: JsValue, now: f64) {
    let socket = SocketId(socket);
    let input = match decode(&JsJson(parsed)) {
        Ok(frame) => Input::Frame { socket, frame },
        Err(why) => Input::Malformed { socket, why },
    };
    handle(client, input, now);
}

/// A socket is closed, or could not be made, which may have a `cause`.
#[wasm_bindgen]
pub fn closed(client: u32, socket: u32, code: u16, reason: &JsValue, cause: &JsValue, now: f64) {
    let close = Close { cause: cause.as_string(), ..Close::new(code, text(reason)) };
    handle(client, Input::SocketClosed { socket: SocketId(socket), close }, now);
}

/// The token provider answered; with a `name`, it failed, and the answer is the text of its error.
#[wasm_bindgen]
pub fn token(client: u32, request: u32, answer: &JsValue, name: &JsValue, now: f64) {
    let result = match name.as_string() {
        None => Ok(Secret::new(text(answer))),
        Some(name) => Err(ProviderFailure { name, message: text(answer) }),
    };
    handle(client, Input::Token { request: TokenRequestId(request), result }, now);
}

/// The alarm rings; `stepped`: before its time, so a test turns the clock.
#[wasm_bindgen]
pub fn ring(client: u32, stepped: bool, now: f64) {
    with(client, |machine| {
        if stepped {
            machine.handle_stepped_timeout(time(now));
        } else {
            machine.handle_timeout(time(now));
        }
    });
}

#[wasm_bindgen]
pub fn abort(client: u32, call: u32, now: f64) {
    with(client, |machine| machine.abort(CallId(call), time(now)));
}

/// Something happened that needs no words, to that socket or call. The numbers of `what` are those of `host.js`.
#[wasm_bindgen]
pub fn tell(client: u32, what: u32, id: u32, now: f64) {
    let socket = SocketId(id);
    let input = match what {
        0 => Input::SocketOpened { socket },
        1 => Input::SocketUnavailable { socket },
        2 => Input::Malformed { socket, why: Malformed::NotJson },
        3 => Input::Binary { socket },
        4 => Input::Oversize { socket },
        5 => Input::SendFailed { call: (id > 0).then_some(CallId(id)) },
        6 => Input::HandlersDrained,
        _ => Input::Wake,
    };
    handle(client, input, now);
}

/// Says the rule that a channel's name, or a peer's id, breaks.
#[wasm_bindgen]
pub fn rule(is_peer: bool, name: &JsValue, said: &Said) {
    let name = &text(name);
    let checked = if is_peer { check_peer_id(name) } else { check_channel(name) };
    if let Err(error) = checked {
        said.text(error.rule());
    }
}

thread_local! {
    /// The clients, by the number that JavaScript knows them by.
    static CLIENTS: RefCell<Vec<Option<Client>>> = const { RefCell::new(Vec::new()) };
}

type Client = Box<Machine<JsValue>>;

fn add(client: Client) -> u32 {
    CLIENTS.with_borrow_mut(|clients| {
        let free = clients.iter().position(Option::is_none).unwrap_or(clients.len());
        if free == clients.len() {
            clients.push(None);
        }
        clients[free] = Some(client);
        free as u32
    })
}

/// Takes a client out for a call. Only one call is ever made at a time, and after a panic the client stays away.
#[inline(never)]
fn take(client: u32) -> Client {
    CLIENTS
        .with_borrow_mut(|clients| clients[client as usize].take())
        .expect("no call is made inside of another")
}

#[inline(never)]
fn put(client: u32, machine: Client) {
    CLIENTS.with_borrow_mut(|clients| clients[client as usize] = Some(machine));
}

fn with<T>(client: u32, call: impl FnOnce(&mut Machine<JsValue>) -> T) -> T {
    let mut machine = take(client);
    let result = call(&mut machine);
    put(client, machine);
    result
}

fn handle(client: u32, input: Input<JsValue>, now: f64) {
    with(client, |machine| machine.handle_input(input, time(now)));
}

fn time(now: f64) -> Instant {
    Instant::from_millis(now as u64)
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

fn text(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

fn option_name(option: OptionName) -> &'static str {
    match option {
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
    }
}

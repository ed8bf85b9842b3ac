//! The core of the npm package: machines, exported as they are. The package's `host.js` drives them.
//!
//! Nothing here ever calls code of the user's: JavaScript tells what happened and then asks for [`next`] until there is nothing
//! more to do. So nothing can be re-entered, and a panic, which is a trap, ends in the one place that called. The time comes with
//! each call. Answers are numbers, so that the hot path crosses into wasm without strings and objects. Application data does not
//! cross at all: JavaScript keeps it and asks what is to become of it.
//!
//! All calls are one of two functions, by a number: wasm-bindgen has some 200 bytes of its own for each exported function, and more
//! for the methods of a class. What is passed is checked: options, names, and frames by the package's `options.js`, `rules.js` and
//! `frames.js`, texts of others by its `scrub.js`.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "its functions do what the machine's methods of those names do")]

mod said;

use std::cell::RefCell;
use std::convert::Infallible;

use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::{
    CallError, CallId, Close, Input, Instant, Machine, Options, ProviderFailure, RawOptions,
    RawReconnect, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::{Endpoint, Malformed, Secret, ServerFrame, Welcome};
use said::{Said, say_output};

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
const NOT_CONNECTED: f64 = -1.0;
/// The payload is too large.
const OVERSIZED: f64 = -2.0;
/// `connect()` in a wrong state.
const WRONG_STATE: f64 = -3.0;

/// Application data never gets here.
type Core = Machine<Infallible>;

/// A client at rest. `numbers`: those of `readOptions` in `options.js`; without a key there is a token provider.
#[wasm_bindgen]
pub fn create(key: &JsValue, origin: &JsValue, numbers: &Numbers) -> u32 {
    let key = key.as_string().filter(|key| !key.is_empty());
    let options = RawOptions {
        has_provider: key.is_none(),
        key,
        url: None,
        auto_resubscribe: numbers.is(0),
        token_provider_timeout_ms: numbers.get(5),
        inactivity_timeout_ms: numbers.get(6),
        renew_before_expiry_ms: numbers.get(7),
        reconnect: numbers.is(1).then(|| RawReconnect {
            honour_going_away: numbers.is(3),
            initial_delay_ms: numbers.get(8),
            multiplier: numbers.get(9),
            max_delay_ms: numbers.get(10),
            jitter_ratio: numbers.get(11),
            max_attempts: numbers.get(12),
            max_dials_per_minute: numbers.get(13),
            fleet_spread_ms: numbers.get(14),
        }),
    };
    let options = Options::checked(options, Endpoint::checked(text(origin)));
    let mut machine = Machine::new(options, numbers.get(4).to_bits(), Instant::START);
    machine.set_logging(numbers.is(2));
    add(Box::new(machine))
}

/// The client is not used any more.
#[wasm_bindgen]
pub fn free(client: u32) {
    drop(take(client));
}

/// What is to be done next: an action's number, with its details in `said`; 0 for nothing.
#[wasm_bindgen]
pub fn next(client: u32, said: &Said) -> u32 {
    with(client, |machine| machine.poll_output().map_or(0, |output| say_output(&output, said)))
}

/// What needs no words: calls and news, by the numbers that `calls.js` has for them. `id` is a socket, a call or a token request.
#[wasm_bindgen]
pub fn tell(what: u32, client: u32, id: u32, x: f64, y: f64, z: f64, now: f64) -> f64 {
    let now = Instant::from_millis(now as u64);
    let (socket, call) = (SocketId(id), CallId(id));
    with(client, |machine| {
        let input = match what {
            0 => Input::Malformed { socket, why: Malformed::NotJson },
            1 => Input::Malformed { socket, why: Malformed::NoType },
            2 => Input::Malformed { socket, why: Malformed::UnknownType },
            3 => Input::Malformed { socket, why: Malformed::BadField },
            4 => Input::SocketOpened { socket },
            5 => Input::SocketUnavailable { socket },
            6 => Input::Binary { socket },
            7 => Input::Oversize { socket },
            8 => Input::Frame { socket, frame: ServerFrame::Pong },
            9 => Input::Frame { socket, frame: ServerFrame::GoingAway { retry_after_ms: x } },
            10 => Input::Frame { socket, frame: welcome(x, y, z) },
            11 => Input::SendFailed { call: (id > 0).then_some(call) },
            12 => Input::HandlersDrained,
            13 => Input::Wake,
            _ => return ask(machine, what, id, x, y, now),
        };
        machine.handle_input(input, now);
        0.0
    })
}

/// What is answered.
fn ask(machine: &mut Core, what: u32, id: u32, x: f64, y: f64, now: Instant) -> f64 {
    let (socket, call) = (SocketId(id), CallId(id));
    match what {
        // The state, as an index into idle, connecting, connected, reconnecting, closed.
        14 => machine.state() as u32 as f64,
        // When the alarm is to ring, in milliseconds; infinite for never.
        15 => machine.poll_timeout().map_or(f64::INFINITY, |due| due.as_millis() as f64),
        // The alarm rings; `x`: before its time, so a test turns the clock.
        16 => {
            if x != 0.0 {
                machine.handle_stepped_timeout(now);
            } else {
                machine.handle_timeout(now);
            }
            0.0
        }
        17 => number(machine.connect(now)),
        18 => {
            machine.abort(call, now);
            0.0
        }
        // Admits a publish or send with so much data and such a timeout; its frame follows by 20 or by `say`.
        19 => number(machine.reserve(x as usize, y as u64, now)),
        // Whether the caller may write the frame itself: the id of the socket, or 0.
        20 => {
            if machine.has_output() {
                return 0.0;
            }
            machine.transmitted(call).map_or(0.0, |socket| socket.0.into())
        }
        // Application data arrived, presence if `x`: 0 to drop it, 1 to tell the user, 2 to do so after the socket's `connected`.
        21 => {
            if machine.admit(socket, now) {
                1.0
            } else if x != 0.0 && machine.holds_presence(socket) {
                2.0
            } else {
                0.0
            }
        }
        // The ack of call `x` arrived. 1: that is all, and the caller answers the request.
        _ => machine.take_ack(socket, CallId(x as u32), now).into(),
    }
}

/// What needs words: calls and news, by the numbers that `calls.js` has for them.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "for all kinds of calls")]
pub fn say(
    what: u32,
    client: u32,
    a: &JsValue,
    b: &JsValue,
    c: &JsValue,
    x: f64,
    y: f64,
    now: f64,
) -> f64 {
    let now = Instant::from_millis(now as u64);
    let (id, a, b) = (x as u32, a.as_string(), b.as_string());
    let socket = SocketId(id);
    with(client, |machine| {
        let words = a.as_deref().unwrap_or_default();
        let input = match what {
            // A close with code and reason.
            0 => return machine.close(id as u16, words, now).0.into(),
            // A channel, with the sender's metadata if `x`, within a time.
            1 => return number(machine.subscribe(words, x != 0.0, y as u64, now)),
            2 => return number(machine.unsubscribe(words, y as u64, now)),
            // The frame of a reserved request.
            3 => {
                machine.transmit(CallId(id), words.to_owned());
                return 0.0;
            }
            // The answer to request `a`, or an error that answers none: without a code, an ack.
            4 => Input::Frame {
                socket,
                frame: match b {
                    None => ServerFrame::Ack { request_id: words.to_owned() },
                    Some(code) => {
                        ServerFrame::Error { code, request_id: a, message: c.as_string() }
                    }
                },
            },
            // A socket is closed with code and reason, or could not be made, which may have a cause.
            5 => {
                let close = Close { cause: b, ..Close::new(y as u16, words) };
                Input::SocketClosed { socket, close }
            }
            // The token provider answered; with a name, it failed, and the answer is the text of its error.
            _ => {
                let message = words.to_owned();
                let result = match b {
                    None => Ok(Secret::new(message)),
                    Some(name) => Err(ProviderFailure { name, message }),
                };
                Input::Token { request: TokenRequestId(id), result }
            }
        };
        machine.handle_input(input, now);
        0.0
    })
}

/// Without what is for the user alone. `expires_at` may be NaN.
fn welcome(expires_at: f64, server_time: f64, max_message_size: f64) -> ServerFrame<Infallible> {
    ServerFrame::Welcome(Welcome {
        peer_id: String::new(),
        expires_at: Some(expires_at).filter(|at| !at.is_nan()),
        server_time,
        max_message_size,
        ice_servers: None,
    })
}

thread_local! {
    /// The clients, by the number that JavaScript knows them by.
    static CLIENTS: RefCell<Vec<Option<Box<Core>>>> = const { RefCell::new(Vec::new()) };
}

fn add(client: Box<Core>) -> u32 {
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
fn take(client: u32) -> Box<Core> {
    CLIENTS
        .with_borrow_mut(|clients| clients[client as usize].take())
        .expect("no call is made inside of another")
}

#[inline(never)]
fn put(client: u32, machine: Box<Core>) {
    CLIENTS.with_borrow_mut(|clients| clients[client as usize] = Some(machine));
}

fn with<T>(client: u32, call: impl FnOnce(&mut Core) -> T) -> T {
    let mut machine = take(client);
    let result = call(&mut machine);
    put(client, machine);
    result
}

fn number(call: Result<CallId, CallError>) -> f64 {
    match call {
        Ok(call) => call.0.into(),
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

//! The core of the npm package: the machine, exported as it is. The package's `host.js` is its driver.
//!
//! Nothing here ever calls code of the user's: JavaScript tells what happened and then asks for [`Handle::next`] until there
//! is nothing more to do. So nothing is borrowed while user code runs, nothing can be re-entered, and a panic, which is a trap,
//! ends in the one place that called. The time comes with each call. Answers are numbers, so that the hot path crosses into
//! wasm without strings and objects.

use wasm_bindgen::prelude::*;

use super::said::{Said, say};
use super::value::JsJson;
use crate::machine::{
    CallError, CallId, Close, Input, Instant, Machine, OptionError, OptionName, Options,
    ProviderFailure, RawOptions, RawReconnect, SocketId, TokenRequestId,
};
use crate::wire::{Malformed, Secret, check_channel, check_peer_id, decode};

/// Smaller than the allocator of the standard library, and as fast.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// One client. The numbers that its calls give: above zero the id of the call, else what is wrong with it.
#[wasm_bindgen(skip_typescript)]
pub struct Handle {
    machine: Machine<JsValue>,
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
    /// A client at rest. Throws a text, option and rule, for a wrong option.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        key: &str,
        url: Option<String>,
        has_provider: bool,
        auto_resubscribe: bool,
        reconnects: bool,
        logging: bool,
        seed: f64,
        token_provider_timeout_ms: f64,
        inactivity_timeout_ms: f64,
        renew_before_expiry_ms: f64,
        initial_delay_ms: f64,
        multiplier: f64,
        max_delay_ms: f64,
        jitter_ratio: f64,
        max_attempts: f64,
        max_dials_per_minute: f64,
        fleet_spread_ms: f64,
        honour_going_away: bool,
    ) -> Result<Handle, JsValue> {
        let options = Options::check(RawOptions {
            key: Some(key.into()),
            has_provider,
            url,
            token_provider_timeout_ms,
            inactivity_timeout_ms,
            auto_resubscribe,
            reconnect: reconnects.then_some(RawReconnect {
                initial_delay_ms,
                multiplier,
                max_delay_ms,
                jitter_ratio,
                max_attempts,
                max_dials_per_minute,
                fleet_spread_ms,
                honour_going_away,
            }),
            renew_before_expiry_ms,
        })
        .map_err(refusal)?;
        let mut machine = Machine::new(options, seed.to_bits(), Instant::START);
        machine.set_logging(logging);
        Ok(Handle { machine })
    }

    /// The state, as an index into idle, connecting, connected, reconnecting, closed.
    pub fn state(&self) -> u32 {
        self.machine.state() as u32
    }

    /// The largest payload that the server takes, in bytes of JSON.
    pub fn cap(&self) -> f64 {
        self.machine.max_message_size()
    }

    /// What is to be done next: an action's number, with its details in `said`; 0 for nothing.
    pub fn next(&mut self, said: &Said) -> u32 {
        self.machine.poll_output().map_or(0, |output| say(&output, said))
    }

    /// When the alarm is to ring, in milliseconds; infinite for never.
    pub fn due(&self) -> f64 {
        self.machine.poll_timeout().map_or(f64::INFINITY, |due| due.as_millis() as f64)
    }

    pub fn connect(&mut self, now: f64) -> i32 {
        number(self.machine.connect(time(now)))
    }

    pub fn close(&mut self, code: u16, reason: &str, now: f64) -> i32 {
        self.machine.close(code, reason, time(now)).0 as i32
    }

    pub fn subscribe(
        &mut self,
        channel: &str,
        include_sender_metadata: bool,
        timeout_ms: f64,
        now: f64,
    ) -> i32 {
        let timeout_ms = timeout_ms as u64;
        number(self.machine.subscribe(channel, include_sender_metadata, timeout_ms, time(now)))
    }

    pub fn unsubscribe(&mut self, channel: &str, timeout_ms: f64, now: f64) -> i32 {
        number(self.machine.unsubscribe(channel, timeout_ms as u64, time(now)))
    }

    /// Admits a publish or send with that much data; its frame follows by `direct` or `transmit`.
    pub fn reserve(&mut self, size: u32, timeout_ms: f64, now: f64) -> i32 {
        number(self.machine.reserve(size as usize, timeout_ms as u64, time(now)))
    }

    /// Whether the caller may write the frame itself: the id of the socket, or 0.
    pub fn direct(&mut self, call: u32) -> u32 {
        if self.machine.has_output() {
            return 0;
        }
        self.machine.transmitted(CallId(call)).map_or(0, |socket| socket.0)
    }

    pub fn transmit(&mut self, call: u32, frame: JsValue) {
        self.machine.transmit(CallId(call), frame);
    }

    /// A text arrived. `true`: the caller may hand it to the user itself.
    pub fn heard(&mut self, socket: u32, now: f64) -> bool {
        self.machine.heard(SocketId(socket), time(now))
    }

    /// An ack arrived, and was `heard`. `true`: the caller answers the request.
    pub fn acked(&mut self, call: u32) -> bool {
        self.machine.take_acked(CallId(call))
    }

    /// A text arrived that parsed to this.
    pub fn frame(&mut self, socket: u32, parsed: JsValue, now: f64) {
        let socket = SocketId(socket);
        let input = match decode(&JsJson(parsed)) {
            Ok(frame) => Input::Frame { socket, frame },
            Err(why) => Input::Malformed { socket, why },
        };
        self.machine.handle_input(input, time(now));
    }

    /// A socket is closed, or could not be made; an empty `cause` says nothing.
    pub fn closed(&mut self, socket: u32, code: u16, reason: &str, cause: &str, now: f64) {
        let cause = if cause.is_empty() { None } else { Some(cause.into()) };
        let close = Close { cause, ..Close::new(code, reason) };
        self.machine
            .handle_input(Input::SocketClosed { socket: SocketId(socket), close }, time(now));
    }

    /// The token provider answered; with a `name`, it failed, and the text is that of its error.
    pub fn token(&mut self, request: u32, text: &str, name: Option<String>, now: f64) {
        let result = match name {
            None => Ok(Secret::new(text)),
            Some(name) => Err(ProviderFailure { name, message: text.into() }),
        };
        self.machine
            .handle_input(Input::Token { request: TokenRequestId(request), result }, time(now));
    }

    /// Something happened that needs no words: which of the list `HAPPENED` of `host.js`, and to which socket or call.
    pub fn tell(&mut self, what: u32, id: u32, now: f64) {
        let now = time(now);
        let socket = SocketId(id);
        let input = match what {
            0 => return self.machine.handle_timeout(now),
            1 => return self.machine.handle_stepped_timeout(now),
            2 => return self.machine.abort(CallId(id), now),
            3 => Input::SocketOpened { socket },
            4 => Input::SocketUnavailable { socket },
            5 => Input::Malformed { socket, why: Malformed::NotJson },
            6 => Input::Binary { socket },
            7 => Input::Oversize { socket },
            8 => Input::SendFailed { call: (id > 0).then_some(CallId(id)) },
            9 => Input::HandlersDrained,
            _ => Input::Wake,
        };
        self.machine.handle_input(input, now);
    }

    /// Says the rule that a channel's name, or a peer's id, breaks.
    pub fn rule(is_peer: bool, name: &str, said: &Said) {
        let checked = if is_peer { check_peer_id(name) } else { check_channel(name) };
        if let Err(error) = checked {
            said.text(error.rule());
        }
    }
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

fn refusal(error: OptionError) -> JsValue {
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
    let mut text = String::from(name);
    text.push(' ');
    text.push_str(error.rule);
    JsValue::from_str(&text)
}

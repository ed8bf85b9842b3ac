//! What the machine asks of its driver, as a number and a JavaScript array of details.
//!
//! The numbers and the details are those of `#act` in the package's `host.js`.

use std::convert::Infallible;

use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::{
    CallError, Event, Log, LogValue, Outcome, Outgoing, Output, State,
};

#[wasm_bindgen]
extern "C" {
    /// An array.
    #[wasm_bindgen(js_name = Array)]
    pub type Said;

    #[wasm_bindgen(method, js_class = "Array", js_name = push)]
    fn number(this: &Said, number: f64);
    #[wasm_bindgen(method, js_class = "Array", js_name = push)]
    fn text(this: &Said, text: &str);
    #[wasm_bindgen(method, js_class = "Array", js_name = push)]
    fn value(this: &Said, value: &JsValue);
}

/// Says the details of an output and gives its number.
pub(super) fn say_output(output: &Output<Infallible>, said: &Said) -> u32 {
    match output {
        Output::OpenSocket { socket, address } => {
            said.id(socket.0);
            said.text(address.expose());
            1
        }
        Output::Send { socket, frame, call } => {
            said.id(socket.0);
            said.id(call.map_or(0, |call| call.0));
            said.frame(frame);
            2
        }
        Output::CloseSocket { socket, code, reason, report } => {
            said.id(socket.0);
            said.id((*code).into());
            said.text(reason);
            said.id((*report).into());
            3
        }
        Output::FetchToken { request } => {
            said.id(request.0);
            4
        }
        Output::ForgetToken { request } => {
            said.id(request.0);
            5
        }
        Output::DrainHandlers => 6,
        Output::ForgetListeners => 7,
        Output::EndStreams => 8,
        Output::Log(log) => {
            said.log(log);
            9
        }
        Output::Settle { call, result: Ok(()) } => {
            said.id(call.0);
            10
        }
        Output::Settle { call, result: Err(error) } => {
            said.id(call.0);
            said.error(error);
            11
        }
        Output::Event(event) => said.event(event),
    }
}

impl Said {
    fn id(&self, id: u32) {
        self.number(id.into());
    }

    fn optional(&self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.value(&JsValue::UNDEFINED),
        }
    }

    /// Its kind, and the channel or the whole text.
    fn frame(&self, frame: &Outgoing) {
        let (kind, text) = match frame {
            Outgoing::Ready(text) => (0, text),
            Outgoing::Ping => return self.id(1),
            Outgoing::Unsubscribe { channel } => (2, channel),
            Outgoing::Subscribe { channel, include_sender_metadata } => {
                (3 + u32::from(*include_sender_metadata), channel)
            }
        };
        self.id(kind);
        self.text(text);
    }

    fn log(&self, log: &Log) {
        self.id(log.level as u32);
        self.text(log.message);
        for (name, value) in &log.details {
            self.text(name);
            match value {
                LogValue::Number(number) => self.number(*number),
                LogValue::Text(text) => self.text(text),
            }
        }
    }

    /// Kind, outcome, and up to three details.
    fn error(&self, error: &CallError) {
        let outcome = match error.outcome() {
            Outcome::NotSent => 0,
            Outcome::Rejected => 1,
            Outcome::Unknown => 2,
        };
        let (kind, number) = match error {
            CallError::WrongState { state } => (0, *state as u8 as f64),
            CallError::Connect(close) => (1, close.code.into()),
            CallError::Unavailable => (2, 0.0),
            CallError::Token(_) => (3, 0.0),
            CallError::Aborted { .. } => (4, 0.0),
            CallError::NotConnected => (5, 0.0),
            CallError::Rejected { .. } => (6, 0.0),
            CallError::AckTimeout { timeout_ms } => (7, *timeout_ms as f64),
            CallError::Disconnected { close_code, .. } => (8, (*close_code).into()),
            CallError::Oversized { size, .. } => (9, *size as f64),
        };
        self.id(kind);
        self.id(outcome);
        self.number(number);
        match error {
            CallError::Connect(close) => {
                self.text(&close.reason);
                self.optional(close.cause.as_deref());
            }
            CallError::Token(failure) => {
                self.text(&failure.name);
                self.text(&failure.message);
            }
            CallError::Rejected { code, message } => {
                self.text(code);
                self.optional(message.as_deref());
            }
            CallError::Oversized { cap, .. } => self.number(*cap),
            CallError::WrongState { .. }
            | CallError::Unavailable
            | CallError::Aborted { .. }
            | CallError::NotConnected
            | CallError::AckTimeout { .. }
            | CallError::Disconnected { .. } => {}
        }
    }

    fn event(&self, event: &Event<Infallible>) -> u32 {
        match event {
            Event::StateChange { from, to } => {
                self.id(*from as u32);
                self.id(*to as u32);
                12
            }
            Event::Connected(connected) => {
                self.id(connected.socket.0);
                self.id(connected.is_reconnect.into());
                13
            }
            Event::Disconnected { code, reason, will_reconnect } => {
                self.id((*code).into());
                self.text(reason);
                self.id((*will_reconnect).into());
                14
            }
            // It is not told of them.
            Event::Application(_) => 0,
            Event::ServerError { code, message, request_id, channel } => {
                self.text(code);
                self.optional(message.as_deref());
                self.optional(request_id.as_deref());
                self.optional(channel.as_deref());
                15
            }
            Event::GoingAway { retry_after_ms } => {
                self.number(*retry_after_ms);
                16
            }
            Event::TokenProviderError { consecutive_failures, error } => {
                self.id(*consecutive_failures);
                self.text(&error.name);
                self.text(&error.message);
                17
            }
        }
    }
}

// `State as u32` is an index into the states of the JavaScript side.
const _: () = assert!(State::Idle as u8 == 0 && State::Closed as u8 == 4);

//! The error classes of the package's `errors.js`, made of what the machine says.

use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::{CallError, CallId, Close, Outcome, ProviderFailure};

#[wasm_bindgen(raw_module = "metered-realtime-face/errors.js")]
extern "C" {
    type SignallingError;
    #[wasm_bindgen(constructor)]
    fn new(message: &str) -> SignallingError;

    type NotConnectedError;
    #[wasm_bindgen(constructor)]
    fn new() -> NotConnectedError;

    type ServerRequestError;
    #[wasm_bindgen(constructor)]
    fn new(code: &str, message: Option<&str>, request_id: &str) -> ServerRequestError;

    type AckTimeoutError;
    #[wasm_bindgen(constructor)]
    fn new(request_id: &str, timeout_ms: f64) -> AckTimeoutError;

    type DisconnectedError;
    #[wasm_bindgen(constructor)]
    fn new(close_code: u16) -> DisconnectedError;

    type OversizedPayloadError;
    #[wasm_bindgen(constructor)]
    fn new(size: f64, cap: f64) -> OversizedPayloadError;

    type WebSocketUnavailableError;
    #[wasm_bindgen(constructor)]
    fn new() -> WebSocketUnavailableError;

    type TokenProviderFailedError;
    #[wasm_bindgen(constructor)]
    fn new(name: &str, message: &str) -> TokenProviderFailedError;

    #[wasm_bindgen(js_name = connectError)]
    fn connect_error(
        close_code: u16,
        close_reason: &str,
        cause: Option<&str>,
        cause_code: Option<&str>,
        http_status: Option<u16>,
    ) -> JsValue;

    /// A `TypeError` of a call that did nothing.
    #[wasm_bindgen(js_name = argumentError)]
    pub(crate) fn argument_error(message: &str) -> JsValue;

    /// Adds `outcome` to an error, which may be the user's.
    #[wasm_bindgen(js_name = withOutcome)]
    fn with_outcome(error: &JsValue, outcome: &str) -> JsValue;
}

/// The error with which a call is rejected; `call`: the request, if there is one.
pub(crate) fn of(error: &CallError, call: Option<CallId>) -> JsValue {
    let request_id = || call.map(|call| call.0.to_string()).unwrap_or_default();
    let made: JsValue = match error {
        CallError::WrongState { state } => {
            let message = ["connect() is not possible in state \"", state.name(), "\""].concat();
            return SignallingError::new(&message).into();
        }
        CallError::Connect(close) => return of_close(close),
        CallError::Unavailable => return WebSocketUnavailableError::new().into(),
        CallError::Token(failure) => return of_provider(failure),
        CallError::Aborted { .. } | CallError::NotConnected => NotConnectedError::new().into(),
        CallError::Rejected { code, message } => {
            ServerRequestError::new(code, message.as_deref(), &request_id()).into()
        }
        CallError::AckTimeout { timeout_ms } => {
            AckTimeoutError::new(&request_id(), *timeout_ms as f64).into()
        }
        CallError::Disconnected { close_code, .. } => DisconnectedError::new(*close_code).into(),
        CallError::Oversized { size, cap } => OversizedPayloadError::new(*size as f64, *cap).into(),
    };
    with_outcome(&made, error.outcome().name())
}

/// The error of a token provider, in its own words.
pub(crate) fn of_provider(failure: &ProviderFailure) -> JsValue {
    TokenProviderFailedError::new(&failure.name, &failure.message).into()
}

/// What the user's own code threw before anything was sent.
pub(crate) fn of_user(error: &JsValue) -> JsValue {
    with_outcome(error, Outcome::NotSent.name())
}

fn of_close(close: &Close) -> JsValue {
    connect_error(
        close.code,
        &close.reason,
        close.cause.as_deref(),
        close.cause_code.as_deref(),
        close.http_status,
    )
}

//! Why a socket failed, as far as its `error` event tells. Browsers tell nothing, so that a page cannot look around in its user's
//! network; `ws` and Node tell.

use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::Close;
use metered_realtime_proto::wire::scrub;

#[wasm_bindgen]
extern "C" {
    /// An `error` event, or the error in it. It may be of the user's making.
    type Told;

    #[wasm_bindgen(method, structural, catch, getter)]
    fn error(this: &Told) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter)]
    fn errors(this: &Told) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, indexing_getter)]
    fn at(this: &Told, index: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter)]
    fn message(this: &Told) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter)]
    fn code(this: &Told) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = httpStatus)]
    fn http_status(this: &Told) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, structural, catch, getter, js_name = retryAfterMs)]
    fn retry_after_ms(this: &Told) -> Result<JsValue, JsValue>;
}

/// What the platform said.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Without credentials.
    message: String,
    code: Option<String>,
    http_status: Option<u16>,
    retry_after_ms: Option<f64>,
}

impl Failure {
    /// What an `error` event tells, if anything.
    pub(super) fn of(event: &JsValue) -> Option<Failure> {
        let error = told(event, Told::error);
        // Where a name has several addresses, there is one error for each.
        let first = told(&told(&error, Told::errors), |errors| errors.at(0));
        let message = [&error, &first, event]
            .into_iter()
            .filter_map(|from| told(from, Told::message).as_string())
            .find(|text| !text.is_empty())?;
        Some(Failure {
            message: scrub(&message),
            code: told(&error, Told::code).as_string().map(|code| scrub(&code)),
            http_status: told(&error, Told::http_status).as_f64().map(|status| status as u16),
            retry_after_ms: told(&error, Told::retry_after_ms).as_f64(),
        })
    }

    /// Adds it to how the socket was closed.
    pub(super) fn explain(&self, close: Close) -> Close {
        Close {
            cause: Some(self.message.clone()),
            cause_code: self.code.clone(),
            http_status: self.http_status,
            retry_after_ms: self.retry_after_ms,
            ..close
        }
    }
}

/// A member of what may be anything.
fn told(of: &JsValue, member: impl FnOnce(&Told) -> Result<JsValue, JsValue>) -> JsValue {
    if !of.is_object() {
        return JsValue::UNDEFINED;
    }
    member(of.unchecked_ref()).unwrap_or_default()
}

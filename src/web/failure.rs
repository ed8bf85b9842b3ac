//! Why a socket failed, as far as its `error` event tells. Browsers tell nothing, so that a page cannot look around in its user's
//! network; `ws` and Node tell.

use wasm_bindgen::JsValue;

use super::any::{member, message_of};
use metered_realtime_proto::machine::Close;
use metered_realtime_proto::wire::scrub;

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
        let error = member(event, "error");
        // Where a name has several addresses, there is one error for each.
        let first = member(&member(&error, "errors"), "0");
        let message =
            [&error, &first, event].into_iter().map(message_of).find(|text| !text.is_empty())?;
        Some(Failure {
            message: scrub(&message),
            code: member(&error, "code").as_string().map(|code| scrub(&code)),
            http_status: member(&error, "httpStatus").as_f64().map(|status| status as u16),
            retry_after_ms: member(&error, "retryAfterMs").as_f64(),
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

//! The user's data into JSON text.

use serde::Serialize;

use super::errors::RequestError;
use super::finite;

/// The JSON text of `data`.
///
/// # Errors
/// The data is nothing that JSON can hold.
pub(super) fn to_json<T: Serialize + ?Sized>(data: &T) -> Result<String, RequestError> {
    // serde_json would write `null` for a number that is not finite (decisions, Engineering).
    finite::check(data).map_err(|error| invalid(error.to_string()))?;
    serde_json::to_string(data)
        .map_err(|error| invalid(format!("is nothing that JSON can hold: {error}")))
}

fn invalid(rule: String) -> RequestError {
    RequestError::InvalidArgument { argument: "data", rule }
}

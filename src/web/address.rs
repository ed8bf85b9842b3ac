//! Splits the text of an address into its parts. Proto has the rules for them.

use wasm_bindgen::JsValue;
use web_sys::Url;

use super::any::member;
use metered_realtime_proto::wire::{Address, EndpointError};

/// Parses an address with the platform's `URL`.
///
/// # Errors
/// The text is not a URL.
pub fn parse_address(text: &str) -> Result<Address, EndpointError> {
    let url: JsValue = Url::new(text).map_err(|_| EndpointError::NotAnAddress)?.into();
    let part = |name| member(&url, name).as_string().unwrap_or_default();
    let scheme = part("protocol");
    Ok(Address {
        scheme: scheme.strip_suffix(':').unwrap_or(&scheme).to_owned(),
        host: part("hostname"),
        port: part("port").parse().ok(),
        has_user_info: !part("username").is_empty() || !part("password").is_empty(),
        path: part("pathname"),
        has_query: !part("search").is_empty(),
        has_fragment: !part("hash").is_empty(),
    })
}

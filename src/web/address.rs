//! Splits the text of an address into its parts. Proto has the rules for them.

use web_sys::Url;

use metered_realtime_proto::wire::{Address, EndpointError};

/// Parses an address with the platform's `URL`.
///
/// # Errors
/// The text is not a URL.
pub fn parse_address(text: &str) -> Result<Address, EndpointError> {
    let url = Url::new(text).map_err(|_| EndpointError::NotAnAddress)?;
    let scheme = url.protocol();
    Ok(Address {
        scheme: scheme.strip_suffix(':').unwrap_or(&scheme).to_owned(),
        host: url.hostname(),
        port: url.port().parse().ok(),
        has_user_info: !url.username().is_empty() || !url.password().is_empty(),
        path: url.pathname(),
        has_query: !url.search().is_empty(),
        has_fragment: !url.hash().is_empty(),
    })
}

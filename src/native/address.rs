//! Splits the text of an address into its parts. Proto has the rules for them.

use url::{Position, Url};

use metered_realtime_proto::wire::{Address, EndpointError};

/// Parses an address as browsers do.
///
/// # Errors
/// The text is not a URL.
pub(super) fn parse(text: &str) -> Result<Address, EndpointError> {
    let url = Url::parse(text).map_err(|_| EndpointError::NotAnAddress)?;
    Ok(Address {
        scheme: url.scheme().to_owned(),
        host: url.host_str().unwrap_or_default().to_owned(),
        port: url.port(),
        has_user_info: !url.username().is_empty() || url.password().is_some(),
        path: url[Position::BeforePath..Position::AfterPath].to_owned(),
        has_query: url.query().is_some_and(|query| !query.is_empty()),
        has_fragment: url.fragment().is_some_and(|fragment| !fragment.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use metered_realtime_proto::wire::Endpoint;
    use serde_json::{Value, json};

    #[test]
    fn e018_e019_e020_e021_e022_e023_e028_d22_addresses_are_read_as_the_list_of_them_says() {
        let list: Vec<(String, Value)> =
            serde_json::from_str(include_str!("../../tests/frames/addresses.json"))
                .expect("valid JSON");
        assert!(list.len() > 100);
        for (text, expected) in list {
            let read = match super::parse(&text).and_then(|address| Endpoint::check(&address)) {
                Ok(endpoint) => json!({"origin": endpoint.origin()}),
                Err(error) => json!({"rule": error.rule()}),
            };
            assert_eq!(read, expected, "{text:?}");
        }
    }

    #[test]
    fn an_origin_is_read_as_itself() {
        for text in ["wss://münchen.example:8443", "ws://127.1", "wss://[2001:DB8::1.2.3.4]"] {
            let read = |text: &str| Endpoint::check(&super::parse(text).unwrap()).unwrap();
            let origin = read(text);
            assert_eq!(read(origin.origin()), origin);
        }
    }
}

//! The server's address and the dial (spec B.1, E.2).

use metered_realtime_proto::machine::{OptionName, Options, RawOptions};
use metered_realtime_proto::wire::{CredentialKind, Endpoint, EndpointError, Secret};
use serde_json::{Value, json};

use crate::sim::{Sim, TokenAnswer, options, token_options};

fn origin(address: &str) -> String {
    Endpoint::parse(address).expect("the address is right").origin().to_owned()
}

fn refused(address: &str) -> EndpointError {
    Endpoint::parse(address).expect_err("the address is wrong")
}

fn dialled(raw: RawOptions) -> String {
    let mut sim = Sim::with(raw);
    sim.tokens([TokenAnswer::token("tok")]);
    sim.connect();
    sim.addresses.remove(0)
}

#[test]
fn e017_without_an_address_the_service_is_dialled() {
    assert_eq!(dialled(options()), "wss://rms.metered.ca/v1?key=pk_live_test");
}

#[test]
fn e018_an_insecure_address_of_another_machine_is_refused() {
    assert_eq!(refused("ws://example.com"), EndpointError::InsecureHost);
    assert_eq!(refused("ws://localhost.example.com"), EndpointError::InsecureHost);
    assert_eq!(refused("ws://127.0.0.1.example.com"), EndpointError::InsecureHost);
}

#[test]
fn e019_an_insecure_address_of_the_machine_itself_is_accepted() {
    for address in ["ws://localhost:9", "ws://127.0.0.1:9", "ws://[::1]:9"] {
        assert_eq!(origin(address), address);
    }
}

#[test]
fn e020_other_schemes_and_no_addresses_are_refused() {
    for address in ["http://h", "https://h", "ftp://h", " wss://h"] {
        assert_eq!(refused(address), EndpointError::Scheme, "{address}");
    }
    for address in
        ["not a url", "", "wss:h", "wss:/h", "h", "wss://h h", "wss://h:99999", "wss://h:-1"]
    {
        assert_eq!(refused(address), EndpointError::NotAnAddress, "{address}");
    }
}

#[test]
fn e021_a_path_is_refused_and_a_final_slash_accepted() {
    assert_eq!(refused("wss://h/path"), EndpointError::NotAnOrigin);
    assert_eq!(refused("wss://h/v1"), EndpointError::NotAnOrigin);
    assert_eq!(refused("wss://h\\path"), EndpointError::NotAnOrigin);
    assert_eq!(origin("wss://h/"), "wss://h");
}

#[test]
fn e022_a_query_or_a_fragment_is_refused_even_an_empty_one() {
    for address in ["wss://h?x=1", "wss://h#f", "wss://h?", "wss://h#", "wss://h/?x", "wss://h/#f"]
    {
        assert_eq!(refused(address), EndpointError::NotAnOrigin, "{address}");
    }
}

#[test]
fn e023_a_user_name_or_an_empty_host_is_refused() {
    for address in ["wss://user:pw@h", "wss://user@h", "wss://@h", "wss://user@"] {
        assert_eq!(refused(address), EndpointError::UserInfo, "{address}");
    }
    for address in ["wss://", "wss:///", "wss://:443", "wss://[]", "wss://[x]"] {
        assert_eq!(refused(address), EndpointError::NotAnAddress, "{address}");
    }
}

#[test]
fn e024_no_error_quotes_the_address() {
    for address in ["wss://h?key=SECRET", "ws://SECRET", "SECRET://h", "wss://SECRET@h", "SECRET"] {
        let error = refused(address);
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{address}");
    }
    let raw = RawOptions { url: Some("wss://h?key=SECRET".into()), ..options() };
    let error = Options::check(raw).unwrap_err();
    assert_eq!(error.option, OptionName::Url);
    assert!(!error.rule.contains("SECRET"));
}

#[test]
fn e025_a_port_is_kept_and_the_path_added() {
    let raw = RawOptions { url: Some("wss://h:8443".into()), ..options() };
    assert_eq!(dialled(raw), "wss://h:8443/v1?key=pk_live_test");
    assert_eq!(origin("wss://h:443"), "wss://h");
    assert_eq!(origin("ws://localhost:80"), "ws://localhost");
    assert_eq!(origin("wss://h:80"), "wss://h:80");
    assert_eq!(origin("wss://h:"), "wss://h");
}

#[test]
fn e026_a_key_is_percent_encoded() {
    let raw = RawOptions { key: Some("a b&c=d/é".into()), ..options() };
    assert_eq!(dialled(raw), "wss://rms.metered.ca/v1?key=a%20b%26c%3Dd%2F%C3%A9");
}

#[test]
fn e027_a_token_takes_the_place_of_the_key() {
    assert_eq!(dialled(token_options()), "wss://rms.metered.ca/v1?token=tok");
}

#[test]
fn e028_case_does_not_matter_in_scheme_and_host() {
    assert_eq!(origin("WSS://LOCALHOST"), "wss://localhost");
    assert_eq!(origin("WS://LocalHost:9"), "ws://localhost:9");
}

#[test]
fn an_address_with_its_credential_cannot_be_printed() {
    let address = Endpoint::default().address(CredentialKind::Token, &Secret::new("SECRET"));
    assert_eq!(format!("{address:?}"), "***");
    assert_eq!(address.expose(), "wss://rms.metered.ca/v1?token=SECRET");
}

#[test]
fn an_origin_that_was_checked_elsewhere_is_taken_as_it_is() {
    assert_eq!(Endpoint::checked("wss://h:9".into()).origin(), "wss://h:9");
}

/// What the npm package's own rules are tested with too.
#[test]
fn addresses_are_read_as_the_list_of_them_says() {
    let list: Vec<(String, Value)> =
        serde_json::from_str(include_str!("../../../../tests/frames/addresses.json"))
            .expect("valid JSON");
    assert!(list.len() > 70);
    for (address, expected) in list {
        let read = match Endpoint::parse(&address) {
            Ok(endpoint) => json!({"origin": endpoint.origin()}),
            Err(error) => json!({"rule": error.rule()}),
        };
        assert_eq!(read, expected, "{address:?}");
    }
}

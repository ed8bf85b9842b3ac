//! The rules of the server's address, and the address that is dialled. The drivers parse the text; the expected results are in
//! `tests/frames/addresses.json`.

use metered_realtime_proto::machine::{OptionName, Options, RawOptions};
use metered_realtime_proto::wire::{Address, CredentialKind, Endpoint, EndpointError, Secret};

use crate::sim::{Sim, TokenAnswer, options, token_options};

/// `scheme://host`, as a URL parser reads it.
fn address(scheme: &str, host: &str) -> Address {
    Address {
        scheme: scheme.into(),
        host: host.into(),
        port: None,
        has_user_info: false,
        path: "/".into(),
        has_query: false,
        has_fragment: false,
    }
}

fn origin(address: &Address) -> String {
    Endpoint::check(address).expect("the address keeps all rules").origin().to_owned()
}

fn refused(address: &Address) -> EndpointError {
    Endpoint::check(address).expect_err("the address breaks a rule")
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
    for host in ["example.com", "localhost.example.com", "127.0.0.1.example.com", "[::2]"] {
        assert_eq!(refused(&address("ws", host)), EndpointError::InsecureHost, "{host}");
    }
}

#[test]
fn e019_an_insecure_address_of_the_machine_itself_is_accepted() {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(origin(&address("ws", host)), format!("ws://{host}"));
    }
}

#[test]
fn e020_other_schemes_and_text_that_is_not_a_url_are_refused() {
    for scheme in ["http", "https", "ftp", "", "WSS"] {
        assert_eq!(refused(&address(scheme, "h")), EndpointError::Scheme, "{scheme}");
    }
    let raw = RawOptions { url: Some(Err(EndpointError::NotAnAddress)), ..options() };
    let error = Options::check(raw).unwrap_err();
    assert_eq!(error.option, OptionName::Url);
    assert_eq!(error.rule, EndpointError::NotAnAddress.rule());
}

#[test]
fn e021_a_path_is_refused_and_a_final_slash_accepted() {
    for path in ["/path", "/v1", "//"] {
        let address = Address { path: path.into(), ..address("wss", "h") };
        assert_eq!(refused(&address), EndpointError::NotAnOrigin, "{path}");
    }
    for path in ["", "/"] {
        let address = Address { path: path.into(), ..address("wss", "h") };
        assert_eq!(origin(&address), "wss://h");
    }
}

#[test]
fn e022_a_query_or_a_fragment_is_refused() {
    let query = Address { has_query: true, ..address("wss", "h") };
    let fragment = Address { has_fragment: true, ..address("wss", "h") };
    assert_eq!(refused(&query), EndpointError::NotAnOrigin);
    assert_eq!(refused(&fragment), EndpointError::NotAnOrigin);
}

#[test]
fn e023_user_information_or_an_empty_host_is_refused() {
    let user = Address { has_user_info: true, ..address("wss", "h") };
    assert_eq!(refused(&user), EndpointError::UserInfo);
    assert_eq!(refused(&address("wss", "")), EndpointError::NotAnAddress);
    // What Chromium makes of a space.
    assert_eq!(refused(&address("wss", "h%20h")), EndpointError::NotAnAddress);
}

#[test]
fn a_host_that_is_not_in_ascii_form_is_refused() {
    assert_eq!(refused(&address("wss", "münchen.example")), EndpointError::NotAnAddress);
    assert_eq!(origin(&address("wss", "xn--mnchen-3ya.example")), "wss://xn--mnchen-3ya.example");
}

#[test]
fn e024_no_error_quotes_the_address() {
    let wrong = [
        Address { path: "/SECRET".into(), ..address("wss", "h") },
        address("ws", "SECRET"),
        address("SECRET", "h"),
    ];
    for address in wrong {
        let error = refused(&address);
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{address:?}");
        let raw = RawOptions { url: Some(Ok(address)), ..options() };
        let error = Options::check(raw).unwrap_err();
        assert_eq!(error.option, OptionName::Url);
        assert!(!error.rule.contains("SECRET"));
    }
}

#[test]
fn e025_a_port_is_kept_and_the_path_added() {
    let address = Address { port: Some(8443), ..address("wss", "h") };
    let raw = RawOptions { url: Some(Ok(address)), ..options() };
    assert_eq!(dialled(raw), "wss://h:8443/v1?key=pk_live_test");
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
fn an_address_with_its_credential_cannot_be_printed() {
    let address = Endpoint::default().address(CredentialKind::Token, &Secret::new("SECRET"));
    assert_eq!(format!("{address:?}"), "***");
    assert_eq!(address.expose(), "wss://rms.metered.ca/v1?token=SECRET");
}

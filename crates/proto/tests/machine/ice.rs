//! ICE servers in the welcome (rules 226 to 235).

use metered_realtime_proto::machine::{Event, State};
use metered_realtime_proto::wire::{IceServer, Urls};
use serde_json::{Value, json};

use crate::sim::{Dial, Sim};

fn welcome(metadata: &Value) -> String {
    json!({"type": "welcome", "peerId": "p", "serverTime": 1, "maxMessageSize": 1, "metadata": metadata})
        .to_string()
}

/// The ICE servers that users see after this welcome.
fn after(text: &str) -> Option<Vec<IceServer>> {
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    sim.connect();
    sim.receive(text);
    assert_eq!(sim.state(), State::Connected);
    let Some(Event::Connected(connected)) = sim.events().pop() else { panic!("not connected") };
    connected.ice_servers
}

fn ice(servers: Value) -> Option<Vec<IceServer>> {
    after(&welcome(&json!({"iceServers": servers})))
}

fn one(url: &str) -> IceServer {
    IceServer { urls: Urls::One(url.into()), username: None, credential: None }
}

#[test]
fn e226_valid_servers_are_emitted_in_order_and_unchanged() {
    let servers = json!([
        {"urls": ["turn:a:443", "turns:a:443?transport=tcp"], "username": "u", "credential": "c"},
        {"urls": "stun:b"}
    ]);
    let first = IceServer {
        urls: Urls::Many(vec!["turn:a:443".into(), "turns:a:443?transport=tcp".into()]),
        username: Some("u".into()),
        credential: Some("c".into()),
    };
    assert_eq!(ice(servers), Some(vec![first, one("stun:b")]));
}

#[test]
fn e227_without_a_list_there_are_none() {
    let bare = json!({"type": "welcome", "peerId": "p", "serverTime": 1, "maxMessageSize": 1});
    assert_eq!(after(&bare.to_string()), None);
    for metadata in [json!({}), json!(null), json!([]), json!("x"), json!({"iceServers": null})] {
        assert_eq!(after(&welcome(&metadata)), None, "{metadata}");
    }
    for servers in [json!({}), json!("stun:a"), json!(5)] {
        assert_eq!(ice(servers), None);
    }
}

#[test]
fn e228_sixteen_servers_are_accepted_and_of_seventeen_none() {
    let many = |count| Value::Array(vec![json!({"urls": "stun:a"}); count]);
    assert_eq!(ice(many(16)).map(|servers| servers.len()), Some(16));
    assert_eq!(ice(many(17)), None);
}

#[test]
fn e229_one_wrong_address_means_no_servers_at_all() {
    assert_eq!(ice(json!([{"urls": "stun:a"}, {"urls": ["stun:b", "http://x"]}])), None);
    for url in ["http://x", "", "stun", " stun:a", "x:stun:a"] {
        assert_eq!(ice(json!([{"urls": url}])), None, "{url}");
    }
    for entry in [json!(null), json!([]), json!("stun:a"), json!({})] {
        assert_eq!(ice(json!([{"urls": "stun:a"}, entry])), None);
    }
}

#[test]
fn e230_case_does_not_matter_in_the_scheme() {
    let urls = ["TURNS:host", "stun:host", "Turn:host", "stuns:host"];
    for url in urls {
        assert_eq!(ice(json!([{"urls": url}])), Some(vec![one(url)]));
    }
}

#[test]
fn e231_unusable_addresses_mean_no_servers_at_all() {
    let long = |length: usize| format!("stun:{}", "x".repeat(length - 5));
    for urls in [json!([]), json!(5), json!(null), json!([5]), json!(["stun:a", null])] {
        assert_eq!(ice(json!([{"urls": urls}])), None, "{urls}");
    }
    assert_eq!(ice(json!([{"urls": long(513)}])), None);
    assert_eq!(ice(json!([{"urls": long(512)}])), Some(vec![one(&long(512))]));
}

#[test]
fn e232_a_name_that_is_too_long_means_no_servers_and_one_that_is_not_text_is_dropped() {
    for field in ["username", "credential"] {
        assert_eq!(ice(json!([{"urls": "stun:a", field: "x".repeat(1_025)}])), None);
        assert!(ice(json!([{"urls": "stun:a", field: "x".repeat(1_024)}])).is_some());
        for value in [json!(5), json!(null), json!({})] {
            assert_eq!(ice(json!([{"urls": "stun:a", field: value}])), Some(vec![one("stun:a")]));
        }
    }
}

#[test]
fn e233_unknown_fields_are_dropped() {
    assert_eq!(ice(json!([{"urls": "stun:a", "credentialType": "x"}])), Some(vec![one("stun:a")]));
}

#[test]
fn e234_an_empty_list_is_a_list() {
    assert_eq!(ice(json!([])), Some(vec![]));
}

#[test]
fn e235_each_welcome_has_its_own_servers() {
    let mut sim = Sim::reconnecting();
    sim.dials([Dial::Open]);
    sim.advance(500);
    sim.receive(&welcome(&json!({"iceServers": [{"urls": "turn:new", "credential": "c2"}]})));
    let Some(Event::Connected(connected)) = sim.events().pop() else { panic!("not connected") };
    let servers = connected.ice_servers.unwrap();
    assert_eq!(servers[0].credential.as_deref(), Some("c2"));
}

#[test]
fn the_debug_output_of_an_ice_server_has_neither_name_nor_password() {
    let server = IceServer {
        urls: Urls::One("turn:a".into()),
        username: Some("SECRET1".into()),
        credential: Some("SECRET2".into()),
    };
    let text = format!("{server:?}");
    assert!(text.contains("turn:a") && !text.contains("SECRET"));
}

#[test]
fn addresses_of_ice_servers_are_a_list_in_either_form() {
    let one = Urls::One("stun:a".into());
    assert_eq!(one.as_slice(), ["stun:a"]);
    let many = Urls::Many(vec!["stun:a".into(), "turn:b".into()]);
    assert_eq!(many.as_slice(), ["stun:a", "turn:b"]);
}

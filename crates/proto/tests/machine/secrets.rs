//! No credential is visible (rules 236 to 240).

use metered_realtime_proto::machine::{CallError, Close, RawOptions, State};
use metered_realtime_proto::wire::{Secret, scrub};

use crate::sim::{Dial, Sim, TokenAnswer, options, token_options};

#[test]
fn e236_no_log_line_holds_a_credential() {
    let mut sim = Sim::with(token_options());
    sim.tokens(std::iter::repeat_n(TokenAnswer::token("SECRET"), 20));
    sim.connect();
    sim.receive("not json SECRET");
    sim.drop_connection(1006);
    sim.dials([Dial::Open, Dial::Throw("bad url wss://h/v1?token=SECRET")]);
    sim.advance(120_000);
    sim.close();
    assert!(sim.logs.len() > 5);
    assert!(!format!("{:?}", sim.logs).contains("SECRET"));
    assert!(!format!("{:?}", sim.machine).contains("SECRET"));
    assert!(!format!("{:?}", sim.lines()).contains("SECRET"));

    let mut sim = Sim::with(RawOptions { key: Some("SECRET".into()), ..options() });
    sim.connect();
    sim.drop_connection(1006);
    sim.advance(10_000);
    assert!(!format!("{:?}", sim.logs).contains("SECRET"));
}

#[test]
fn e237_the_error_of_a_socket_that_could_not_be_made_is_scrubbed() {
    let mut sim = Sim::new();
    sim.dials([Dial::Throw("refused: wss://h/v1?key=SECRET (CSP)")]);
    let call = sim.connect();
    let close =
        Close { cause: Some("refused: wss://h/v1?key=*** (CSP)".into()), ..Close::new(1006, "") };
    assert_eq!(sim.error(call), &CallError::Connect(close));
    assert_eq!(sim.state(), State::Closed);
}

/// Texts that also test the `scrub` of the npm package.
#[test]
fn e238_credentials_in_texts_are_hidden_and_nothing_else() {
    let texts: Vec<[String; 2]> =
        serde_json::from_str(include_str!("../../../../tests/frames/scrub.json"))
            .expect("valid JSON");
    assert!(texts.len() > 20);
    for [text, hidden] in texts {
        assert_eq!(scrub(&text), hidden, "{text}");
        assert_eq!(scrub(&hidden), hidden, "scrubbing twice changes nothing");
    }
}

#[test]
fn e239_the_reason_of_the_server_stays_in_its_field() {
    let reason = "bad\u{0}\u{1b}[31m\nreason";
    let mut sim = Sim::new();
    sim.dials([Dial::Open]);
    let call = sim.connect();
    sim.close_from_server(4001, reason);
    assert_eq!(sim.error(call), &CallError::Connect(Close::new(4001, reason)));
    assert!(!format!("{:?}", sim.logs).contains("31m"));
}

#[test]
fn e240_the_debug_output_of_a_connected_machine_has_no_address() {
    let sim = Sim::connected();
    assert!(!format!("{:?}", sim.machine).contains("pk_live_test"));
    assert_eq!(format!("{:?}", Secret::new("SECRET")), "***");
}

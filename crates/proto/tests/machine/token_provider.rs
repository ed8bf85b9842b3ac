//! The token provider (rules 145 to 156 and d09).

use metered_realtime_proto::machine::{
    CallError, Event, ProviderFailure, RawOptions, RawReconnect, State,
};

use crate::sim::{Dial, Sim, TokenAnswer, failure, reconnect, token_options};

/// A connected client whose provider fails from now on.
fn failing(knobs: RawReconnect) -> Sim {
    let mut sim = Sim::connected_with(RawOptions { reconnect: Some(knobs), ..token_options() });
    sim.tokens(std::iter::repeat_n(TokenAnswer::fail("mint is down"), 50));
    sim
}

fn first_failure(answer: TokenAnswer) -> (Sim, CallError) {
    let mut sim = Sim::with(token_options());
    sim.tokens([answer]);
    let call = sim.connect();
    let error = sim.error(call).clone();
    (sim, error)
}

#[test]
fn e145_the_provider_is_called_once_for_each_attempt() {
    let mut sim = Sim::with(token_options());
    sim.tokens(["t1", "t2", "t3"].map(TokenAnswer::token));
    sim.dials([Dial::Welcome, Dial::Refuse(1006)]);
    sim.connect();
    sim.drop_connection(1006);
    sim.advance(1_500);
    assert_eq!(
        sim.lines_of(&["fetch", "open"]),
        ["fetch 1", "open 1", "fetch 2", "open 2", "fetch 3", "open 3"]
    );
}

#[test]
fn e146_the_dial_has_the_token() {
    let mut sim = Sim::with(token_options());
    let call = sim.connect();
    assert_eq!(sim.lines(), ["idle -> connecting", "fetch 1"]);
    sim.answer_token(sim.token_request(), Ok("tok"));
    assert!(sim.succeeded(call));
}

#[test]
fn e147_an_empty_token_is_a_failure() {
    let (sim, error) = first_failure(TokenAnswer::token(""));
    assert!(matches!(error, CallError::Token(_)));
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn e148_a_failure_on_the_first_connect_fails_it_without_a_socket_or_a_disconnected() {
    let (mut sim, error) = first_failure(TokenAnswer::fail("mint is down"));
    assert_eq!(error, CallError::Token(failure("mint is down")));
    assert_eq!(
        sim.lines(),
        [
            "idle -> connecting",
            "fetch 1",
            "connecting -> closed",
            "connect: token error mint is down"
        ]
    );
}

#[test]
fn e149_a_provider_that_never_answers_fails_connect_after_its_timeout() {
    let mut sim = Sim::with(RawOptions { token_provider_timeout_ms: 3_000.0, ..token_options() });
    sim.tokens([TokenAnswer::Never]);
    let call = sim.connect();
    assert_eq!(sim.advance_to_alarm(), 3_000);
    let CallError::Token(ProviderFailure { name, .. }) = sim.error(call) else {
        panic!("not the provider's failure");
    };
    assert_eq!(name, "TimeoutError");
    assert_eq!(sim.state(), State::Closed);
    assert_eq!(sim.lines()[2], "forget 1");
}

#[test]
fn e150_each_failure_uses_an_attempt_and_backs_off() {
    let mut sim = failing(reconnect());
    sim.drop_connection(1006);
    let waits: Vec<_> = (0..4).map(|_| sim.advance_to_alarm()).collect();
    assert_eq!(waits, [500, 1_000, 2_000, 4_000]);
    assert_eq!(sim.state(), State::Reconnecting);
    assert!(sim.lines_of(&["open"]).is_empty());
}

#[test]
fn e151_from_the_third_failure_on_each_one_is_an_event() {
    let mut sim = failing(reconnect());
    sim.drop_connection(1006);
    sim.forget_trace();
    sim.advance(500 + 1_000 + 2_000 + 4_000 + 8_000);
    assert_eq!(
        sim.lines(),
        [
            "fetch 2",
            "fetch 3",
            "fetch 4",
            "token provider error 3",
            "fetch 5",
            "token provider error 4",
            "fetch 6",
            "token provider error 5"
        ]
    );
}

#[test]
fn e152_a_success_starts_the_count_over() {
    let mut sim = Sim::connected_with(token_options());
    let fail = || TokenAnswer::fail("mint is down");
    sim.tokens([fail(), fail(), TokenAnswer::token("tok"), fail(), fail(), fail()]);
    sim.dials([Dial::Refuse(1006)]);
    sim.drop_connection(1006);
    sim.advance(500 + 1_000 + 2_000 + 4_000 + 8_000);
    assert!(sim.lines_of(&["token provider error"]).is_empty());
    sim.advance(16_000);
    assert_eq!(sim.lines_of(&["token provider error"]), ["token provider error 3"]);
}

#[test]
fn e152_connect_does_not_start_the_count_over() {
    let mut sim = Sim::with(token_options());
    sim.tokens(std::iter::repeat_n(TokenAnswer::fail("mint is down"), 3));
    for _ in 0..3 {
        sim.connect();
    }
    assert_eq!(sim.lines_of(&["token provider error"]), ["token provider error 3"]);
}

#[test]
fn e153_running_out_of_attempts_at_the_provider_emits_one_disconnected() {
    let mut sim = failing(RawReconnect { max_attempts: 2.0, ..reconnect() });
    sim.drop_connection(1006);
    sim.advance(600_000);
    assert_eq!(
        sim.lines(),
        [
            "disconnected 1006, will retry",
            "connected -> reconnecting",
            "fetch 2",
            "fetch 3",
            "disconnected 1006 token provider failed, final",
            "reconnecting -> closed",
            "end streams"
        ]
    );
}

#[test]
fn e154_close_while_the_provider_runs_fails_connect() {
    let mut sim = Sim::with(token_options());
    let call = sim.connect();
    sim.close();
    assert!(matches!(sim.error(call), CallError::Connect(_)));
    sim.forget_trace();
    sim.answer_token(sim.token_request(), Ok("tok"));
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn e155_d09_a_late_failure_of_an_older_session_changes_nothing() {
    let mut sim = Sim::with(token_options());
    sim.connect();
    let old = sim.token_request();
    sim.close();
    sim.connect();
    sim.answer_token(old, Err("late"));
    assert_eq!(sim.state(), State::Connecting);
    sim.answer_token(sim.token_request(), Ok("tok"));
    assert_eq!(sim.state(), State::Connected);
    sim.forget_trace();
    sim.answer_token(old, Err("late"));
    sim.answer_token(old, Ok("late"));
    assert!(sim.lines().is_empty());
    assert_eq!(sim.addresses.len(), 1);
}

#[test]
fn d09_an_answer_after_the_timeout_changes_nothing() {
    let mut sim = Sim::connected_with(token_options());
    sim.drop_connection(1006);
    sim.advance(500);
    let old = sim.token_request();
    sim.advance(10_000);
    sim.forget_trace();
    sim.answer_token(old, Ok("late"));
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Reconnecting);
}

#[test]
fn d09_an_answer_given_twice_opens_one_socket() {
    let mut sim = Sim::with(token_options());
    sim.connect();
    let request = sim.token_request();
    sim.answer_token(request, Ok("tok"));
    sim.answer_token(request, Ok("tok"));
    assert_eq!(sim.addresses.len(), 1);
}

#[test]
fn e156_the_message_of_the_provider_is_scrubbed() {
    let mut sim = Sim::with(token_options());
    let leak = TokenAnswer::fail("GET https://mint?token=SECRET failed");
    sim.tokens(std::iter::repeat_n(leak, 3));
    let call = sim.connect();
    sim.connect();
    sim.connect();
    let scrubbed = failure("GET https://mint?token=*** failed");
    assert_eq!(sim.error(call), &CallError::Token(scrubbed.clone()));
    let expected = Event::TokenProviderError { consecutive_failures: 3, error: scrubbed };
    assert!(sim.events().contains(&expected));
    assert!(!format!("{:?}", sim.logs).contains("SECRET"));
}

#[test]
fn withdrawing_connect_while_the_provider_runs_forgets_its_answer() {
    let mut sim = Sim::with(token_options());
    let call = sim.connect();
    sim.forget_trace();
    sim.abort(call);
    assert_eq!(sim.lines(), ["forget 1", "connecting -> closed", "connect: aborted notSent"]);
    sim.answer_token(sim.token_request(), Ok("tok"));
    assert!(sim.lines().is_empty());
}

#[test]
fn a_handler_of_token_provider_error_may_close() {
    let mut sim = failing(reconnect());
    sim.on(|sim, event| {
        if let Event::TokenProviderError { .. } = event {
            sim.close();
        }
    });
    sim.drop_connection(1006);
    sim.advance(600_000);
    assert_eq!(sim.state(), State::Closed);
    assert_eq!(sim.lines_of(&["fetch"]).len(), 3);
}

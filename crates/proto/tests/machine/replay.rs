//! Bringing subscriptions back (rules 133 to 144).

use metered_realtime_proto::machine::{CallError, Event, Level, State};

use crate::sim::{Dial, Sim};

/// A client that was subscribed to these channels and has just reconnected. No replay is acknowledged yet.
fn reconnected(channels: &[&str]) -> Sim {
    let mut sim = Sim::subscribed(channels);
    sim.drop_connection(1006);
    sim.advance(500);
    assert_eq!(sim.state(), State::Connected);
    sim
}

#[test]
fn e133_handlers_run_before_the_channels_come_back() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.on(|sim, event| {
        if let Event::Connected(_) = event {
            sim.publish("a", "1").unwrap();
        }
    });
    sim.drop_connection(1006);
    sim.forget_trace();
    sim.advance(500);
    assert_eq!(
        sim.lines(),
        [
            "open 2",
            "reconnecting -> connected",
            "connected again",
            "send publish a 1",
            "send subscribe a"
        ]
    );
}

#[test]
fn e134_the_first_welcome_brings_nothing_back() {
    let mut sim = Sim::new();
    sim.on(|sim, event| {
        if let Event::StateChange { to: State::Connected, .. } = event {
            sim.subscribe("a").unwrap();
        }
    });
    sim.connect();
    assert_eq!(sim.lines_of(&["send"]), ["send subscribe a"]);
}

#[test]
fn e135_a_refused_replay_is_tried_again_after_two_seconds() {
    let mut sim = reconnected(&["a"]);
    sim.forget_trace_but_frames();
    sim.reject_last("backend_error");
    assert_eq!(sim.advance_to_alarm(), 2_000);
    assert_eq!(sim.lines(), ["send subscribe a"]);
    sim.ack_last();
    assert!(sim.lines().is_empty());
}

#[test]
fn e136_e137_a_replay_is_tried_four_times_and_again_on_the_next_connection() {
    let mut sim = reconnected(&["a"]);
    sim.forget_trace_but_frames();
    for _ in 0..3 {
        sim.reject_last("channel_not_authorized");
        sim.advance(2_000);
    }
    sim.reject_last("channel_not_authorized");
    assert_eq!(sim.lines_of(&["send subscribe"]).len(), 3);
    sim.forget_trace_but_frames();
    sim.receive(r#"{"type":"pong"}"#);
    sim.advance(19_000);
    assert!(sim.lines().is_empty());
    assert_eq!(sim.state(), State::Connected);

    sim.drop_connection(1006);
    sim.advance(500);
    for _ in 0..3 {
        sim.reject_last("backend_error");
        sim.advance(2_000);
    }
    sim.reject_last("backend_error");
    sim.advance(10_000);
    assert_eq!(sim.lines_of(&["send subscribe"]).len(), 4);
}

#[test]
fn e138_a_replay_without_an_answer_is_tried_again_two_seconds_after_its_timeout() {
    let mut sim = reconnected(&["a"]);
    let start = sim.now();
    sim.forget_trace();
    sim.advance(17_000);
    assert_eq!(sim.times_of("send subscribe"), [start + 17_000]);
}

#[test]
fn e139_an_unsubscribe_between_tries_ends_the_replay() {
    let mut sim = reconnected(&["a"]);
    sim.reject_last("backend_error");
    sim.advance(1_000);
    sim.unsubscribe("a").unwrap();
    assert_eq!(sim.alarm_in(), Some(15_000), "the unsubscribe's own deadline is left");
    sim.forget_trace();
    sim.advance(10_000);
    assert!(sim.lines().is_empty());
}

#[test]
fn an_unsubscribe_while_the_replay_is_in_flight_ends_it() {
    let mut sim = reconnected(&["a"]);
    let replay = sim.last_request_id();
    sim.unsubscribe("a").unwrap();
    sim.forget_trace();
    sim.reject(replay, "backend_error");
    sim.advance(10_000);
    assert!(sim.lines().is_empty());
    assert!(sim.logs.is_empty());
}

#[test]
fn e140_the_next_try_takes_the_options_of_a_re_subscribe() {
    let mut sim = reconnected(&["a"]);
    sim.reject_last("backend_error");
    sim.advance(1_000);
    sim.subscribe_with("a", true).unwrap();
    sim.forget_trace();
    sim.advance(1_000);
    assert_eq!(sim.lines(), ["send subscribe a +metadata"]);
}

#[test]
fn e141_a_drop_between_tries_starts_over() {
    let mut sim = reconnected(&["a"]);
    sim.reject_last("backend_error");
    sim.advance(1_000);
    sim.forget_trace();
    sim.drop_connection(1006);
    sim.answers = true;
    sim.advance(10_000);
    assert_eq!(sim.lines_of(&["send"]), ["send subscribe a"]);
}

#[test]
fn e142_a_replay_emits_its_snapshot_and_nothing_else() {
    let mut sim = reconnected(&["a"]);
    sim.forget_trace_but_frames();
    sim.ack_last();
    sim.receive(r#"{"type":"presence","channel":"a","joined":[{"peerId":"p"}],"left":[]}"#);
    assert_eq!(sim.lines(), [r#"presence a +["p"] -[]"#]);
}

#[test]
fn e143_d08_a_hopeless_replay_is_not_tried_again() {
    for code in ["channel_reserved", "invalid_channel"] {
        let mut sim = reconnected(&["a"]);
        sim.reject_last(code);
        sim.forget_trace();
        sim.advance(15_000);
        assert!(sim.lines().is_empty(), "{code}");
        assert_eq!(sim.machine.tracked_channels(), 1);
    }
}

#[test]
fn e144_requests_are_not_delayed_by_the_replay() {
    let mut sim = reconnected(&["a", "b"]);
    sim.forget_trace();
    sim.publish("a", "1").unwrap();
    assert_eq!(sim.lines(), ["send publish a 1"]);
}

#[test]
fn a_refused_replay_fails_no_call() {
    let mut sim = reconnected(&["a"]);
    sim.forget_trace_but_frames();
    sim.reject_last("backend_error");
    assert!(sim.lines().is_empty());
}

#[test]
fn a_replay_that_cannot_be_sent_is_tried_again() {
    let mut sim = Sim::subscribed(&["a", "b"]);
    sim.dials([Dial::Open]);
    sim.drop_connection(1006);
    sim.advance(500);
    sim.sends_fail = true;
    sim.welcome();
    sim.sends_fail = false;
    sim.forget_trace();
    assert_eq!(sim.advance_to_alarm(), 2_000);
    assert_eq!(sim.lines(), ["send subscribe a", "send subscribe b"]);
}

#[test]
fn a_handler_that_closes_when_connected_again_stops_the_replay() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.on(|sim, event| {
        if let Event::Connected(_) = event {
            sim.close();
        }
    });
    sim.drop_connection(1006);
    sim.advance(500);
    assert!(sim.lines_of(&["send"]).is_empty());
    assert_eq!(sim.state(), State::Closed);
}

#[test]
fn a_handler_that_unsubscribes_when_connected_again_stops_the_replay_of_that_channel() {
    let mut sim = Sim::subscribed(&["a", "b"]);
    sim.on(|sim, event| {
        if let Event::Connected(_) = event {
            sim.unsubscribe("a").unwrap();
        }
    });
    sim.drop_connection(1006);
    sim.advance(500);
    assert_eq!(sim.lines_of(&["send"]), ["send unsubscribe a", "send subscribe b"]);
}

#[test]
fn a_drop_during_the_replay_fails_no_call_and_starts_over() {
    let mut sim = reconnected(&["a", "b"]);
    sim.forget_trace();
    sim.drop_connection(1006);
    sim.advance(500);
    assert_eq!(
        sim.lines(),
        [
            "disconnected 1006, will retry",
            "connected -> reconnecting",
            "open 3",
            "reconnecting -> connected",
            "connected again",
            "send subscribe a",
            "send subscribe b"
        ]
    );
}

fn lost_subscription(code: &str, message: Option<&str>) -> Event<String> {
    Event::ServerError {
        code: code.into(),
        message: message.map(str::to_owned),
        request_id: None,
        channel: Some("a".into()),
    }
}

#[test]
fn d20_a_replay_that_is_refused_for_good_is_a_server_error_with_its_channel() {
    let mut sim = reconnected(&["a"]);
    sim.events();
    for _ in 0..3 {
        sim.reject_last("backend_error");
        assert_eq!(sim.events(), [], "it is tried again");
        sim.advance(2_000);
    }
    let id = sim.last_request_id().0;
    sim.receive(&format!(
        r#"{{"type":"error","requestId":"{id}","code":"channel_not_authorized","message":"no"}}"#
    ));
    assert_eq!(sim.events(), [lost_subscription("channel_not_authorized", Some("no"))]);
    assert_eq!(sim.state(), State::Connected);
}

#[test]
fn d20_a_hopeless_replay_is_a_server_error_at_once() {
    for code in ["channel_reserved", "invalid_channel"] {
        let mut sim = reconnected(&["a"]);
        sim.events();
        sim.reject_last(code);
        assert_eq!(sim.events(), [lost_subscription(code, None)]);
    }
}

#[test]
fn d20_the_event_comes_again_on_the_next_connection() {
    let mut sim = reconnected(&["a"]);
    sim.reject_last("channel_reserved");
    sim.drop_connection(1006);
    sim.advance(500);
    sim.events();
    sim.reject_last("channel_reserved");
    assert_eq!(sim.events(), [lost_subscription("channel_reserved", None)]);
}

#[test]
fn d20_a_handler_may_subscribe_again_at_once() {
    let mut sim = reconnected(&["a"]);
    sim.on(|sim, event| {
        if let Event::ServerError { channel: Some(channel), .. } = event {
            sim.subscribe(channel).unwrap();
        }
    });
    sim.forget_trace_but_frames();
    sim.reject_last("channel_reserved");
    assert_eq!(sim.lines(), ["server error channel_reserved for a", "send subscribe a"]);
}

#[test]
fn d20_there_is_no_event_for_a_channel_that_was_unsubscribed_meanwhile() {
    let mut sim = reconnected(&["a"]);
    let replay = sim.last_request_id();
    sim.unsubscribe("a").unwrap();
    sim.events();
    sim.reject(replay, "channel_reserved");
    assert_eq!(sim.events(), []);
}

#[test]
fn d20_there_is_no_event_if_the_user_has_subscribed_again_meanwhile() {
    let mut sim = reconnected(&["a"]);
    let replay = sim.last_request_id();
    let newer = sim.subscribe("a").unwrap();
    sim.events();
    sim.reject(replay, "channel_reserved");
    assert_eq!(sim.events(), []);
    sim.reject(newer, "channel_reserved");
    assert_eq!(sim.events(), []);
    assert!(matches!(sim.error(newer), CallError::Rejected { .. }));
}

#[test]
fn d20_a_replay_that_is_never_answered_is_only_logged() {
    let mut sim = reconnected(&["a"]);
    sim.events();
    for _ in 0..4 {
        sim.receive(r#"{"type":"pong"}"#);
        sim.advance(17_000);
    }
    assert_eq!(sim.events(), []);
    let last = sim.logs.last().map(|log| (log.level, log.message));
    assert_eq!(last, Some((Level::Warn, "resubscribing failed for good on this connection")));
}

//! What is subscribed and brought back (rules 91 to 106 and d08).

use metered_realtime_proto::machine::{CallError, Event, RawOptions};

use crate::sim::{Dial, Sim, options};

/// The subscribes on the new socket after a drop and a reconnect.
fn replayed(sim: &mut Sim) -> Vec<String> {
    sim.drop_connection(1006);
    sim.advance(500);
    replays(sim)
}

/// The subscribes since the connection came back.
fn replays(sim: &mut Sim) -> Vec<String> {
    let lines = sim.lines();
    let again = lines.iter().position(|line| line == "connected again").expect("it came back");
    lines[again + 1..].iter().filter(|line| line.starts_with("send")).cloned().collect()
}

#[test]
fn e091_a_subscription_is_brought_back_once() {
    let mut sim = Sim::subscribed(&["a"]);
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn e092_a_subscribe_in_flight_at_a_drop_fails_and_is_brought_back() {
    let mut sim = Sim::connected();
    let call = sim.subscribe("a").unwrap();
    sim.drop_connection(1006);
    assert!(matches!(sim.error(call), CallError::Disconnected { close_code: 1006, .. }));
    sim.advance(500);
    assert_eq!(replays(&mut sim), ["send subscribe a"]);
}

#[test]
fn e093_a_subscribe_while_offline_leaves_nothing_behind() {
    let mut sim = Sim::reconnecting();
    assert_eq!(sim.subscribe("a"), Err(CallError::NotConnected));
    sim.advance(500);
    assert!(replays(&mut sim).is_empty());
}

#[test]
fn e094_e095_a_re_subscribe_while_offline_keeps_channel_and_options() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(1006);
    assert_eq!(sim.subscribe_with("a", true), Err(CallError::NotConnected));
    sim.advance(500);
    assert_eq!(replays(&mut sim), ["send subscribe a"]);
}

#[test]
fn e096_the_latest_options_are_brought_back_in_one_frame() {
    let mut sim = Sim::subscribed(&["a"]);
    let call = sim.subscribe_with("a", true).unwrap();
    sim.ack(call);
    assert_eq!(replayed(&mut sim), ["send subscribe a +metadata"]);
}

#[test]
fn e097_an_unsubscribed_channel_is_not_brought_back() {
    let mut sim = Sim::subscribed(&["a"]);
    let call = sim.unsubscribe("a").unwrap();
    sim.ack(call);
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn e098_an_unsubscribe_while_offline_fails_and_is_remembered() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(1006);
    assert_eq!(sim.unsubscribe("a"), Err(CallError::NotConnected));
    sim.advance(500);
    assert!(replays(&mut sim).is_empty());
}

#[test]
fn e099_an_unsubscribe_in_flight_at_a_drop_is_remembered() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.unsubscribe("a").unwrap();
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn e100_a_refused_subscribe_is_forgotten() {
    let mut sim = Sim::connected();
    let call = sim.subscribe("a").unwrap();
    sim.reject(call, "channel_not_authorized");
    assert_eq!(sim.machine.tracked_channels(), 0);
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn e101_a_subscribe_without_an_answer_is_brought_back() {
    let mut sim = Sim::connected();
    let call = sim.subscribe("a").unwrap();
    sim.advance(15_000);
    assert_eq!(sim.error(call), &CallError::AckTimeout { timeout_ms: 15_000 });
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn e102_nothing_is_brought_back_with_auto_resubscribe_off() {
    let mut sim = Sim::connected_with(RawOptions { auto_resubscribe: false, ..options() });
    let call = sim.subscribe("a").unwrap();
    sim.ack(call);
    assert!(sim.succeeded(call));
    assert_eq!(sim.machine.tracked_channels(), 0);
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn e103_e104_close_forgets_all_subscriptions() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.close();
    assert_eq!(sim.machine.tracked_channels(), 0);
    sim.connect();
    assert!(sim.lines_of(&["send"]).is_empty());
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn e105_any_channel_can_be_unsubscribed() {
    let mut sim = Sim::connected();
    let call = sim.unsubscribe("never").unwrap();
    assert_eq!(sim.lines(), ["send unsubscribe never"]);
    sim.ack(call);
    assert!(sim.succeeded(call));
}

#[test]
fn e106_channels_come_back_in_the_order_of_their_subscribes() {
    let mut sim = Sim::subscribed(&["c", "a", "b"]);
    // A change of options does not move a channel.
    let call = sim.subscribe_with("c", true).unwrap();
    sim.ack(call);
    assert_eq!(
        replayed(&mut sim),
        ["send subscribe c +metadata", "send subscribe a", "send subscribe b"]
    );
}

#[test]
fn d08_a_refused_re_subscribe_keeps_the_earlier_options() {
    let mut sim = Sim::subscribed(&["a"]);
    let call = sim.subscribe_with("a", true).unwrap();
    sim.reject(call, "backend_error");
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn d08_a_withdrawn_re_subscribe_keeps_the_earlier_options() {
    let mut sim = Sim::subscribed(&["a"]);
    let call = sim.subscribe_with("a", true).unwrap();
    sim.abort(call);
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn d08_a_re_subscribe_without_an_answer_keeps_the_earlier_options() {
    let mut timed_out = Sim::subscribed(&["a"]);
    timed_out.subscribe_with("a", true).unwrap();
    timed_out.advance(15_000);
    assert_eq!(replayed(&mut timed_out), ["send subscribe a"]);

    let mut dropped = Sim::subscribed(&["a"]);
    dropped.subscribe_with("a", true).unwrap();
    assert_eq!(replayed(&mut dropped), ["send subscribe a"]);
}

#[test]
fn d08_a_withdrawn_first_subscribe_is_forgotten() {
    let mut sim = Sim::connected();
    let call = sim.subscribe("a").unwrap();
    sim.abort(call);
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn d08_a_subscribe_whose_frame_could_not_be_sent_is_forgotten() {
    let mut sim = Sim::connected();
    sim.sends_fail = true;
    let call = sim.subscribe("a").unwrap();
    assert_eq!(sim.error(call), &CallError::NotConnected);
    sim.sends_fail = false;
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn a_refused_change_falls_back_to_the_subscribe_that_was_acknowledged_meanwhile() {
    let mut sim = Sim::connected();
    let first = sim.subscribe("a").unwrap();
    let second = sim.subscribe_with("a", true).unwrap();
    sim.ack(first);
    sim.reject(second, "backend_error");
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn a_refused_subscribe_does_not_undo_a_newer_one() {
    let mut sim = Sim::connected();
    let first = sim.subscribe("a").unwrap();
    let second = sim.subscribe_with("a", true).unwrap();
    sim.reject(first, "backend_error");
    sim.ack(second);
    assert_eq!(replayed(&mut sim), ["send subscribe a +metadata"]);
}

#[test]
fn two_refused_subscribes_leave_nothing() {
    let mut sim = Sim::connected();
    let first = sim.subscribe("a").unwrap();
    let second = sim.subscribe_with("a", true).unwrap();
    sim.reject(first, "backend_error");
    sim.reject(second, "backend_error");
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn an_old_ack_that_comes_late_does_not_bring_old_options_back() {
    let mut sim = Sim::connected();
    let first = sim.subscribe("a").unwrap();
    let second = sim.subscribe_with("a", true).unwrap();
    sim.ack(second);
    sim.ack(first);
    let third = sim.subscribe("a").unwrap();
    sim.reject(third, "backend_error");
    assert_eq!(replayed(&mut sim), ["send subscribe a +metadata"]);
}

#[test]
fn a_refused_change_after_an_unanswered_subscribe_keeps_the_channel() {
    let mut sim = Sim::connected();
    sim.subscribe("a").unwrap();
    sim.advance(15_000);
    let second = sim.subscribe_with("a", true).unwrap();
    sim.reject(second, "backend_error");
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

#[test]
fn an_unsubscribe_wins_over_a_subscribe_in_flight() {
    let mut sim = Sim::connected();
    let subscribe = sim.subscribe("a").unwrap();
    let unsubscribe = sim.unsubscribe("a").unwrap();
    sim.ack(subscribe);
    sim.ack(unsubscribe);
    assert_eq!(sim.machine.tracked_channels(), 0);
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn a_subscribe_after_an_unsubscribe_is_a_new_one() {
    let mut sim = Sim::subscribed(&["a", "b"]);
    let first = sim.subscribe_with("a", true).unwrap();
    sim.unsubscribe("a").unwrap();
    let second = sim.subscribe("a").unwrap();
    // The answer to the first subscribe says nothing about the one after the unsubscribe.
    sim.reject(first, "backend_error");
    sim.ack(second);
    assert_eq!(replayed(&mut sim), ["send subscribe b", "send subscribe a"]);
}

#[test]
fn a_channel_stays_unsubscribed_if_the_unsubscribe_is_refused() {
    let mut sim = Sim::subscribed(&["a"]);
    let call = sim.unsubscribe("a").unwrap();
    sim.reject(call, "backend_error");
    assert!(replayed(&mut sim).is_empty());
}

#[test]
fn d05_a_client_that_gave_up_keeps_its_channels_for_the_next_connect() {
    let mut sim = Sim::subscribed(&["a", "b"]);
    sim.drop_connection(4001);
    sim.unsubscribe("b").unwrap_err();
    sim.forget_trace();
    sim.connect();
    assert_eq!(
        sim.lines(),
        [
            "closed -> connecting",
            "open 2",
            "connecting -> connected",
            "connected",
            "connect: ok",
            "send subscribe a"
        ]
    );
}

#[test]
fn d05_the_channels_survive_failed_attempts_to_connect() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(4001);
    sim.dials([Dial::Refuse(1006), Dial::Open]);
    sim.connect();
    let withdrawn = sim.connect();
    sim.abort(withdrawn);
    sim.forget_trace();
    sim.connect();
    assert_eq!(sim.lines_of(&["send"]), ["send subscribe a"]);
}

#[test]
fn d04_close_on_a_closed_client_forgets_the_channels_too() {
    let mut sim = Sim::subscribed(&["a"]);
    sim.drop_connection(4001);
    sim.close();
    sim.connect();
    assert!(sim.lines_of(&["send"]).is_empty());
}

#[test]
fn a_handler_that_subscribes_at_the_first_welcome_sends_one_frame() {
    let mut sim = Sim::new();
    sim.on(|sim, event| {
        if let Event::Connected(connected) = event
            && !connected.is_reconnect
        {
            sim.subscribe("a").unwrap();
        }
    });
    sim.connect();
    assert_eq!(sim.lines_of(&["send"]), ["send subscribe a"]);
    sim.ack_last();
    assert_eq!(replayed(&mut sim), ["send subscribe a"]);
}

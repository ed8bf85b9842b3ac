//! Links that break as real ones do.

use std::time::{Duration, Instant};

use metered_realtime::errors::{Outcome, RequestError};
use metered_realtime::events::{Connected, Disconnected, Message};
use metered_realtime::{SignallingClient, State};
use metered_realtime_server::{Fault, Rule, Target, Trigger};

use crate::proxy::{Fate, Proxy};
use crate::support::{assert_hears, assert_within, connected, next, options, server, within};

const TIMEOUT: Duration = Duration::from_millis(1500);
/// How long beyond the timeout a dead link may take to be noticed and replaced.
const GRACE: Duration = Duration::from_millis(1000);

// wire-webapp#21477
#[tokio::test]
async fn a_half_open_link_is_noticed_and_replaced_within_the_timeout_and_a_second() {
    let server = server().await;
    let (client, peer) = connected(options(&server.url()).inactivity_timeout(TIMEOUT)).await;
    client.subscribe("c").await.unwrap();
    let (mut lost, mut back) = (client.events::<Disconnected>(), client.events::<Connected>());
    let began = Instant::now();
    assert_eq!(server.fault(Rule::now(Fault::HalfOpen, Target::Peer(peer))), Ok(1));
    let request = client.publish("c", "into the void");
    let event = next(&mut lost).await;
    assert_eq!((event.code, &*event.reason), (4000, "inactivity timeout"));
    assert_within(began, TIMEOUT + GRACE, "half-open link noticed after");
    assert!(next(&mut back).await.is_reconnect);
    assert_within(began, TIMEOUT + GRACE, "half-open link replaced after");
    let error = within(request).await.unwrap_err();
    assert!(matches!(error, RequestError::Disconnected { .. }), "{error:?}");
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_hears(&client, &server.url(), "c", "back").await;
}

/// A client behind a proxy, subscribed to `c`.
async fn behind_proxy(
    server: &metered_realtime_server::Server,
) -> (Proxy, SignallingClient, String) {
    let proxy = Proxy::new(server.addr()).await;
    let (client, peer) = connected(options(&proxy.url()).inactivity_timeout(TIMEOUT)).await;
    client.subscribe("c").await.unwrap();
    (proxy, client, peer)
}

#[tokio::test]
async fn a_link_behind_a_router_that_forgot_it_is_noticed_and_replaced_as_well() {
    let server = server().await;
    let (proxy, client, _) = behind_proxy(&server).await;
    let mut back = client.events::<Connected>();
    let began = Instant::now();
    proxy.strike(Fate::BlackHole);
    next(&mut back).await;
    assert_within(began, TIMEOUT + GRACE, "swallowed link replaced after");
    assert_eq!(proxy.dials(), 2);
    assert_hears(&client, &server.url(), "c", "back").await;
}

#[tokio::test]
async fn close_on_a_half_open_link_takes_at_most_a_second() {
    let server = server().await;
    let (client, peer) = connected(options(&server.url())).await;
    server.fault(Rule::now(Fault::HalfOpen, Target::Peer(peer))).unwrap();
    let request = client.publish("c", 1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    let closing = client.close();
    assert_eq!(client.state(), State::Closed);
    assert_eq!(within(request).await.unwrap_err().outcome(), Outcome::Unknown);
    within(closing).await;
    assert_within(began, Duration::from_millis(1300), "close() on a half-open link took");
}

#[tokio::test]
async fn after_a_reset_requests_in_flight_fail_and_the_client_reconnects_and_resubscribes() {
    let server = server().await;
    let (proxy, client, peer) = behind_proxy(&server).await;
    let every_ack = Trigger { kind: "ack".into(), nth: 1, count: 0 };
    let rule = Rule { fault: Fault::Swallow, target: Target::Peer(peer), on: Some(every_ack) };
    server.fault(rule).unwrap();
    let mut lost = client.events::<Disconnected>();
    let request = client.publish("c", 1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    proxy.strike(Fate::Reset);
    assert_eq!(next(&mut lost).await.code, 1006);
    assert_within(began, GRACE, "reset noticed after");
    assert_eq!(within(request).await.unwrap_err().outcome(), Outcome::Unknown);
    assert_hears(&client, &server.url(), "c", "back").await;
}

#[tokio::test]
async fn a_frame_that_is_cut_off_by_the_end_of_the_connection_is_not_delivered() {
    let server = server().await;
    let (proxy, client, _) = behind_proxy(&server).await;
    let (mut lost, mut messages) = (client.events::<Disconnected>(), client.events::<Message>());
    let (other, _) = connected(options(&server.url())).await;
    proxy.strike(Fate::CutAfter(20));
    tokio::time::sleep(Duration::from_millis(20)).await;
    other.publish("c", "never whole").await.unwrap();
    assert_eq!(next(&mut lost).await.code, 1006);
    assert_hears(&client, &server.url(), "c", "whole again").await;
    let first = next(&mut messages).await;
    assert_eq!(first.data::<String>().unwrap(), "whole again");
}

#[tokio::test]
async fn silence_longer_than_the_timeout_ends_the_connection_and_shorter_silence_does_not() {
    let server = server().await;
    let (client, peer) = connected(options(&server.url()).inactivity_timeout(2 * TIMEOUT)).await;
    let mut lost = client.events::<Disconnected>();
    let target = Target::Peer(peer);
    let short = Fault::Silence { for_ms: Some(TIMEOUT.as_millis() as u64) };
    server.fault(Rule::now(short, target.clone())).unwrap();
    tokio::time::sleep(2 * TIMEOUT).await;
    assert_eq!(client.state(), State::Connected);
    let began = Instant::now();
    server.fault(Rule::now(Fault::Silence { for_ms: None }, target)).unwrap();
    assert_eq!(next(&mut lost).await.code, 4000);
    assert_within(began, 2 * TIMEOUT + GRACE, "silence noticed after");
}

#[tokio::test]
async fn frames_that_arrive_byte_by_byte_are_read() {
    let server = server().await;
    let (client, peer) = connected(options(&server.url()).inactivity_timeout(TIMEOUT)).await;
    client.subscribe("c").await.unwrap();
    let drip = Fault::Drip { bytes: 1, interval_ms: 2 };
    server.fault(Rule::now(drip, Target::Peer(peer))).unwrap();
    assert_hears(&client, &server.url(), "c", "drop by drop").await;
    assert_eq!(client.state(), State::Connected);
}

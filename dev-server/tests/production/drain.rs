//! The end of a server: not ready, going_away for one group after the other, 1001, and a new server that takes over.

use std::time::{Duration, Instant};

use crate::client::{Client, get, open, within};
use crate::process::Server;

/// When a client was told that the server goes away, and when it was closed, after the start.
async fn told_and_closed(mut client: Client, start: Instant) -> (Duration, Duration) {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "going_away");
    assert_eq!(frame["retryAfterMs"], 1500);
    let told = start.elapsed();
    assert_eq!(client.close_code().await, Some(1001));
    (told, start.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_tells_clients_over_the_window_and_closes_each_after_its_grace() {
    let options = "drainWindowMs = 1500\nshutdownGraceMs = 400\nretryAfterMs = 1500";
    let mut server = Server::start(options, "connectsPerWindow = 0");
    let mut clients = Vec::new();
    for _ in 0..30 {
        clients.push(Client::join(&server).await);
    }
    let metrics = server.metrics_addr();
    assert_eq!(get(metrics, "/readyz").await.0, 200);
    let start = Instant::now();
    server.signal("TERM");
    let told: Vec<_> =
        clients.into_iter().map(|client| tokio::spawn(told_and_closed(client, start))).collect();
    server.logs("going away").await;
    assert_eq!(get(metrics, "/readyz").await.0, 503);
    assert!(get(metrics, "/metrics").await.1.contains("metered_realtime_ready 0"));
    assert!(open(&server).await.is_err(), "no new connections");
    let mut times = Vec::new();
    for task in told {
        times.push(within(task).await.unwrap());
    }
    assert!(server.ended().await.success());
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
    for (told, closed) in &times {
        assert!(*closed - *told >= Duration::from_millis(350), "{told:?} {closed:?}");
    }
    let early = times.iter().filter(|(told, _)| *told < Duration::from_millis(500)).count();
    let late = times.iter().filter(|(told, _)| *told > Duration::from_millis(1000)).count();
    assert!((5..=15).contains(&early) && (5..=15).contains(&late), "{times:?}");
}

#[tokio::test]
async fn while_balancers_turn_away_clients_are_still_served() {
    let options = "drainDelayMs = 1000\ndrainWindowMs = 0\nshutdownGraceMs = 100";
    let mut server = Server::start(options, "");
    let mut early = Client::join(&server).await;
    server.signal("TERM");
    let not_ready = async { while get(server.metrics_addr(), "/readyz").await.0 != 503 {} };
    within(not_ready).await;
    let mut late = Client::join(&server).await;
    assert!(early.is_alive().await && late.is_alive().await);
    assert_eq!(early.close_code().await, Some(1001));
    assert_eq!(late.close_code().await, Some(1001));
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start("drainDelayMs = 60000", "");
    let mut client = Client::join(&server).await;
    server.signal("TERM");
    let not_ready = async { while get(server.metrics_addr(), "/readyz").await.0 != 503 {} };
    within(not_ready).await;
    server.signal("HUP"); // The certificate may be renewed at any moment; it is no second order to stop.
    assert!(client.is_alive().await);
    server.signal("TERM");
    assert!(server.ended().await.success());
    assert_eq!(client.close_code().await, None);
}

#[tokio::test]
async fn a_new_server_takes_over_the_port_from_the_old_one() {
    let options = "reusePort = true\ndrainWindowMs = 1500\nshutdownGraceMs = 100";
    let mut old = Server::behind("127.0.0.1", options, "");
    let mut first = Client::join(&old).await;
    let new = Server::behind("127.0.0.1", &format!("{options}\nlisten = '{}'", old.addr), "");
    assert_eq!(new.addr, old.addr);
    old.signal("TERM");
    old.logs("going away").await;
    for _ in 0..20 {
        let mut client = Client::join(&new).await;
        assert!(client.is_alive().await);
    }
    assert_eq!(first.close_code().await, Some(1001));
    assert!(old.ended().await.success());
    assert!(Client::join(&new).await.is_alive().await);
}

#[tokio::test]
async fn without_clients_it_ends_soon() {
    let mut server = Server::start("", "");
    let start = Instant::now();
    server.signal("INT");
    assert!(server.ended().await.success());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(server.rest_of_stdout(), "", "nothing but its address, above all no key");
}

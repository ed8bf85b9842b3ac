//! Shared by the tests.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::StreamExt;
use metered_realtime::events::{Connected, Event, Message};
use metered_realtime::{Builder, EventStream, ReconnectOptions, SignallingClient};
use metered_realtime_server::{Config, DEFAULT_KEY, Server};

pub async fn server() -> Server {
    Server::start(Config::relaxed()).await.unwrap()
}

/// Options for a client of a server, with quick retries.
pub fn options(url: &str) -> Builder {
    let reconnect = ReconnectOptions {
        initial_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(200),
        ..Default::default()
    };
    SignallingClient::builder().api_key(DEFAULT_KEY).url(url).reconnect(reconnect)
}

/// A connected client, and its peer id.
pub async fn connected(builder: Builder) -> (SignallingClient, String) {
    let client = builder.build().unwrap();
    let mut welcomes = client.events::<Connected>();
    within(client.connect()).await.unwrap();
    let peer = next(&mut welcomes).await.peer_id;
    (client, peer)
}

/// Waits, with a limit.
pub async fn within<F: Future>(future: F) -> F::Output {
    match tokio::time::timeout(Duration::from_secs(20), future).await {
        Ok(output) => output,
        Err(_) => panic!("nothing happened within twenty seconds"),
    }
}

pub async fn next<E: Event>(stream: &mut EventStream<E>) -> E {
    within(stream.next()).await.expect("the stream ended")
}

/// Waits until a condition holds.
pub async fn until(mut condition: impl FnMut() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Asserts that messages of a channel reach a client, once it is subscribed again.
pub async fn assert_hears(client: &SignallingClient, url: &str, channel: &str, text: &str) {
    let (other, _) = connected(options(url)).await;
    let mut received = client.events::<Message>();
    within(async {
        loop {
            other.publish(channel, text).await.unwrap();
            let wait = tokio::time::timeout(Duration::from_millis(20), received.next());
            if let Ok(Some(message)) = wait.await
                && message.data::<String>().is_ok_and(|data| data == text)
            {
                break;
            }
        }
    })
    .await;
}

/// A limit that a busy machine keeps. A client that waited for its peer would take ten seconds or more.
pub fn assert_within(began: Instant, limit: Duration, what: &str) {
    let took = began.elapsed();
    println!("{what}: {} ms", took.as_millis());
    assert!(took <= limit + BUSY, "{what} took {took:?}, more than {limit:?}");
}

/// How long a test waits on a busy machine.
pub const BUSY: Duration = Duration::from_secs(4);

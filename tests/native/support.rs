//! What the tests share: a server, clients of it, and short waits.

use std::future::Future;
use std::time::Duration;

use futures::{Stream, StreamExt};
use metered_realtime::{Builder, SignallingClient};
use metered_realtime_server::{Config, DEFAULT_KEY, Server};

/// A faithful local server.
pub async fn server() -> Server {
    Server::start(Config::default()).await.unwrap()
}

/// Options for a client of a server, with quick retries.
pub fn options(url: &str) -> Builder {
    SignallingClient::builder().api_key(DEFAULT_KEY).url(url).reconnect(quickly())
}

pub fn quickly() -> metered_realtime::ReconnectOptions {
    metered_realtime::ReconnectOptions {
        initial_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(200),
        ..Default::default()
    }
}

/// A client that is connected.
pub async fn connected(server: &Server) -> SignallingClient {
    let client = options(&server.url()).build().unwrap();
    within(client.connect()).await.unwrap();
    client
}

/// Waits, but not for ever.
pub async fn within<F: Future>(future: F) -> F::Output {
    match tokio::time::timeout(Duration::from_secs(10), future).await {
        Ok(output) => output,
        Err(_) => panic!("nothing happened within ten seconds"),
    }
}

/// The next item of a stream that has one.
pub async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    within(stream.next()).await.expect("the stream ended")
}

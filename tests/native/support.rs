//! What the tests share: a server, clients of it, and short waits.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{Stream, StreamExt};
use metered_realtime::events::{Connected, Disconnected, Event, StateChange};
use metered_realtime::{Builder, ReconnectOptions, SignallingClient};
use metered_realtime_server::{Config, DEFAULT_KEY, Server};

/// A faithful local server.
pub async fn server() -> Server {
    Server::start(Config::default()).await.unwrap()
}

/// Options for a client of a server, with quick retries.
pub fn options(url: &str) -> Builder {
    SignallingClient::builder().api_key(DEFAULT_KEY).url(url).reconnect(quickly())
}

pub fn quickly() -> ReconnectOptions {
    ReconnectOptions {
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

/// Waits for at most ten seconds.
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

/// Waits until a condition holds.
pub async fn until(mut condition: impl FnMut() -> bool) {
    within(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Lines that handlers write, in their order.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Writes a line for each state change, connect and disconnect.
    pub fn follow(&self, client: &SignallingClient) {
        self.each(client, |e: &StateChange| format!("{} -> {}", e.from.name(), e.to.name()));
        self.each(client, |e: &Connected| format!("connected, again: {}", e.is_reconnect));
        self.each(client, |e: &Disconnected| {
            format!("disconnected {} {:?}, will reconnect: {}", e.code, e.reason, e.will_reconnect)
        });
    }

    fn each<E: Event>(
        &self,
        client: &SignallingClient,
        line: impl Fn(&E) -> String + Send + 'static,
    ) {
        let notes = self.clone();
        client.on::<E>(move |event| notes.write(line(event)));
    }
}

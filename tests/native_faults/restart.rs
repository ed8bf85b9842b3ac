//! A server that restarts under 200 clients: all come back and get the messages of their channels, and no call stays open.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metered_realtime::errors::Outcome;
use metered_realtime::events::Message;
use metered_realtime::{SignallingClient, State};
use metered_realtime_server::{Config, Server};

use crate::support::{connected, options, server, until, within};

const CLIENTS: usize = 200;

struct Member {
    client: SignallingClient,
    channel: String,
    received: Arc<Mutex<HashSet<String>>>,
}

impl Member {
    async fn join(url: &str, index: usize) -> Member {
        let (client, _) = connected(options(url)).await;
        let channel = format!("restart/{index}");
        let received: Arc<Mutex<HashSet<String>>> = Arc::default();
        let notes = Arc::clone(&received);
        client.on(move |message: &Message| {
            notes.lock().unwrap().insert(message.channel.to_string());
        });
        client.subscribe(&channel).await.unwrap();
        client.subscribe("restart/all").await.unwrap();
        Member { client, channel, received }
    }

    fn receives(&self) -> bool {
        let received = self.received.lock().unwrap();
        received.contains(&self.channel) && received.contains("restart/all")
    }
}

async fn restart(stop: impl AsyncFnOnce(Server)) {
    let first = server().await;
    let (addr, url) = (first.addr(), first.url());
    let members = futures::future::join_all((0..CLIENTS).map(|i| Member::join(&url, i))).await;
    let calls: Vec<_> = members.iter().map(|m| m.client.publish("restart/noise", 1)).collect();
    stop(first).await;
    until(|| members.iter().all(|member| member.client.state() != State::Connected)).await;
    let second = Server::start(Config { listen: addr, ..Config::relaxed() }).await.unwrap();
    until(|| members.iter().all(|member| member.client.state() == State::Connected)).await;
    for call in calls {
        if let Err(error) = within(call).await {
            assert_ne!(error.outcome(), Outcome::Rejected, "{error:?}");
        }
    }
    let (speaker, _) = connected(options(&second.url())).await;
    within(async {
        while !members.iter().all(Member::receives) {
            speaker.publish("restart/all", 1).await.unwrap();
            for member in members.iter().filter(|member| !member.receives()) {
                speaker.publish(&member.channel, 1).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn two_hundred_clients_outlive_a_server_that_says_goodbye() {
    restart(async |server| server.shutdown().await).await;
}

#[tokio::test]
async fn two_hundred_clients_outlive_a_server_that_vanishes() {
    restart(async |server| {
        server.drop_all();
        drop(server);
    })
    .await;
}

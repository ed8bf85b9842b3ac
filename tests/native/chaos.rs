//! Many tasks, many lost connections, two threads: every call gets its result, and nothing is left over.

use std::time::{Duration, Instant};

use metered_realtime::SignallingClient;
use metered_realtime::events::{Disconnected, Message, StateChange};
use metered_realtime_server::{Config, Server};

use crate::support::{options, until, within};

/// Numbers that look random (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

async fn do_something(client: &SignallingClient, dice: &mut Dice) {
    let channel = format!("c/{}", dice.roll(3));
    // A call may fail, but it must get a result.
    match dice.roll(12) {
        0 => drop(within(client.connect()).await),
        1 => within(client.close()).await,
        2 => client.connect().detach(),
        3 => drop(client.connect()),
        4 => drop(within(client.subscribe(&channel)).await),
        5 => drop(within(client.unsubscribe(&channel)).await),
        6 => drop(client.publish(&channel, "dropped")),
        7 => drop(client.events_with_capacity::<Message>(1)),
        8 => {
            let inner = client.downgrade();
            client.once(move |event: &Disconnected| {
                if let (true, Some(client)) = (event.code.is_multiple_of(2), inner.upgrade()) {
                    client.connect().detach();
                }
            });
        }
        9 => drop(client.on_async(|_: StateChange| tokio::time::sleep(Duration::from_millis(5)))),
        _ => drop(within(client.publish(&channel, 1)).await),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_answered_whatever_happens_and_no_connection_is_left() {
    let server = Server::start(Config::relaxed()).await.unwrap();
    let end = Instant::now() + Duration::from_millis(1500);
    let clients: Vec<_> = (0..4).map(|_| options(&server.url()).build().unwrap()).collect();
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let client = clients[task % clients.len()].clone();
            let mut dice = Dice(0x9E37_79B9 + task as u64);
            tokio::spawn(async move {
                while Instant::now() < end {
                    do_something(&client, &mut dice).await;
                }
            })
        })
        .collect();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.drop_all();
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.close_all(1001, "restart");
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(30), task).await.unwrap().unwrap();
    }
    drop(clients);
    until(|| server.connection_count() == 0).await;
}

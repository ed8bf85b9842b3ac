//! Channels, presence, publishing and direct messages between two clients.

use metered_realtime::events::{Direct, Message, Presence};
use serde_json::{Value, json};

use crate::support::{connected, next, server, within};

#[tokio::test]
async fn two_clients_talk_over_a_channel_and_directly() {
    let server = server().await;
    let (alice, bob) = (connected(&server).await, connected(&server).await);
    let mut presence = alice.events::<Presence>();
    let mut messages = alice.events::<Message>();
    let mut directs = bob.events::<Direct>();

    within(alice.subscribe("rooms/lobby")).await.unwrap();
    assert!(next(&mut presence).await.joined.len() <= 1);
    within(bob.subscribe("rooms/lobby")).await.unwrap();
    let joined = next(&mut presence).await;
    assert_eq!(joined.channel, "rooms/lobby");
    let bobs_id = joined.joined[0].peer_id.clone();

    within(bob.publish("rooms/lobby", json!({"hi": 1}))).await.unwrap();
    let message = next(&mut messages).await;
    assert_eq!(message.sender_peer_id, bobs_id);
    assert_eq!(message.data::<Value>().unwrap(), json!({"hi": 1}));

    within(alice.send(&bobs_id, "psst")).await.unwrap();
    let direct = next(&mut directs).await;
    assert_eq!(direct.data.json(), r#""psst""#);
    within(alice.close()).await;
    within(bob.close()).await;
}

//! A connection that is replaced before its token expires (option `renew_before_expiry`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use metered_realtime::State;
use metered_realtime::events::{Disconnected, Message};
use serde_json::json;

use crate::stage::Stage;
use crate::support::{next, options, within};

#[tokio::test]
async fn a_new_connection_takes_over_before_the_token_expires_without_a_drop() {
    let stage = Stage::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    let client = options(&stage.url())
        .api_key("")
        .token_provider(move || {
            let count = asked.fetch_add(1, Ordering::SeqCst) + 1;
            async move { format!("token-{count}") }
        })
        .renew_before_expiry(Duration::from_secs(1))
        .build()
        .unwrap();
    let call = client.connect();
    let mut old = stage.accept().await;
    old.welcome(json!({"serverTime": 1000, "expiresAt": 1002})).await;
    within(call).await.unwrap();
    let subscribe = client.subscribe("c");
    old.ack().await;
    within(subscribe).await.unwrap();
    let mut lost = client.events::<Disconnected>();
    let mut messages = client.events::<Message>();

    let mut new = stage.accept().await;
    assert_eq!(new.target, "/v1?token=token-2");
    new.welcome(json!({"serverTime": 1001, "expiresAt": 5000})).await;
    assert_eq!(new.ack().await["channel"], "c");
    assert_eq!(old.frame().await["type"], "ping");
    old.send(r#"{"type":"pong"}"#).await;
    assert!(old.closed().await.is_some());
    client.publish("c", 1).detach();
    assert_eq!(new.ack().await["type"], "publish");
    new.send(r#"{"type":"message","channel":"c","from":"p","data":2}"#).await;
    assert_eq!(next(&mut messages).await.data.json(), "2");
    assert_eq!(client.state(), State::Connected);
    drop(client);
    assert_eq!(next(&mut lost).await.code, 1000, "there was no drop before");
}

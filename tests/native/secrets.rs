//! Credentials are never shown.

use metered_realtime::SignallingClient;

use crate::logs::Lines;
use crate::stage::Stage;
use crate::support::{until, within};

#[test]
fn e016_a_builder_and_a_client_do_not_show_their_credential() {
    let builder = SignallingClient::builder().api_key("pk_live_SECRET");
    assert!(!format!("{builder:?} {builder:#?}").contains("SECRET"));
    let client = builder.build().unwrap();
    assert!(!format!("{client:?} {client:#?} {:?}", client.downgrade()).contains("SECRET"));
}

#[tokio::test]
async fn e240_a_connected_client_and_its_futures_do_not_show_the_address() {
    let stage = Stage::new().await;
    let client = SignallingClient::builder().api_key("SECRET").url(stage.url()).build().unwrap();
    let call = client.connect();
    assert!(!format!("{call:?}").contains("SECRET"));
    let peer = stage.welcome().await;
    assert!(peer.target.contains("SECRET"));
    within(call).await.unwrap();
    let request = client.publish("c", 1);
    assert!(!format!("{client:#?} {request:?} {:?}", client.close()).contains("SECRET"));
}

#[tokio::test]
async fn e236_e237_no_log_line_and_no_error_holds_a_credential() {
    let lines = Lines::default();
    let _guard = lines.collect();
    let stage = Stage::new().await;
    let client = SignallingClient::builder()
        .token_provider(|| async { "eyJhbGciOiJIUzI1NiJ9.SECRET.x" })
        .url(stage.url())
        .reconnect(crate::support::quickly())
        .build()
        .unwrap();
    let call = client.connect();
    let peer = stage.welcome().await;
    within(call).await.unwrap();
    drop((peer, stage));
    until(|| lines.text().contains("will reconnect")).await;
    within(client.close()).await;
    let error = within(client.connect()).await.unwrap_err();
    assert!(lines.text().contains("opening a socket"), "{}", lines.text());
    assert!(!lines.text().contains("SECRET"), "{}", lines.text());
    assert!(!format!("{error} {error:?}").contains("SECRET"));
}

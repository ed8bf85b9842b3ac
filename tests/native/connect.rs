//! Dialling and the welcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use metered_realtime::errors::ConnectError;
use metered_realtime::events::Connected;
use metered_realtime::{ReconnectOptions, SignallingClient, State, WsCloseCode};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::logs::Lines;
use crate::stage::Stage;
use crate::support::{Notes, next, options, quickly, server, until, within};

#[tokio::test]
async fn e029_connect_emits_its_events_in_order_and_then_completes() {
    let server = server().await;
    let client = options(&server.url()).build().unwrap();
    let notes = Notes::default();
    notes.follow(&client);
    let call = client.connect();
    assert_eq!(client.state(), State::Connecting);
    within(call).await.unwrap();
    assert_eq!(client.state(), State::Connected);
    let expected = ["idle -> connecting", "connecting -> connected", "connected, again: false"];
    assert_eq!(notes.lines(), expected);
}

#[tokio::test]
async fn e030_connected_carries_all_fields_of_the_welcome() {
    let stage = Stage::new().await;
    let client = stage.client();
    let mut events = client.events::<Connected>();
    let call = client.connect();
    let mut peer = stage.accept().await;
    let servers =
        json!({"iceServers": [{"urls": "turn:relay.example", "username": "u", "credential": "c"}]});
    peer.welcome(json!({"expiresAt": 1_767_225_600, "maxMessageSize": 1000, "metadata": servers}))
        .await;
    within(call).await.unwrap();
    let event = next(&mut events).await;
    assert_eq!((event.peer_id.as_str(), event.is_reconnect), ("me", false));
    assert_eq!((event.server_time, event.expires_at), (1_767_222_000.0, Some(1_767_225_600.0)));
    assert_eq!(event.max_message_size, 1000);
    let ice = event.ice_servers.unwrap();
    assert_eq!(
        (ice[0].urls.as_slice()[0].as_str(), ice[0].credential.as_deref()),
        ("turn:relay.example", Some("c"))
    );
}

#[tokio::test]
async fn e032_e033_a_second_connect_fails_and_changes_nothing() {
    let stage = Stage::new().await;
    let client = stage.client();
    let first = client.connect();
    let second = within(client.connect()).await;
    assert_eq!(second, Err(ConnectError::WrongState { state: State::Connecting }));
    let _peer = stage.welcome().await;
    within(first).await.unwrap();
    let third = within(client.connect()).await;
    assert_eq!(third, Err(ConnectError::WrongState { state: State::Connected }));
    assert_eq!(client.state(), State::Connected);
}

#[tokio::test]
async fn e035_e036_e040_a_rejected_first_connect_is_an_error_without_an_event_and_may_be_repeated()
{
    let stage = Stage::new().await;
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let call = client.connect();
    stage.accept().await.close(4001, "who are you?").await;
    let error = within(call).await.unwrap_err();
    assert_eq!(error.close_code(), Some(WsCloseCode::InvalidToken.as_u16()));
    let ConnectError::Closed { close_reason, .. } = &error else { panic!("{error:?}") };
    assert_eq!(close_reason, "who are you?");
    assert!(!error.to_string().contains("who are you"), "the text is fixed");
    assert_eq!(client.state(), State::Closed);
    assert_eq!(notes.lines(), ["idle -> connecting", "connecting -> closed"]);

    let (again, _peer) = tokio::join!(client.connect(), stage.welcome());
    again.unwrap();
    assert_eq!(notes.lines().last().unwrap(), "connected, again: false");
}

#[tokio::test]
async fn e038_a_refused_port_is_1006_with_the_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = options(&url).build().unwrap();
    let error = within(client.connect()).await.unwrap_err();
    let ConnectError::Closed { close_code, http_status, cause, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((close_code, http_status), (1006, None));
    assert!(cause.unwrap().contains("refused"));
    assert_eq!(client.state(), State::Closed);
}

#[tokio::test]
async fn e038_d21_a_host_without_an_address_is_1006_with_the_cause() {
    for url in ["wss://nobody.invalid", "wss://bücher.invalid"] {
        let client = options(url).build().unwrap();
        let error = within(client.connect()).await.unwrap_err();
        let ConnectError::Closed { close_code: 1006, http_status: None, cause, .. } = error else {
            panic!("{error:?}")
        };
        assert!(!cause.unwrap().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn d21_a_retry_waits_as_long_as_the_server_asks_if_that_is_honoured() {
    for (status, honour_going_away, delay) in
        [(429, true, 60_000), (503, true, 60_000), (429, false, 40), (500, true, 40)]
    {
        let lines = Lines::default();
        let _guard = lines.collect();
        let stage = Stage::new().await;
        let knobs = ReconnectOptions { honour_going_away, jitter_ratio: 0.0, ..quickly() };
        let client = options(&stage.url()).reconnect(knobs).build().unwrap();
        let (connected, peer) = tokio::join!(client.connect(), stage.welcome());
        connected.unwrap();
        peer.close(1012, "").await;
        stage.refuse(status, "retry-after: 60").await;
        until(|| lines.text().contains("attempt=2")).await;
        let text = lines.text();
        assert!(text.contains(&format!("httpStatus={status} retryAfterMs=60000")), "{text}");
        assert!(text.contains(&format!("attempt=2 delayMs={delay}")), "{text}");
    }
}

#[tokio::test]
async fn e039_d21_a_refused_upgrade_tells_the_http_status() {
    for status in [200, 301, 401, 403, 404, 429, 500, 503] {
        let stage = Stage::new().await;
        let client = stage.client();
        let call = client.connect();
        let headers = "Location: wss://elsewhere.invalid/?key=SECRET\r\nRetry-After: 60";
        stage.refuse(status, headers).await;
        let error = within(call).await.unwrap_err();
        assert_eq!((error.close_code(), error.http_status()), (Some(1006), Some(status)));
        assert!(error.to_string().contains(&format!("HTTP status {status}")), "{error}");
        assert!(!format!("{error:?}").contains("SECRET"));
        assert_eq!(client.state(), State::Closed, "the first connect is never repeated");
    }
}

#[tokio::test]
async fn d21_a_server_that_speaks_no_http_is_1006_with_the_cause() {
    let stage = Stage::new().await;
    for answer in ["220 mail ready\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n", ""] {
        let client = stage.client();
        let call = client.connect();
        let mut stream = stage.accept_tcp().await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        drop(stream);
        let error = within(call).await.unwrap_err();
        let ConnectError::Closed { close_code: 1006, cause: Some(cause), .. } = &error else {
            panic!("{error:?}")
        };
        assert!(!cause.is_empty());
    }
}

#[tokio::test]
async fn e020_a_host_is_dialled_in_its_ascii_form() {
    let stage = Stage::new().await;
    let port = stage.url().rsplit_once(':').unwrap().1.to_owned();
    for host in ["ｌｏｃａｌｈｏｓｔ", "１２７。0.0.1", "127.1"] {
        let client = options(&format!("ws://{host}:{port}")).build().unwrap();
        let (connected, _peer) = tokio::join!(within(client.connect()), stage.welcome());
        assert_eq!(connected, Ok(()), "{host}");
    }
}

#[tokio::test]
async fn e026_the_key_is_one_encoded_parameter() {
    let stage = Stage::new().await;
    let client = SignallingClient::builder().api_key("a b&c=d/é").url(stage.url()).build().unwrap();
    let call = client.connect();
    let peer = stage.welcome().await;
    within(call).await.unwrap();
    assert_eq!(peer.target, "/v1?key=a%20b%26c%3Dd%2F%C3%A9");
}

#[tokio::test]
async fn e027_e146_a_token_is_its_own_parameter() {
    let stage = Stage::new().await;
    let builder = SignallingClient::builder().token_provider(|| async { "tok" });
    let client = builder.url(stage.url()).build().unwrap();
    let call = client.connect();
    let peer = stage.welcome().await;
    within(call).await.unwrap();
    assert_eq!(peer.target, "/v1?token=tok");
}

#[tokio::test]
async fn e145_every_dial_asks_for_a_token() {
    let stage = Stage::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let client = options(&stage.url())
        .api_key("")
        .token_provider(move || {
            let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok::<_, std::io::Error>(format!("token-{count}")) }
        })
        .build()
        .unwrap();
    let call = client.connect();
    let first = stage.welcome().await;
    within(call).await.unwrap();
    assert_eq!(first.target, "/v1?token=token-1");
    drop(first);
    let second = stage.welcome().await;
    assert_eq!(second.target, "/v1?token=token-2");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn e148_a_failing_provider_fails_the_connect() {
    let builder = SignallingClient::builder().token_provider(|| async {
        Err::<String, _>("401 from https://backend.example/mint?token=SECRET")
    });
    let client = builder.url("ws://127.0.0.1:9").build().unwrap();
    let notes = Notes::default();
    notes.follow(&client);
    let error = within(client.connect()).await.unwrap_err();
    let ConnectError::TokenProvider(failure) = &error else { panic!("{error:?}") };
    assert!(failure.message().starts_with("401 from"));
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    assert_eq!(notes.lines(), ["idle -> connecting", "connecting -> closed"]);
}

#[tokio::test]
async fn e147_e149_an_empty_token_a_late_one_and_a_panic_are_failures() {
    let connect = async |builder: metered_realtime::Builder| {
        let client = builder.url("ws://127.0.0.1:9").build().unwrap();
        let error = within(client.connect()).await.unwrap_err();
        assert_eq!(client.state(), State::Closed);
        error.to_string()
    };
    let builder = SignallingClient::builder;
    let empty = connect(builder().token_provider(|| async { "" })).await;
    assert!(empty.contains("non-empty"), "{empty}");
    let hangs = builder().token_provider(std::future::pending::<String>);
    let late = connect(hangs.token_provider_timeout(Duration::from_millis(50))).await;
    assert!(late.contains("in time"), "{late}");
    let early = builder().token_provider(|| -> std::future::Ready<String> { panic!("early") });
    assert!(connect(early).await.contains("panicked"));
    let later = builder().token_provider(|| async { if true { panic!("later") } else { "" } });
    assert!(connect(later).await.contains("panicked"));
}

#[tokio::test]
async fn e050_dropping_the_connect_closes_the_client_and_its_socket() {
    let stage = Stage::new().await;
    let client = stage.client();
    let notes = Notes::default();
    notes.follow(&client);
    let call = client.connect();
    let mut peer = stage.accept().await;
    drop(call);
    assert_eq!(client.state(), State::Closed);
    assert_eq!(peer.closed().await, None);
    until(|| notes.len() == 2).await;
    assert_eq!(notes.lines(), ["idle -> connecting", "connecting -> closed"]);
    let (again, _peer) = tokio::join!(client.connect(), stage.welcome());
    again.unwrap();
}

#[tokio::test]
async fn a_detached_connect_goes_on() {
    let server = server().await;
    let client = options(&server.url()).build().unwrap();
    let mut events = client.events::<Connected>();
    client.connect().detach();
    assert!(!next(&mut events).await.is_reconnect);
}

#[tokio::test]
async fn e154_closing_while_the_provider_hangs_fails_the_connect_and_drops_the_provider() {
    struct Alive(Arc<AtomicU32>);
    impl Drop for Alive {
        fn drop(&mut self) {
            self.0.store(0, Ordering::SeqCst);
        }
    }
    let alive = Arc::new(AtomicU32::new(0));
    let shared = Arc::clone(&alive);
    let client = SignallingClient::builder()
        .token_provider(move || {
            shared.store(1, Ordering::SeqCst);
            let guard = Alive(Arc::clone(&shared));
            async move {
                let _guard = guard;
                std::future::pending::<String>().await
            }
        })
        .build()
        .unwrap();
    let call = client.connect();
    until(|| alive.load(Ordering::SeqCst) == 1).await;
    within(client.close()).await;
    assert!(matches!(within(call).await, Err(ConnectError::Closed { close_code: 1000, .. })));
    assert_eq!(alive.load(Ordering::SeqCst), 0, "the provider's future is still there");
}

#[test]
fn connecting_outside_a_runtime_is_an_error() {
    let client = SignallingClient::builder().api_key("pk_live_x").build().unwrap();
    let error = futures::executor::block_on(client.connect()).unwrap_err();
    assert_eq!(error, ConnectError::Unavailable);
    assert_eq!(client.state(), State::Idle);
}

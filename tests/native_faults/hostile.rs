//! A hostile server, and hostile peers behind it: nothing panics, and the client works on.

use std::time::Duration;

use metered_realtime::SignallingClient;
use metered_realtime::events::{Connected, Disconnected, Message};
use metered_realtime_server::{Fault, Rule, Server, Target};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::support::{assert_hears, connected, next, options, server, until, within};

/// Texts by name. Each is dropped, and the connection stays.
fn frames() -> Vec<(&'static str, String)> {
    let message =
        |data: &str| format!(r#"{{"type":"message","channel":"c","from":"x","data":{data}}}"#);
    let (open, shut) = ("[".repeat(100_000), "]".repeat(100_000));
    let long = "x".repeat(1_000_000);
    let peers: String = (0..20_000).map(|i| format!(r#"{{"peerId":"p{i}"}},"#)).collect();
    let keys: String = (0..20_000).map(|i| format!(r#","k{i}":{i}"#)).collect();
    vec![
        ("deep nesting", message(&format!("{open}{shut}"))),
        ("nesting that never ends", message(&open)),
        ("a deep frame", format!(r#"{{"type":{open}{shut}}}"#)),
        ("deep metadata", format!(r#"{{"type":"direct","from":"x","data":1,"fromMetadata":{open}{shut}}}"#)),
        ("a huge number", message(&"9".repeat(400))),
        ("a huge exponent", r#"{"type":"going_away","retryAfterMs":1e999}"#.into()),
        ("a negative wish", r#"{"type":"going_away","retryAfterMs":-1e300}"#.into()),
        ("half a surrogate pair in data", message(r#""\ud800""#)),
        ("half a surrogate pair in a name", r#"{"type":"message","channel":"\udfff","from":"\ud800","data":1}"#.into()),
        ("half a surrogate pair in an error", r#"{"type":"error","code":"\ud800","message":"\udc00"}"#.into()),
        ("half a surrogate pair in an id", r#"{"type":"ack","requestId":"\ud800"}"#.into()),
        ("a long text", message(&format!("\"{long}\""))),
        ("a long name", format!(r#"{{"type":"message","channel":"{long}","from":"x","data":1}}"#)),
        ("a long code", format!(r#"{{"type":"error","code":"{long}"}}"#)),
        ("a long type", format!(r#"{{"type":"{long}"}}"#)),
        ("many peers, one of them wrong", format!(r#"{{"type":"presence","channel":"c","joined":[{peers}7],"left":[]}}"#)),
        ("things that are no peers", r#"{"type":"presence","channel":"c","joined":[null,[],{},"x"],"left":[]}"#.into()),
        ("an ack for nothing", r#"{"type":"ack","requestId":"4000000000"}"#.into()),
        ("an ack beyond all numbers", r#"{"type":"ack","requestId":"99999999999999999999"}"#.into()),
        ("another welcome", r#"{"type":"welcome","peerId":"thief","expiresAt":1,"serverTime":1,"maxMessageSize":1}"#.into()),
        ("a welcome that allows nothing", r#"{"type":"welcome","peerId":"thief","expiresAt":-1e308,"serverTime":1e308,"maxMessageSize":-1}"#.into()),
        ("an array", "[]".into()),
        ("null", "null".into()),
        ("nothing", String::new()),
        ("a byte order mark", "\u{feff}{}".into()),
        ("blanks", " ".repeat(1_000_000)),
        ("many unknown keys", format!(r#"{{"type":"pong"{keys}}}"#)),
        ("the same key many times", format!(r#"{{{}"type":"pong"}}"#, r#""type":"message","#.repeat(20_000))),
        ("a nul", "{\"type\":\"pong\u{0}\"}".into()),
    ]
}

async fn send(server: &Server, peer: &str, fault: Fault) {
    assert_eq!(server.fault(Rule::now(fault, Target::Peer(peer.to_owned()))), Ok(1));
}

/// A client that is subscribed to `c`.
async fn stage() -> (Server, SignallingClient, String) {
    let server = server().await;
    let (client, peer) = connected(options(&server.url())).await;
    client.subscribe("c").await.unwrap();
    (server, client, peer)
}

#[tokio::test]
async fn a_hostile_frame_harms_nothing_but_itself() {
    let (server, client, peer) = stage().await;
    let mut lost = client.events::<Disconnected>();
    for (index, (name, text)) in frames().into_iter().enumerate() {
        println!("{name}");
        send(&server, &peer, Fault::Frame { text }).await;
        assert_hears(&client, &server.url(), "c", &format!("after {index}")).await;
        within(client.publish("c", 1)).await.unwrap();
    }
    assert!(futures::FutureExt::now_or_never(futures::StreamExt::next(&mut lost)).is_none());
    let closing = client.close();
    within(closing).await;
}

#[tokio::test]
async fn a_text_above_a_mebibyte_ends_the_connection() {
    let (server, client, peer) = stage().await;
    let (mut lost, mut back) = (client.events::<Disconnected>(), client.events::<Connected>());
    send(&server, &peer, Fault::Oversize { bytes: 8 << 20 }).await;
    assert_eq!(next(&mut lost).await.code, 1009);
    next(&mut back).await;
    assert_hears(&client, &server.url(), "c", "back").await;
}

#[tokio::test]
async fn floods_of_useless_frames_leave_nothing_behind() {
    let (server, client, peer) = stage().await;
    for fault in [Fault::Binary, Fault::BadJson, Fault::UnknownType, Fault::SecondWelcome] {
        for i in 0..5_000 {
            send(&server, &peer, fault.clone()).await;
            if i % 100 == 0 {
                // The server closes the connections of readers that are far behind.
                assert_hears(&client, &server.url(), "c", &format!("{fault:?} {i}")).await;
            }
        }
    }
    assert_hears(&client, &server.url(), "c", "still here").await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_keeps_the_newest_of_100_000_messages() {
    let (server, client, peer) = stage().await;
    let mut stream = client.events_with_capacity::<Message>(10);
    let count = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = std::sync::Arc::clone(&count);
    client.on(move |_: &Message| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    for i in 0..100_000_u32 {
        let text = format!(r#"{{"type":"message","channel":"c","from":"x","data":{i}}}"#);
        send(&server, &peer, Fault::Frame { text }).await;
        if i % 100 == 0 {
            until(|| count.load(std::sync::atomic::Ordering::SeqCst) + 1_000 > i).await;
        }
    }
    until(|| count.load(std::sync::atomic::Ordering::SeqCst) == 100_000).await;
    assert_eq!(stream.lagged(), 99_990);
    assert_eq!(next(&mut stream).await.data::<u32>().unwrap(), 99_990);
}

#[tokio::test]
async fn a_server_that_breaks_the_rules_of_websocket_is_dropped_and_dialled_again() {
    let long_close = [&[0x88, 126, 0xff, 0xff][..], &[120; 65_535]].concat();
    let garbage: [&[u8]; 5] = [
        &[0xff; 16],
        // A close frame with 65,535 bytes; control frames have at most 125.
        &long_close,
        // A text of 2^62 bytes.
        &[0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0],
        // Not UTF-8.
        &[0x81, 2, 0xc3, 0x28],
        // Compressed, though no extension was agreed.
        &[0xc1, 1, 0],
    ];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = options(&url).build().unwrap();
    let mut lost = client.events::<Disconnected>();
    let connecting = client.connect();
    for bytes in garbage {
        let (stream, _) = within(listener.accept()).await.unwrap();
        let mut socket = accept_async(stream).await.unwrap();
        let welcome = r#"{"type":"welcome","peerId":"p","serverTime":1,"maxMessageSize":1}"#;
        futures::SinkExt::send(&mut socket, Frame::text(welcome)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        socket.get_mut().write_all(bytes).await.unwrap();
        let event = next(&mut lost).await;
        assert!(event.will_reconnect, "{event:?}");
    }
    within(connecting).await.unwrap();
}

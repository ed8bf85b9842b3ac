//! Frames from the server that must do no harm.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use metered_realtime::State;
use metered_realtime::events::{Disconnected, Message, Presence};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::stage::{Peer, Stage};
use crate::support::{Notes, next, options, until, within};

const MARK: &str = r#"{"type":"message","channel":"c","from":"p","data":"mark"}"#;

/// Sends texts and then a mark, and returns the events that come before the mark.
async fn delivered(
    peer: &mut Peer,
    client: &metered_realtime::SignallingClient,
    texts: &[String],
) -> Vec<Message> {
    let mut messages = client.events::<Message>();
    for text in texts {
        peer.send(text.as_str()).await;
    }
    peer.send(MARK).await;
    let mut all = Vec::new();
    loop {
        let message = next(&mut messages).await;
        if message.data.json() == "\"mark\"" {
            return all;
        }
        all.push(message);
    }
}

#[tokio::test]
async fn e170_e171_e172_e174_e176_e177_malformed_frames_are_dropped_and_the_connection_stays() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let texts = [
        "not json",
        "[]",
        "42",
        "null",
        "{}",
        "",
        r#"{"type":5}"#,
        r#"{"type":"future_thing"}"#,
        r#"{"type":"message","channel":"c","from":"p"}"#,
        r#"{"type":"message","channel":1,"from":"p","data":1}"#,
        r#"{"type":"presence","channel":"c","joined":[{}],"left":[]}"#,
        r#"{"type":"presence","channel":"c","joined":[]}"#,
        r#"{"type":"error","code":""}"#,
        r#"{"type":"message","channel":"c","from":"p","data":1"#,
    ];
    let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
    assert_eq!(delivered(&mut peer, &client, &texts).await, []);
    assert_eq!(client.state(), State::Connected);
}

#[tokio::test]
async fn e172_e173_e184_oddities_of_messages_are_tolerated() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let texts = [
        r#"{"type":"message","channel":"c","from":"p","data":null,"extra":[1]}"#.to_owned(),
        r#" { "fromMetadata" : "x" , "data" : { } , "from" : "p" , "channel" : "c" , "type" : "message" } "#.to_owned(),
        r#"{"type":"ack","type":"message","channel":"c","from":"p","data":1,"data":2}"#.to_owned(),
    ];
    let all = delivered(&mut peer, &client, &texts).await;
    let data: Vec<_> = all.iter().map(|message| message.data.json()).collect();
    assert_eq!(data, ["null", "{ }", "2"]);
    assert_eq!(all[1].sender_metadata, None);
}

#[tokio::test]
async fn e180_e182_deep_nesting_and_unpaired_surrogates_arrive_as_text() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let texts = [
        format!(r#"{{"type":"message","channel":"c","from":"p","data":{deep}}}"#),
        r#"{"type":"message","channel":"c\ud800!","from":"\u00e9\ud83e\udd80","data":"\udfff"}"#
            .to_owned(),
        r#"{"\ud800":1,"\u0074ype":"message","channel":"c","from":"p","data":3}"#.to_owned(),
    ];
    let all = delivered(&mut peer, &client, &texts).await;
    assert_eq!(all[0].data.json(), deep);
    assert_eq!((all[1].channel.as_str(), all[1].sender_peer_id.as_str()), ("c\u{fffd}!", "é🦀"));
    assert_eq!(all[1].data.json(), r#""\udfff""#);
    assert!(all[1].data::<String>().is_err());
    assert_eq!(all[2].data::<u8>().unwrap(), 3);
}

#[tokio::test]
async fn e181_a_number_that_is_too_large_is_malformed() {
    let stage = Stage::new().await;
    let client = stage.client();
    let mut connected = client.events::<metered_realtime::events::Connected>();
    let call = client.connect();
    let mut peer = stage.accept().await;
    let huge = "9".repeat(400);
    peer.send(format!(r#"{{"type":"welcome","peerId":"x","expiresAt":null,"serverTime":{huge},"maxMessageSize":1}}"#)).await;
    peer.welcome(serde_json::json!({"peerId": "me"})).await;
    within(call).await.unwrap();
    assert_eq!(next(&mut connected).await.peer_id, "me");
}

#[tokio::test]
async fn e178_a_binary_message_is_dropped() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    peer.socket.send(tungstenite::Message::binary(MARK.as_bytes().to_vec())).await.unwrap();
    assert_eq!(delivered(&mut peer, &client, &[]).await, []);
}

#[tokio::test]
async fn e179_a_text_above_one_mebibyte_ends_the_connection_and_the_client_reconnects() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut lost = client.events::<Disconnected>();
    let frame = |length: usize| {
        let (head, tail) = (r#"{"type":"message","channel":"c","from":"p","data":""#, "\"}");
        format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
    };
    assert_eq!(
        delivered(&mut peer, &client, &[frame(1 << 20)]).await.len(),
        1,
        "just small enough"
    );
    let _ = peer.socket.send(tungstenite::Message::text(frame((1 << 20) + 1))).await;
    let event = next(&mut lost).await;
    assert_eq!(
        (event.code, event.reason.as_str(), event.will_reconnect),
        (1009, "frame exceeded client cap", true)
    );
    let _peer = stage.welcome().await;
    crate::support::until(|| client.state() == State::Connected).await;
}

#[tokio::test]
async fn e175_e183_e186_messages_of_any_channel_and_empty_rosters_are_emitted() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let mut presence = client.events::<Presence>();
    peer.send(r#"{"type":"presence","channel":"c","joined":[],"left":[]}"#).await;
    let event = next(&mut presence).await;
    assert_eq!((event.joined.len(), event.left.len()), (0, 0));
    let peers = r#"{"type":"presence","channel":"c","joined":[{"peerId":"a","metadata":{"n":1}},{"peerId":"b","metadata":[]}],"left":[{"peerId":"c"}]}"#;
    peer.send(peers).await;
    let event = next(&mut presence).await;
    assert_eq!(event.joined[0].metadata.as_ref().unwrap().json(), r#"{"n":1}"#);
    assert_eq!(event.joined[0].metadata::<serde_json::Value>().unwrap().unwrap()["n"], 1);
    assert_eq!((event.joined[1].metadata.as_ref(), event.left[0].peer_id.as_str()), (None, "c"));
}

#[tokio::test]
async fn a_violation_of_the_websocket_protocol_ends_the_connection() {
    let stage = Stage::new().await;
    let (client, peer) = stage.connected().await;
    let mut lost = client.events::<Disconnected>();
    let mut stream = peer.socket.into_inner();
    // Reserved bits.
    stream.write_all(&[0xF1, 0x01, b'x']).await.unwrap();
    let event = next(&mut lost).await;
    assert_eq!((event.code, event.will_reconnect), (1006, true));
}

#[tokio::test]
async fn frames_that_arrive_together_are_emitted_in_order_whatever_handlers_call() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (seen, inner) = (notes.clone(), client.clone());
    client.on(move |message: &Message| {
        seen.write(message.data.json());
        if message.data.json() == "2" {
            inner.publish("c", "from a handler").detach();
        }
    });
    let seen = notes.clone();
    client.on(move |_: &Presence| seen.write("presence"));
    let request = client.publish("c", "before");
    let id = peer.frame().await["requestId"].clone();
    let message =
        |data: u8| format!(r#"{{"type":"message","channel":"c","from":"p","data":{data}}}"#);
    let presence = r#"{"type":"presence","channel":"c","joined":[],"left":[]}"#.to_owned();
    let ack = format!(r#"{{"type":"ack","requestId":{id}}}"#);
    let together = [message(1), message(2), ack, message(3), presence, message(4), message(5)];
    peer.send_together(together).await;
    within(request).await.unwrap();
    assert_eq!(peer.frame().await["data"], "from a handler");
    until(|| notes.len() == 6).await;
    assert_eq!(notes.lines(), ["1", "2", "3", "presence", "4", "5"]);
}

#[tokio::test]
async fn after_a_handler_has_closed_the_client_frames_that_arrived_with_its_message_are_dropped() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let notes = Notes::default();
    let (seen, inner) = (notes.clone(), client.clone());
    client.on(move |message: &Message| {
        seen.write(message.data.json());
        drop(inner.close());
    });
    let message =
        |data: u8| format!(r#"{{"type":"message","channel":"c","from":"p","data":{data}}}"#);
    peer.send_together([message(1), message(2), message(3)]).await;
    assert_eq!(peer.closed().await.map(|(code, _)| code), Some(1000));
    assert_eq!(notes.lines(), ["1"]);
}

#[tokio::test]
async fn frames_of_all_kinds_and_sizes_arrive_in_order_however_tcp_splits_them() {
    let text = |id: u32, length: usize| {
        let (head, data) =
            (r#"{"type":"message","channel":"c","from":"p","data":"#, "x".repeat(length));
        format!(r#"{head}"{id}{data}"}}"#)
    };
    let mut bytes = Vec::new();
    let lengths = [0, 20, 60, 300, 16_000, 16_320, 16_400, 70_000, 0];
    for (id, length) in (0..).zip(lengths) {
        bytes.extend(frame(0x81, text(id, length).as_bytes()));
        // In three fragments, with a ping and a pong between them.
        let parts = text(100 + id, length);
        let (first, rest) = parts.as_bytes().split_at(9);
        let (second, third) = rest.split_at(rest.len() / 2);
        bytes.extend(frame(0x01, first));
        bytes.extend(frame(0x89, b"ping"));
        bytes.extend(frame(0x00, second));
        bytes.extend(frame(0x8A, b""));
        bytes.extend(frame(0x80, third));
        bytes.extend(frame(0x82, b"not text"));
    }
    for cut in [50, 1_000, 16_384, 20_001, bytes.len()] {
        let stage = Stage::new().await;
        let (client, mut peer) = stage.connected().await;
        let mut messages = client.events::<Message>();
        for piece in bytes.chunks(cut) {
            peer.socket.get_mut().write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        for (id, length) in (0..).zip(lengths) {
            for id in [id, 100 + id] {
                let data: String = next(&mut messages).await.data().unwrap();
                assert_eq!(data.trim_end_matches('x'), id.to_string());
                assert_eq!(data.len(), id.to_string().len() + length);
            }
        }
        assert_eq!(within(peer.socket.next()).await.unwrap().unwrap(), Frame::Pong("ping".into()));
    }
}

/// A frame as servers send it (RFC 6455, section 5.2).
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(length as u8),
        126..65_536 => bytes.extend([&[126], &(length as u16).to_be_bytes()[..]].concat()),
        _ => bytes.extend([&[127], &(length as u64).to_be_bytes()[..]].concat()),
    }
    bytes.extend(payload);
    bytes
}

#[tokio::test]
async fn other_tasks_run_during_a_flood_of_frames() {
    let stage = Stage::new().await;
    let (client, mut peer) = stage.connected().await;
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    client.on(move |_: &Message| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    peer.send_together(std::iter::repeat_n(MARK.to_owned(), FLOOD)).await;
    let (mut before, mut most) = (0, 0);
    let most = tokio::spawn(poll_fn(move |cx| {
        let now = seen.load(Ordering::Relaxed);
        most = most.max(now - before);
        before = now;
        cx.waker().wake_by_ref();
        if now == FLOOD { Poll::Ready(most) } else { Poll::Pending }
    }));
    let most = within(most).await.unwrap();
    assert!(most <= 64, "{most} messages in one turn");
}

/// Little enough for the buffers of a loopback connection, so that all of it arrives at once.
const FLOOD: usize = 1_000;

#[tokio::test]
async fn messages_alone_keep_a_connection_alive() {
    let stage = Stage::new().await;
    let timeout = Duration::from_millis(400);
    let client = options(&stage.url()).inactivity_timeout(timeout).build().unwrap();
    let (connected, mut peer) = tokio::join!(client.connect(), stage.welcome());
    connected.unwrap();
    // The client sends pings meanwhile, and gets no answer.
    for _ in 0..10 {
        tokio::time::sleep(timeout / 4).await;
        peer.send(MARK).await;
    }
    assert_eq!(client.state(), State::Connected);
    let mut ends = client.events::<Disconnected>();
    assert_eq!(next(&mut ends).await.code, 4000);
}

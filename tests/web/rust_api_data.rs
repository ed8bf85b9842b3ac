//! The Rust surface in a browser: requests and their errors, data outwards and inwards.

use std::collections::BTreeMap;
use std::error::Error;

use metered_realtime::Outcome;
use metered_realtime::errors::RequestError;
use metered_realtime::events::{Direct, Disconnected, Message, Presence, ServerError};
use serde::{Deserialize, Serialize};
use wasm_bindgen_test::wasm_bindgen_test;

use super::rust_api_stage::{Notes, Socket, Stage, next, pass, until, within};

// ---- requests ----

#[wasm_bindgen_test]
async fn e053_requests_are_written_in_their_order_and_answered_by_their_acks() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let subscribed = client.subscribe("c");
    let published = client.publish("c", "hi");
    let sent = client.send("p", [1, 2]);
    let ended = client.unsubscribe("c");
    pass(0).await;
    let ids = ids(&socket);
    assert_eq!(
        socket.texts(),
        [
            format!(r#"{{"type":"subscribe","channel":"c","requestId":"{}"}}"#, ids[0]),
            format!(r#"{{"type":"publish","channel":"c","data":"hi","requestId":"{}"}}"#, ids[1]),
            format!(r#"{{"type":"send","to":"p","data":[1,2],"requestId":"{}"}}"#, ids[2]),
            format!(r#"{{"type":"unsubscribe","channel":"c","requestId":"{}"}}"#, ids[3]),
        ]
    );
    for id in &ids[..3] {
        socket.ack(*id);
    }
    refuse(&socket, ids[3], "internal_error");
    within(subscribed).await.unwrap();
    within(published).await.unwrap();
    within(sent).await.unwrap();
    let error = within(ended).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some("internal_error"), Outcome::Rejected));
}

#[wasm_bindgen_test]
async fn e055_futures_of_calls_are_ready_in_the_order_of_their_answers_and_after_earlier_events() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let notes = Notes::default();
    for number in [1, 2, 3] {
        let (request, notes) = (client.publish("c", number), notes.clone());
        wasm_bindgen_futures::spawn_local(async move {
            request.await.unwrap();
            notes.write(format!("answered {number}"));
        });
    }
    let shared = notes.clone();
    client.on(move |message: &Message| shared.write(format!("told {}", message.data.json())));
    pass(0).await;
    let ids = ids(&socket);
    socket.message("1");
    for at in [2, 0, 1] {
        socket.ack(ids[at]);
    }
    until(|| notes.len() == 4).await;
    assert_eq!(notes.take(), ["told 1", "answered 3", "answered 1", "answered 2"]);
}

#[wasm_bindgen_test]
async fn a_request_that_is_dropped_at_once_is_not_sent() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    drop(client.publish("c", "unwanted"));
    client.publish("c", "wanted").detach();
    pass(0).await;
    assert_eq!(data_of(&socket), [r#""wanted""#]);
}

#[wasm_bindgen_test]
async fn a_request_that_the_socket_does_not_take_fails_as_not_sent() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    socket.set_send_throws(true);
    let error = within(client.publish("c", 1)).await.unwrap_err();
    assert_eq!((&error, error.outcome()), (&RequestError::NotConnected, Outcome::NotSent));
}

#[wasm_bindgen_test]
async fn e077_arguments_are_checked_before_anything_else() {
    let stage = Stage::new();
    let client = stage.client();
    let long = "x".repeat(257);
    for bad in ["", &long, "a\u{1f}"] {
        for request in [client.subscribe(bad), client.unsubscribe(bad), client.publish(bad, 1)] {
            assert_eq!(argument(&within(request).await.unwrap_err()), "channel");
        }
    }
    assert_eq!(argument(&within(client.send("", 1)).await.unwrap_err()), "to_peer_id");
    assert_eq!(within(client.subscribe("c")).await, Err(RequestError::NotConnected));
}

#[wasm_bindgen_test]
async fn e085_a_payload_over_the_cap_is_refused_by_its_bytes() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let error = within(client.publish("c", "é".repeat(500))).await.unwrap_err();
    assert_eq!(error, RequestError::OversizedPayload { size: 1002, cap: 1000 });
    client.publish("c", "é".repeat(499)).detach();
    pass(0).await;
    assert_eq!(socket.texts().len(), 1);
}

// ---- data outwards ----

#[derive(Serialize)]
struct Move<'a> {
    from: (u8, u8),
    piece: Piece,
    note: Option<&'a str>,
    times: BTreeMap<&'a str, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    big: i64,
    nothing: (),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(rename_all = "snake_case")]
enum Piece {
    Pawn,
    Promoted { to: String },
    Pair(u8, u8),
}

#[wasm_bindgen_test]
async fn data_is_written_as_json() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let data = Move {
        from: (1, 2),
        piece: Piece::Promoted { to: "queen \"é\" \u{1F980} \n".into() },
        note: None,
        times: BTreeMap::from([("white", 0.5), ("black", -1e300)]),
        skipped: None,
        big: -9_007_199_254_740_991,
        nothing: (),
    };
    client.publish("c", &data).detach();
    client.publish("c", Option::<u8>::None).detach();
    client.publish("c", [Piece::Pawn, Piece::Pair(1, 2)]).detach();
    client.publish("c", true).detach();
    pass(0).await;
    assert_eq!(
        data_of(&socket),
        [
            "{\"from\":[1,2],\"piece\":{\"promoted\":{\"to\":\"queen \\\"é\\\" \u{1F980} \\n\"}},\"note\":null,\
             \"times\":{\"black\":-1e+300,\"white\":0.5},\"big\":-9007199254740991,\"nothing\":null}",
            "null",
            r#"["pawn",{"pair":[1,2]}]"#,
            "true",
        ]
    );
}

#[wasm_bindgen_test]
async fn e083_numbers_that_are_not_finite_are_refused_wherever_they_are() {
    #[derive(Serialize)]
    struct Deep {
        list: Vec<Option<f32>>,
    }
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    for request in [
        client.publish("c", f64::NAN),
        client.publish("c", Deep { list: vec![None, Some(f32::INFINITY)] }),
        client.publish("c", BTreeMap::from([("k", (1, [f64::NEG_INFINITY]))])),
        client.send("p", Some(Some(f64::NAN))),
    ] {
        let error = within(request).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(error.to_string().contains("NaN or infinite"), "{error}");
    }
    client.publish("c", (0.5, f64::MAX, Option::<f64>::None)).detach();
    pass(0).await;
    assert_eq!(data_of(&socket), ["[0.5,1.7976931348623157e+308,null]"]);
}

#[wasm_bindgen_test]
async fn data_that_is_nested_too_deeply_is_refused() {
    #[derive(Serialize)]
    struct Nested(Vec<Nested>);
    #[derive(Serialize)]
    enum Chain {
        End,
        L(Box<Chain>),
        P(u8, Box<Chain>),
        N { n: Box<Chain> },
    }
    type Link = fn(Chain) -> Chain;
    let nested = |depth| (1..depth).fold(Nested(vec![]), |inner, _| Nested(vec![inner]));
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    for depth in [128, 50_000] {
        let data = nested(depth);
        let error = within(client.publish("c", &data)).await.unwrap_err();
        assert!(error.to_string().contains("must not be nested more than 127 deep"), "{error}");
        // Dropping it would overflow the stack.
        std::mem::forget(data);
    }
    client.publish("c", nested(127)).detach();
    // An object of one variant, and what is in it.
    let links: [(Link, usize); 3] = [
        (|next| Chain::L(next.into()), 127),
        (|next| Chain::P(0, next.into()), 63),
        (|next| Chain::N { n: next.into() }, 63),
    ];
    for (link, most) in links {
        let chain = |links| (0..links).fold(Chain::End, |next, _| link(next));
        client.publish("c", chain(most)).detach();
        assert!(within(client.publish("c", chain(most + 1))).await.is_err());
    }
    pass(0).await;
    let sent = data_of(&socket);
    assert_eq!(sent.len(), 4);
    assert_eq!(sent[0], format!("{}{}", "[".repeat(127), "]".repeat(127)));
}

#[wasm_bindgen_test]
async fn e090_what_json_or_a_javascript_number_cannot_hold_is_refused() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("on principle"))
        }
    }
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    for request in [
        client.publish("c", BTreeMap::from([(vec![1], 1)])),
        client.publish("c", BTreeMap::from([(1, 1)])),
        client.publish("c", u64::MAX),
        client.publish("c", [1_i128]),
        client.publish("c", Refuses),
    ] {
        let error = within(request).await.unwrap_err();
        assert_eq!((argument(&error), error.outcome()), ("data", Outcome::NotSent));
    }
    client.publish("c", 7).detach();
    pass(0).await;
    assert_eq!(data_of(&socket), ["7"], "the refused ones left nothing behind");
}

// ---- data inwards ----

#[derive(Deserialize, PartialEq, Debug)]
struct Chat {
    text: String,
    likes: u32,
    #[serde(default)]
    tags: Vec<String>,
    parent: Option<Box<Chat>>,
    pieces: BTreeMap<String, Piece>,
}

#[wasm_bindgen_test]
async fn data_becomes_a_type_of_the_users_or_an_error() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let mut messages = client.events::<Message>();
    socket.message(
        r#"{"text":"hi","likes":3,"parent":{"text":"","likes":0,"tags":["a"],"parent":null,"pieces":{}},
            "pieces":{"a":"pawn","b":{"promoted":{"to":"queen"}},"c":{"pair":[1,2]}},"unknown":[{}]}"#,
    );
    let message = next(&mut messages).await;
    assert_eq!((message.channel.as_str(), message.sender_peer_id.as_str()), ("c", "p"));
    let chat: Chat = message.data().unwrap();
    assert_eq!((chat.text.as_str(), chat.likes), ("hi", 3));
    assert_eq!(chat.parent.unwrap().tags, ["a"]);
    assert_eq!(chat.pieces["b"], Piece::Promoted { to: "queen".into() });
    assert_eq!(chat.pieces["c"], Piece::Pair(1, 2));

    let error = message.data::<Vec<u8>>().unwrap_err();
    assert_eq!(error.to_string(), "the data does not fit the type");
    assert!(error.source().is_some());
    assert!(message.data::<String>().is_err());

    for (json, fits) in
        [("255", true), ("256", false), ("-1", false), ("1.5", false), ("null", false)]
    {
        socket.message(json);
        assert_eq!(next(&mut messages).await.data::<u8>().is_ok(), fits, "{json}");
    }
}

#[wasm_bindgen_test]
async fn the_text_of_data_is_there_too_and_data_can_be_handed_on() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let mut messages = client.events::<Message>();
    let json = r#"{"b":1.5,"a":"\ud800","n":null,"list":[true,{}]}"#;
    socket.message(json);
    let message = next(&mut messages).await;
    assert_eq!(message.data.json(), json);
    assert_eq!(format!("{:?}", message.data), json);
    assert_eq!(message.clone(), message);
    assert!(message.data.as_js().is_object());
    client.publish("d", &message.data).detach();
    client.publish("d", BTreeMap::from([("was", message.data)])).detach();
    pass(0).await;
    assert_eq!(data_of(&socket), [json.to_owned(), format!(r#"{{"was":{json}}}"#)]);
}

#[wasm_bindgen_test]
async fn deep_nesting_harms_nobody() {
    #[derive(Deserialize, Debug)]
    #[allow(dead_code, reason = "only made")]
    struct Nested(Vec<Nested>);
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let mut messages = client.events::<Message>();
    for (depth, fits) in [(127, true), (128, false), (50_000, false)] {
        let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        socket.message(&json);
        let data = next(&mut messages).await.data;
        assert_eq!(data.parse::<Nested>().is_ok(), fits, "{depth}");
        assert!(data.json() == json, "{depth}");
    }
    let json = format!("{}{{\"k\":[1,\"[[\\\"[\"]}}{}", "[".repeat(20_000), ",2]".repeat(20_000));
    socket.message(&json);
    assert!(next(&mut messages).await.data.json() == json);
}

#[wasm_bindgen_test]
async fn direct_messages_presence_and_metadata_are_typed() {
    #[derive(Deserialize, PartialEq, Debug)]
    struct Who {
        name: String,
    }
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let (mut direct, mut presence) = (client.events::<Direct>(), client.events::<Presence>());
    socket.receive(r#"{"type":"direct","from":"p","data":[1],"fromMetadata":{"name":"Anna"}}"#);
    socket.receive(
        r#"{"type":"presence","channel":"c","joined":[{"peerId":"p","metadata":{"name":"Anna"}}],"left":[{"peerId":"q"}]}"#,
    );
    let event = next(&mut direct).await;
    assert_eq!(event.data::<Vec<u8>>().unwrap(), [1]);
    assert_eq!(event.sender_metadata().unwrap(), Some(Who { name: "Anna".into() }));
    let event = next(&mut presence).await;
    assert_eq!(event.joined[0].metadata().unwrap(), Some(Who { name: "Anna".into() }));
    assert_eq!((event.left[0].peer_id.as_str(), &event.left[0].metadata), ("q", &None));
}

// ---- texts that are not frames ----

#[wasm_bindgen_test]
async fn what_is_no_frame_is_dropped_and_the_connection_stays() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let (mut messages, mut errors) = (client.events::<Message>(), client.events::<ServerError>());
    for text in ["no JSON", "", "[]", "7", r#"{"type":"message"}"#, r#"{"type":"novel"}"#] {
        socket.receive(text);
    }
    socket.binary();
    socket.receive(r#"{"type":"error","code":"internal_error","message":"oops"}"#);
    socket.message("1");
    assert_eq!(next(&mut messages).await.data.json(), "1");
    let error = next(&mut errors).await;
    assert_eq!((error.code.as_str(), error.message.as_deref()), ("internal_error", Some("oops")));
}

#[wasm_bindgen_test]
async fn a_text_over_a_mebibyte_ends_the_connection() {
    let stage = Stage::new();
    let (client, socket) = stage.connected().await;
    let mut lost = client.events::<Disconnected>();
    let frame = |size: usize| {
        let shell = r#"{"type":"message","channel":"c","from":"p","data":""}"#.len();
        format!(
            r#"{{"type":"message","channel":"c","from":"p","data":"{}"}}"#,
            "x".repeat(size - shell)
        )
    };
    socket.receive(&frame(1_048_576));
    pass(0).await;
    socket.receive(&frame(1_048_577));
    let event = next(&mut lost).await;
    assert_eq!((event.code, event.will_reconnect), (1009, true));
    assert_eq!(socket.listeners(), 0);
    within(client.close()).await;
}

fn argument(error: &RequestError) -> &str {
    let RequestError::InvalidArgument { argument, .. } = error else { panic!("{error:?}") };
    argument
}

fn refuse(socket: &Socket, request: u32, code: &str) {
    socket.receive(&format!(r#"{{"type":"error","code":"{code}","requestId":"{request}"}}"#));
}

/// The ids of the requests that were sent.
fn ids(socket: &Socket) -> Vec<u32> {
    let id = |text: &String| {
        let (_, rest) = text.rsplit_once(r#""requestId":""#)?;
        rest.strip_suffix(r#""}"#)?.parse().ok()
    };
    socket.texts().iter().filter_map(id).collect()
}

/// The data of the publishes that were sent.
fn data_of(socket: &Socket) -> Vec<String> {
    let data = |text: &String| {
        let (_, rest) = text.split_once(r#""data":"#)?;
        Some(rest.rsplit_once(r#","requestId":"#)?.0.to_owned())
    };
    socket.texts().iter().filter_map(data).collect()
}

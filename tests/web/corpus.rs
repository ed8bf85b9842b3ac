//! The rules of the frames over results of `JSON.parse`: the corpus, which the native parser runs through too, and values that only
//! exist in JavaScript.

use js_sys::{JSON, Object, Reflect};
use metered_realtime::web::{JsJson, parse_address};
use metered_realtime_proto::wire::{
    ApplicationFrame, Endpoint, IceServer, Malformed, Members, PresencePeer, ServerFrame, Urls,
    Value, Welcome, decode,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_frame_of_the_corpus_is_what_the_corpus_says() {
    let corpus = JsJson::<String>::new(JSON::parse(include_str!("../frames/corpus.json")).unwrap());
    let entries = corpus.items().unwrap();
    assert!(entries.len() > 100, "the corpus is there");
    let mut wrong = Vec::new();
    for entry in entries {
        // As a JavaScript string, because some texts have lone surrogates.
        let text = member(&entry, "text").into_payload().unwrap();
        let expected = canonical(&raw_to_parsed(member(&entry, "expect")));
        let actual = canonical(&describe(decode_text(&text)));
        if actual != expected {
            wrong.push(format!("{text:?}\n  is       {actual}\n  not      {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} frames differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[wasm_bindgen_test]
fn addresses_are_read_as_the_list_of_them_says() {
    let list =
        JsJson::<String>::new(JSON::parse(include_str!("../frames/addresses.json")).unwrap());
    let mut wrong = Vec::new();
    for entry in list.items().unwrap() {
        let mut entry = entry.items().unwrap().into_iter();
        let (text, expected) = (entry.next().unwrap(), entry.next().unwrap());
        let text = text.string().unwrap();
        let field = |name| member(&expected, name).string();
        let read = match parse_address(&text).and_then(|address| Endpoint::check(&address)) {
            Ok(endpoint) => (Some(endpoint.origin().to_owned()), None),
            Err(error) => (None, Some(error.rule().to_owned())),
        };
        if read != (field("origin"), field("rule")) {
            wrong.push(format!("{text:?} is {read:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} addresses differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[wasm_bindgen_test]
fn a_payload_is_handed_on_as_the_very_object_that_was_parsed() {
    let frame =
        JSON::parse(r#"{"type":"message","channel":"a","from":"p","data":{"x":1}}"#).unwrap();
    let data = Reflect::get(&frame, &"data".into()).unwrap();
    let Ok(ServerFrame::Application(ApplicationFrame::Message { data: handed_on, .. })) =
        decode(&JsJson::<String>::new(frame))
    else {
        panic!("no message")
    };
    assert!(Object::is(&data, &handed_on));
}

#[wasm_bindgen_test]
fn lone_surrogates_in_a_payload_stay_what_they_are() {
    let text = r#"{"type":"message","channel":"a","from":"p","data":"\ud800 and \udc00"}"#;
    let Ok(ServerFrame::Application(ApplicationFrame::Message { data, .. })) =
        decode_text(&text.into())
    else {
        panic!("no message")
    };
    assert_eq!(JSON::stringify(&data).unwrap(), r#""\ud800 and \udc00""#);
}

#[wasm_bindgen_test]
fn a_payload_that_is_nested_deeply_does_no_harm() {
    let depth = 50_000;
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = format!(r#"{{"type":"direct","from":"p","data":{nested}}}"#);
    let Ok(ServerFrame::Application(ApplicationFrame::Direct { mut data, .. })) =
        decode_text(&text.into())
    else {
        panic!("no direct message")
    };
    let mut found = 1;
    while let Some(inner) = Reflect::get_u32(&data, 0).ok().filter(|inner| !inner.is_undefined()) {
        data = inner;
        found += 1;
    }
    assert_eq!(found, depth);
}

#[wasm_bindgen_test]
fn a_prototype_in_the_text_gives_a_frame_no_fields() {
    let text = r#"{"type":"message","channel":"a","data":1,"__proto__":{"from":"p"}}"#;
    assert!(matches!(decode_text(&text.into()), Err(Malformed::BadField)));
    let text = r#"{"__proto__":{"type":"pong"}}"#;
    assert!(matches!(decode_text(&text.into()), Err(Malformed::NoType)));
}

#[wasm_bindgen_test]
fn a_member_named_like_a_prototype_is_payload_like_any_other() {
    let text = r#"{"type":"message","channel":"a","from":"p","data":{"__proto__":{"admin":true},"constructor":1}}"#;
    let Ok(ServerFrame::Application(ApplicationFrame::Message { data, .. })) =
        decode_text(&text.into())
    else {
        panic!("no message")
    };
    assert_eq!(JSON::stringify(&data).unwrap(), r#"{"__proto__":{"admin":true},"constructor":1}"#);
    assert!(Reflect::get(&data, &"admin".into()).unwrap().is_undefined());
}

#[wasm_bindgen_test]
fn a_number_that_is_too_large_for_javascript_is_no_number() {
    let text = r#"{"type":"going_away","retryAfterMs":1e400}"#;
    assert!(matches!(
        decode_text(&text.into()),
        Ok(ServerFrame::GoingAway { retry_after_ms: 1000.0 })
    ));
    let text = r#"{"type":"welcome","peerId":"p","serverTime":1e400,"maxMessageSize":1}"#;
    assert!(matches!(decode_text(&text.into()), Err(Malformed::BadField)));
}

fn decode_text(text: &JsValue) -> Result<ServerFrame<JsValue>, Malformed> {
    let parse: js_sys::Function =
        js_sys::Function::new_with_args("text", "return JSON.parse(text)");
    match parse.call1(&JsValue::UNDEFINED, text) {
        Ok(parsed) => decode(&JsJson::<String>::new(parsed)),
        Err(_) => Err(Malformed::NotJson),
    }
}

/// The frame in the form of the corpus.
fn describe(decoded: Result<ServerFrame<JsValue>, Malformed>) -> JsValue {
    let frame = match decoded {
        Ok(frame) => frame,
        Err(why) => return record("malformed", [("why", why.reason().into())]),
    };
    match frame {
        ServerFrame::Pong => record("pong", []),
        ServerFrame::Ack { request_id } => record("ack", [("requestId", request_id.into())]),
        ServerFrame::Error { code, request_id, message } => {
            let (request_id, message) = (nullable(request_id), nullable(message));
            record(
                "error",
                [("code", code.into()), ("requestId", request_id), ("message", message)],
            )
        }
        ServerFrame::Application(ApplicationFrame::Message {
            channel,
            from,
            data,
            from_metadata,
        }) => {
            let metadata = nullable(from_metadata);
            record(
                "message",
                [
                    ("channel", channel.into()),
                    ("from", from.into()),
                    ("data", data),
                    ("fromMetadata", metadata),
                ],
            )
        }
        ServerFrame::Application(ApplicationFrame::Direct { from, data, from_metadata }) => record(
            "direct",
            [("from", from.into()), ("data", data), ("fromMetadata", nullable(from_metadata))],
        ),
        ServerFrame::Application(ApplicationFrame::Presence { channel, joined, left }) => record(
            "presence",
            [("channel", channel.into()), ("joined", peers(joined)), ("left", peers(left))],
        ),
        ServerFrame::GoingAway { retry_after_ms } => {
            record("going_away", [("retryAfterMs", retry_after_ms.into())])
        }
        ServerFrame::Welcome(welcome) => describe_welcome(welcome),
    }
}

fn describe_welcome(welcome: Welcome) -> JsValue {
    let servers = welcome
        .ice_servers
        .map(|servers| servers.into_iter().map(ice_server).collect::<js_sys::Array>());
    record(
        "welcome",
        [
            ("peerId", welcome.peer_id.into()),
            ("expiresAt", nullable(welcome.expires_at)),
            ("serverTime", welcome.server_time.into()),
            ("maxMessageSize", welcome.max_message_size.into()),
            ("iceServers", nullable(servers)),
        ],
    )
}

fn ice_server(server: IceServer) -> JsValue {
    let urls = match server.urls {
        Urls::One(url) => url.into(),
        Urls::Many(urls) => urls.into_iter().map(JsValue::from).collect::<js_sys::Array>().into(),
    };
    object([
        ("urls", urls),
        ("username", nullable(server.username)),
        ("credential", nullable(server.credential)),
    ])
}

fn peers(peers: Vec<PresencePeer<JsValue>>) -> JsValue {
    let peer = |peer: PresencePeer<JsValue>| {
        object([("peerId", peer.peer_id.into()), ("metadata", nullable(peer.metadata))])
    };
    peers.into_iter().map(peer).collect::<js_sys::Array>().into()
}

fn record<const N: usize>(is: &str, fields: [(&str, JsValue); N]) -> JsValue {
    let record = object(fields);
    Reflect::set(&record, &"is".into(), &is.into()).unwrap();
    record
}

fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &name.into(), &value).unwrap();
    }
    object.into()
}

fn nullable(value: Option<impl Into<JsValue>>) -> JsValue {
    value.map_or(JsValue::NULL, Into::into)
}

fn member(of: &JsJson, name: &str) -> JsJson {
    of.members().unwrap().get(name)
}

/// The corpus has payloads as JSON text. This is the text after JavaScript has parsed and written it.
fn raw_to_parsed(expected: JsJson) -> JsValue {
    for name in ["data", "fromMetadata"] {
        parse_member(&expected, name);
    }
    for list in ["joined", "left"] {
        for peer in member(&expected, list).items().unwrap_or_default() {
            parse_member(&peer, "metadata");
        }
    }
    expected.into_payload().unwrap()
}

fn parse_member(of: &JsJson, name: &str) {
    if let Some(text) = member(of, name).string() {
        Reflect::set(of.as_js(), &name.into(), &JSON::parse(&text).unwrap()).unwrap();
    }
}

/// JSON text with the names in order, so that equal values have equal texts.
fn canonical(value: &JsValue) -> String {
    if let Some(items) = JsJson::<String>::new(value.clone()).items() {
        let items: Vec<String> = items.iter().map(|item| canonical(item.as_js())).collect();
        return format!("[{}]", items.join(","));
    }
    if !value.is_object() {
        return JSON::stringify(value).unwrap().into();
    }
    let object: &Object = value.unchecked_ref();
    let mut names: Vec<String> =
        Object::keys(object).iter().filter_map(|name| name.as_string()).collect();
    names.sort();
    let members = names.iter().map(|name| {
        let member = Object::get_own_property_descriptor(object, &name.into());
        let member = Reflect::get(&member, &"value".into()).unwrap();
        format!("{name:?}:{}", canonical(&member))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

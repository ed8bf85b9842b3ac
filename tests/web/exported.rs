//! The core of the npm package, as it is shipped: `host.js` tells it what happened and asks what to do; here a test does. The
//! numbers and details are those that `host.js` goes by.

use std::cell::Cell;

use js_sys::{Array, JSON, Object, Reflect};
use metered_realtime::web;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_welcome_settles_connect_after_its_events() {
    let core = Core::new(API_KEY);
    assert_eq!(web::connect(core.client, NOW), 1);
    assert_eq!(core.says(), ["12 [0,1]", "1 wss://rms.example/v1?key=pk_test"]);
    core.tell(OPENED, core.socket());
    core.frame(
        r#"{"type":"welcome","peerId":"me","expiresAt":99,"serverTime":7.5,"maxMessageSize":1000,
            "metadata":{"iceServers":[{"urls":"stun:a","username":"u","credential":"c"},{"urls":["turn:b","turn:c"]}]}}"#,
    );
    assert_eq!(
        core.says(),
        [
            "12 [1,2]",
            r#"13 ["me",7.5,99,0,1000,["stun:a","u","c",["turn:b","turn:c"],null,null]]"#,
            "10 [1]"
        ]
    );
    assert_eq!((web::state(core.client), web::cap(core.client)), (2, 1000.0));
    assert!(web::due(core.client).is_finite());
}

#[wasm_bindgen_test]
fn requests_are_written_by_the_short_way_or_behind_what_waits() {
    let core = Core::connected();
    let direct = core.reserve(2);
    assert_eq!(web::direct(core.client, direct), core.socket());
    assert!(web::heard(core.client, core.socket(), NOW) && web::acked(core.client, direct));
    assert!(!web::acked(core.client, direct), "a request is answered once");
    assert_eq!(core.says(), [""; 0], "the caller answers it");

    let subscribe = web::subscribe(core.client, &"a".into(), true, 15_000.0, NOW);
    let behind = core.reserve(2);
    assert_eq!(web::direct(core.client, behind), 0);
    web::transmit(core.client, behind, "the frame".into());
    assert!(!web::heard(core.client, core.socket(), NOW), "no short way past what waits");
    let socket = core.socket();
    assert_eq!(
        core.says(),
        [
            format!(
                r#"2 [{socket},"{{\"type\":\"subscribe\",\"channel\":\"a\",\"includeSenderMetadata\":true,\"requestId\":\"{subscribe}\"}}",{subscribe}]"#
            ),
            format!(r#"2 [{socket},"the frame",{behind}]"#)
        ]
    );
    core.frame(&format!(r#"{{"type":"ack","requestId":"{behind}"}}"#));
    core.frame(&format!(
        r#"{{"type":"error","code":"invalid_channel","requestId":"{subscribe}","message":"no"}}"#
    ));
    assert_eq!(
        core.says(),
        [format!("10 [{behind}]"), format!(r#"11 [{subscribe},6,1,0,"invalid_channel","no"]"#)]
    );
}

#[wasm_bindgen_test]
fn requests_that_cannot_be_sent_are_refused_with_a_number_or_told_as_not_sent() {
    let core = Core::connected();
    assert_eq!(web::reserve(core.client, 1001, 15_000.0, NOW), -2);
    assert_eq!(web::connect(core.client, NOW), -3);
    let call = core.reserve(1000);
    assert_eq!(web::direct(core.client, call), core.socket());
    core.tell(SEND_FAILED, call);
    assert_eq!(core.says(), [format!("11 [{call},5,0,0]")]);

    let core = Core::new(API_KEY);
    assert_eq!(web::unsubscribe(core.client, &"a".into(), 15_000.0, NOW), -1);
    assert_eq!(core.says(), [""; 0]);
}

#[wasm_bindgen_test]
fn frames_are_told_with_the_very_payloads_that_were_parsed() {
    let core = Core::connected();
    let frame = parse(
        r#"{"type":"message","channel":"a","from":"p","data":{"x":[1]},"fromMetadata":{"n":1}}"#,
    );
    let data = Reflect::get(&frame, &"data".into()).unwrap();
    web::frame(core.client, core.socket(), frame, NOW);
    let (action, said) = core.next();
    assert_eq!((action, text(&said)), (15, r#"["p",{"x":[1]},{"n":1},"a"]"#.into()));
    assert!(Object::is(&data, &said.get(1)));

    core.frame(r#"{"type":"direct","from":"p","data":"psst"}"#);
    core.frame(
        r#"{"type":"presence","channel":"a","joined":[{"peerId":"p","metadata":{"n":1}},{"peerId":"q"}],"left":[]}"#,
    );
    core.frame(r#"{"type":"error","code":"internal_error","message":"oops"}"#);
    core.frame(r#"{"type":"message"}"#);
    core.tell(NOT_JSON, core.socket());
    core.tell(BINARY, core.socket());
    assert_eq!(
        core.says(),
        [
            r#"16 ["p","psst",null]"#,
            r#"17 ["a",["p",{"n":1},"q",null],[]]"#,
            r#"18 ["internal_error","oops",null]"#
        ]
    );
}

#[wasm_bindgen_test]
fn a_lost_link_is_dialled_again_when_the_alarm_rings() {
    let core = Core::connected();
    let call = core.reserve(2);
    assert_eq!(web::direct(core.client, call), core.socket());
    core.closed(1006, "");
    assert_eq!(
        core.says(),
        [format!("11 [{call},8,2,1006]"), r#"14 [1006,"",1]"#.into(), "12 [2,3]".into()]
    );
    let due = web::due(core.client);
    assert_eq!(due, NOW + 40.0, "the first delay, without jitter");
    let old = core.socket();
    web::ring(core.client, false, due);
    assert_eq!(core.says(), ["1 wss://rms.example/v1?key=pk_test"]);
    web::frame(core.client, old, parse(WELCOME), due);
    assert_eq!(core.says(), [""; 0], "that socket is gone");
    core.tell(OPENED, core.socket());
    core.frame(WELCOME);
    assert_eq!(core.says(), ["12 [3,2]", r#"13 ["me",1,null,1,1000]"#]);
}

#[wasm_bindgen_test]
fn close_asks_for_its_steps_and_leaves_no_alarm() {
    let core = Core::connected();
    let close = web::close(core.client, 4321, &"bye".into(), NOW);
    assert_eq!(web::state(core.client), 4);
    assert_eq!(
        core.says(),
        [
            r#"14 [4321,"bye",0]"#.to_owned(),
            "12 [2,4]".to_owned(),
            format!(r#"3 [{},4321,"bye",1]"#, core.socket()),
            "6 []".to_owned()
        ]
    );
    core.tell(DRAINED, 0);
    core.closed(4321, "bye");
    assert_eq!(core.says(), ["7 []".into(), "8 []".into(), format!("10 [{close}]")]);
    assert_eq!(web::due(core.client), f64::INFINITY);
}

#[wasm_bindgen_test]
fn a_token_is_fetched_before_the_dial_and_a_failure_fails_the_connect() {
    let core = Core::new(PROVIDER);
    web::connect(core.client, NOW);
    let asked = core.asks_for_token();
    web::token(core.client, asked, &"a/b".into(), &JsValue::UNDEFINED, NOW);
    assert_eq!(core.says(), ["1 wss://rms.example/v1?token=a%2Fb"]);

    let core = Core::new(PROVIDER);
    let connect = web::connect(core.client, NOW);
    let asked = core.asks_for_token();
    web::token(core.client, asked, &"no session".into(), &"AuthError".into(), NOW);
    let failure = format!(r#"11 [{connect},3,0,0,"AuthError","no session"]"#);
    let says = core.says();
    assert!(says.contains(&failure), "{says:?}");
    assert_eq!(web::state(core.client), 4);
}

#[wasm_bindgen_test]
fn what_breaks_a_rule_is_told_with_the_rule() {
    let said = Array::new();
    let numbers = numbers(API_KEY);
    web::create(&"pk".into(), &"http://x".into(), numbers.unchecked_ref(), said.unchecked_ref());
    assert_eq!((said.length(), said.get(0)), (2, "url".into()));

    let broken = |is_peer: bool, name: &str| {
        let said = Array::new();
        web::rule(is_peer, &name.into(), said.unchecked_ref());
        said.length() == 1 && said.get(0).is_string()
    };
    assert!(broken(false, "") && broken(true, "") && broken(false, "a\u{1f}"));
    assert!(!broken(false, "rooms/lobby") && !broken(true, "p"));
}

const NOW: f64 = 5.0;
const WELCOME: &str =
    r#"{"type":"welcome","peerId":"me","expiresAt":null,"serverTime":1,"maxMessageSize":1000}"#;

/// The number of a dial.
const DIAL: u32 = 1;

// What is told without words.
const OPENED: u32 = 0;
const NOT_JSON: u32 = 2;
const BINARY: u32 = 3;
const SEND_FAILED: u32 = 5;
const DRAINED: u32 = 6;

/// Where the credential comes from.
type HasProvider = bool;
const API_KEY: HasProvider = false;
const PROVIDER: HasProvider = true;

/// A client in the core's table.
struct Core {
    client: u32,
    /// The one that was asked for last.
    socket: Cell<u32>,
}

impl Core {
    fn new(credential: HasProvider) -> Core {
        let key = if credential == PROVIDER { JsValue::UNDEFINED } else { "pk_test".into() };
        let (numbers, said) = (numbers(credential), Array::new());
        let url = "wss://rms.example".into();
        let client = web::create(&key, &url, numbers.unchecked_ref(), said.unchecked_ref());
        assert_eq!(said.length(), 0, "{}", text(&said));
        Core { client, socket: Cell::new(0) }
    }

    /// It has been welcomed.
    fn connected() -> Core {
        let core = Core::new(API_KEY);
        web::connect(core.client, NOW);
        core.says();
        core.tell(OPENED, core.socket());
        core.frame(WELCOME);
        core.says();
        core
    }

    fn next(&self) -> (u32, Array) {
        let said = Array::new();
        (web::next(self.client, said.unchecked_ref()), said)
    }

    /// All that is to be done: number and details. Of a dial the address; its id is `socket`.
    fn says(&self) -> Vec<String> {
        let next = || Some(self.next()).filter(|(action, _)| *action != 0);
        let line = |(action, said): (u32, Array)| {
            if action == DIAL {
                self.socket.set(id(&said));
                return format!("{action} {}", said.get(1).as_string().unwrap());
            }
            format!("{action} {}", text(&said))
        };
        std::iter::from_fn(next).map(line).collect()
    }

    fn socket(&self) -> u32 {
        self.socket.get()
    }

    /// Begins to connect and asks for a token: the id of the question.
    fn asks_for_token(&self) -> u32 {
        let (began, _) = self.next();
        let (action, said) = self.next();
        assert_eq!((began, action), (12, 4));
        id(&said)
    }

    fn tell(&self, what: u32, id: u32) {
        web::tell(self.client, what, id, NOW);
    }

    fn frame(&self, text: &str) {
        web::frame(self.client, self.socket(), parse(text), NOW);
    }

    fn closed(&self, code: u16, reason: &str) {
        web::closed(self.client, self.socket(), code, &reason.into(), &JsValue::UNDEFINED, NOW);
    }

    fn reserve(&self, size: u32) -> u32 {
        u32::try_from(web::reserve(self.client, size, 15_000.0, NOW)).unwrap()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        web::free(self.client);
    }
}

/// In the order of `readOptions` in `options.js`: no jitter, doubling delays, no dial budget.
fn numbers(has_provider: HasProvider) -> Array {
    let flags = [has_provider, true, true, false].map(JsValue::from);
    let timeouts = [10_000.0, 60_000.0, 0.0];
    let reconnect = [40.0, 2.0, 30_000.0, 0.0, 100.0, f64::INFINITY, 0.0, 0.0];
    let seed = [0.5];
    let numbers = timeouts.into_iter().chain(reconnect).chain(seed).map(JsValue::from);
    flags.into_iter().chain(numbers).collect()
}

/// What the details begin with.
fn id(said: &Array) -> u32 {
    said.get(0).as_f64().unwrap() as u32
}

fn parse(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

/// What is `undefined` or not finite reads as null.
fn text(said: &Array) -> String {
    JSON::stringify(said).unwrap().into()
}

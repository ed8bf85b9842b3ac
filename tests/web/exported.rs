//! The core of the npm package, as it is shipped: `host.js` tells it what happened and asks what to do; here a test does. The
//! numbers and details are those that `calls.js` and `host.js` go by.

use std::cell::Cell;

use js_sys::{Array, JSON};
use metered_realtime::web;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn a_welcome_settles_connect_after_its_events() {
    let core = Core::new(API_KEY);
    assert_eq!(core.tell(CONNECT, 0), 1.0);
    assert_eq!(core.says(), ["12 [0,1]", "1 wss://rms.example/v1?key=pk_test"]);
    core.tell(OPENED, core.socket());
    core.welcome();
    assert_eq!(
        core.says(),
        ["12 [1,2]".into(), format!("13 [{},0]", core.socket()), "10 [1]".to_owned()]
    );
    assert_eq!(core.tell(STATE, 0), 2.0);
    assert!(core.tell(DUE, 0).is_finite());
}

#[wasm_bindgen_test]
fn requests_are_written_by_the_short_way_or_behind_what_waits() {
    let core = Core::connected();
    let direct = core.reserve(2);
    assert_eq!(core.tell(DIRECT, direct), f64::from(core.socket()));
    assert_eq!(core.acked(direct), 1.0, "the caller answers it");
    assert_eq!(core.acked(direct), 0.0, "a request is answered once");
    assert_eq!(core.says(), [""; 0]);

    let subscribe = core.say(SUBSCRIBE, "a", None, 1.0, 15_000.0);
    let behind = core.reserve(2);
    assert_eq!(core.tell(DIRECT, behind), 0.0);
    core.say(TRANSMIT, "the frame", None, behind.into(), 0.0);
    assert_eq!(core.acked(behind), 0.0, "no short way past what waits");
    let socket = core.socket();
    assert_eq!(
        core.says(),
        [
            format!(r#"2 [{socket},{subscribe},4,"a"]"#),
            format!(r#"2 [{socket},{behind},0,"the frame"]"#)
        ]
    );
    core.answer(&behind.to_string(), None, None);
    core.answer(&subscribe.to_string(), Some("invalid_channel"), Some("no"));
    assert_eq!(
        core.says(),
        [format!("10 [{behind}]"), format!(r#"11 [{subscribe},6,1,0,"invalid_channel","no"]"#)]
    );
}

#[wasm_bindgen_test]
fn requests_that_cannot_be_sent_are_refused_with_a_number_or_told_as_not_sent() {
    let core = Core::connected();
    assert_eq!(core.tell_more(RESERVE, 0, [1001.0, 15_000.0, 0.0]), -2.0);
    assert_eq!(core.tell(CONNECT, 0), -3.0);
    let call = core.reserve(1000);
    assert_eq!(core.tell(DIRECT, call), f64::from(core.socket()));
    core.tell(SEND_FAILED, call);
    assert_eq!(core.says(), [format!("11 [{call},5,0,0]")]);
    let aborted = core.reserve(1000);
    core.tell(ABORT, aborted);
    assert_eq!(core.says(), [format!("11 [{aborted},4,0,0]")]);

    let core = Core::new(API_KEY);
    assert_eq!(core.say(UNSUBSCRIBE, "a", None, 0.0, 15_000.0), -1.0);
    assert_eq!(core.says(), [""; 0]);
}

#[wasm_bindgen_test]
fn application_data_is_admitted_and_other_frames_are_told() {
    let core = Core::connected();
    for presence in [0.0, 1.0] {
        assert_eq!(core.tell_more(ADMIT, core.socket(), [presence, 0.0, 0.0]), 1.0);
        assert_eq!(core.tell_more(ADMIT, 99, [presence, 0.0, 0.0]), 0.0);
    }
    core.say(ANSWER, "", Some("internal_error"), core.socket().into(), 0.0);
    core.tell_more(GOING_AWAY, core.socket(), [50.0, 0.0, 0.0]);
    for unheard in [PONG, NOT_JSON, BAD_FIELD, BINARY] {
        core.tell(unheard, core.socket());
    }
    assert_eq!(core.says(), [r#"15 ["internal_error",null,""]"#, "16 [50]"]);
    core.tell(OVERSIZE, core.socket());
    assert!(core.says()[0].starts_with("3 ["), "it is closed");
}

#[wasm_bindgen_test]
fn a_lost_link_is_dialled_again_when_the_alarm_rings() {
    let core = Core::connected();
    let call = core.reserve(2);
    core.tell(DIRECT, call);
    core.closed(1006, "");
    assert_eq!(
        core.says(),
        [format!("11 [{call},8,2,1006]"), r#"14 [1006,"",1]"#.into(), "12 [2,3]".into()]
    );
    let due = core.tell(DUE, 0);
    assert_eq!(due, NOW + 40.0, "the first delay, without jitter");
    let old = core.socket();
    core.now.set(due);
    core.tell(RING, 0);
    assert_eq!(core.says(), ["1 wss://rms.example/v1?key=pk_test"]);
    core.tell_more(WELCOME, old, [f64::NAN, 1.0, 1000.0]);
    assert_eq!(core.says(), [""; 0], "that socket is gone");
    core.tell(OPENED, core.socket());
    core.welcome();
    assert_eq!(core.says(), ["12 [3,2]".into(), format!("13 [{},1]", core.socket())]);
}

#[wasm_bindgen_test]
fn close_asks_for_its_steps_and_leaves_no_alarm() {
    let core = Core::connected();
    let close = core.say(CLOSE, "bye", None, 4321.0, 0.0);
    assert_eq!(core.tell(STATE, 0), 4.0);
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
    assert_eq!(core.tell(DUE, 0), f64::INFINITY);
}

#[wasm_bindgen_test]
fn a_token_is_fetched_before_the_dial_and_a_failure_fails_the_connect() {
    let core = Core::new(PROVIDER);
    core.tell(CONNECT, 0);
    let asked = core.asks_for_token();
    core.say(TOKEN, "a/b", None, asked.into(), 0.0);
    assert_eq!(core.says(), ["1 wss://rms.example/v1?token=a%2Fb"]);

    let core = Core::new(PROVIDER);
    let connect = core.tell(CONNECT, 0);
    let asked = core.asks_for_token();
    core.say(TOKEN, "no session", Some("AuthError"), asked.into(), 0.0);
    let failure = format!(r#"11 [{connect},3,0,0,"AuthError","no session"]"#);
    let says = core.says();
    assert!(says.contains(&failure), "{says:?}");
    assert_eq!(core.tell(STATE, 0), 4.0);
}

#[wasm_bindgen_test]
fn a_socket_that_could_not_be_made_tells_its_cause() {
    let core = Core::new(API_KEY);
    let connect = core.tell(CONNECT, 0);
    core.says();
    core.say(CLOSED, "websocket construction failed", Some("no"), core.socket().into(), 1006.0);
    let failure = format!(r#"11 [{connect},1,0,1006,"websocket construction failed","no"]"#);
    assert!(core.says().contains(&failure));

    let core = Core::new(API_KEY);
    let connect = core.tell(CONNECT, 0);
    core.says();
    core.tell(UNAVAILABLE, core.socket());
    assert!(core.says().contains(&format!("11 [{connect},2,0,0]")));
}

const NOW: f64 = 5.0;

/// The number of a dial.
const DIAL: u32 = 1;

// What is told; see `calls.js`.
const NOT_JSON: u32 = 0;
const BAD_FIELD: u32 = 3;
const OPENED: u32 = 4;
const UNAVAILABLE: u32 = 5;
const BINARY: u32 = 6;
const OVERSIZE: u32 = 7;
const PONG: u32 = 8;
const GOING_AWAY: u32 = 9;
const WELCOME: u32 = 10;
const SEND_FAILED: u32 = 11;
const DRAINED: u32 = 12;
const STATE: u32 = 14;
const DUE: u32 = 15;
const RING: u32 = 16;
const CONNECT: u32 = 17;
const ABORT: u32 = 18;
const RESERVE: u32 = 19;
const DIRECT: u32 = 20;
const ADMIT: u32 = 21;
const ACKED: u32 = 22;
const CLOSE: u32 = 0;
const SUBSCRIBE: u32 = 1;
const UNSUBSCRIBE: u32 = 2;
const TRANSMIT: u32 = 3;
const ANSWER: u32 = 4;
const CLOSED: u32 = 5;
const TOKEN: u32 = 6;

/// Where the credential comes from.
type HasProvider = bool;
const API_KEY: HasProvider = false;
const PROVIDER: HasProvider = true;

/// A client in the core's table.
struct Core {
    client: u32,
    now: Cell<f64>,
    /// The one that was asked for last.
    socket: Cell<u32>,
}

impl Core {
    fn new(credential: HasProvider) -> Core {
        let key = if credential == PROVIDER { JsValue::UNDEFINED } else { "pk_test".into() };
        let client = web::create(&key, &"wss://rms.example".into(), numbers().unchecked_ref());
        Core { client, now: Cell::new(NOW), socket: Cell::new(0) }
    }

    /// It has been welcomed.
    fn connected() -> Core {
        let core = Core::new(API_KEY);
        core.tell(CONNECT, 0);
        core.says();
        core.tell(OPENED, core.socket());
        core.welcome();
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

    fn tell(&self, what: u32, id: u32) -> f64 {
        self.tell_more(what, id, [0.0; 3])
    }

    fn tell_more(&self, what: u32, id: u32, [x, y, z]: [f64; 3]) -> f64 {
        web::tell(what, self.client, id, x, y, z, self.now.get())
    }

    fn say(&self, what: u32, a: &str, b: Option<&str>, x: f64, y: f64) -> f64 {
        self.say_more(what, a, b, None, x, y)
    }

    fn say_more(
        &self,
        what: u32,
        a: &str,
        b: Option<&str>,
        c: Option<&str>,
        x: f64,
        y: f64,
    ) -> f64 {
        let text = |text: Option<&str>| text.map_or(JsValue::UNDEFINED, JsValue::from);
        let (a, b, c) = (a.into(), text(b), text(c));
        web::say(what, self.client, &a, &b, &c, x, y, self.now.get())
    }

    fn welcome(&self) {
        self.tell_more(WELCOME, self.socket(), [f64::NAN, 1.0, 1000.0]);
    }

    fn answer(&self, request_id: &str, code: Option<&str>, message: Option<&str>) {
        self.say_more(ANSWER, request_id, code, message, self.socket().into(), 0.0);
    }

    fn acked(&self, call: u32) -> f64 {
        self.tell_more(ACKED, self.socket(), [call.into(), 0.0, 0.0])
    }

    fn closed(&self, code: u16, reason: &str) {
        self.say(CLOSED, reason, None, self.socket().into(), code.into());
    }

    fn reserve(&self, size: u32) -> u32 {
        self.tell_more(RESERVE, 0, [size.into(), 15_000.0, 0.0]) as u32
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        web::free(self.client);
    }
}

/// In the order of `readOptions` in `options.js`: no jitter, doubling delays, no dial budget.
fn numbers() -> Array {
    let flags = [true, true, false, false].map(JsValue::from);
    let seed = [0.5];
    let timeouts = [10_000.0, 60_000.0, 0.0];
    let reconnect = [40.0, 2.0, 30_000.0, 0.0, 100.0, f64::INFINITY, 0.0];
    let numbers = seed.into_iter().chain(timeouts).chain(reconnect).map(JsValue::from);
    flags.into_iter().chain(numbers).collect()
}

/// What the details begin with.
fn id(said: &Array) -> u32 {
    said.get(0).as_f64().unwrap() as u32
}

/// What is `undefined` or not finite reads as null.
fn text(said: &Array) -> String {
    JSON::stringify(said).unwrap().into()
}

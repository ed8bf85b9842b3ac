//! A client of the exported handle with a host and sockets that a test plays; `fakes.js` is their other half.

use js_sys::{Array, Function, JsString, Promise, Reflect};
use metered_realtime::web::Handle;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What `fakes.js` gives.
    type Fakes;
    #[wasm_bindgen(method)]
    fn host(this: &Fakes) -> FakeHost;
    #[wasm_bindgen(method)]
    fn spy(this: &Fakes) -> TimerSpy;

    #[derive(Clone)]
    pub(crate) type FakeHost;
    #[wasm_bindgen(method, setter)]
    pub(crate) fn set_makes(this: &FakeHost, what: &str);
    #[wasm_bindgen(method, setter)]
    fn set_handle(this: &FakeHost, handle: &JsValue);
    #[wasm_bindgen(method)]
    pub(crate) fn socket(this: &FakeHost, index: i32) -> FakeSocket;
    #[wasm_bindgen(method, js_name = newSocket)]
    pub(crate) fn new_socket(this: &FakeHost) -> FakeSocket;
    #[wasm_bindgen(method, getter, js_name = askedId)]
    pub(crate) fn asked_id(this: &FakeHost) -> u32;
    #[wasm_bindgen(method)]
    fn take(this: &FakeHost) -> Array;
    #[wasm_bindgen(method)]
    fn seen(this: &FakeHost, prefix: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn act(this: &FakeHost, prefix: &str, act: Function);
    #[wasm_bindgen(method, getter)]
    fn addresses(this: &FakeHost) -> Array;
    #[wasm_bindgen(method, getter, js_name = dialledAt)]
    fn dialled_at(this: &FakeHost) -> Array;
    #[wasm_bindgen(method, getter)]
    fn logs(this: &FakeHost) -> Array;

    pub(crate) type FakeSocket;
    #[wasm_bindgen(method)]
    pub(crate) fn open(this: &FakeSocket);
    #[wasm_bindgen(method)]
    pub(crate) fn welcome(this: &FakeSocket);
    #[wasm_bindgen(method)]
    pub(crate) fn receive(this: &FakeSocket, text: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn fire(this: &FakeSocket, kind: &str, event: JsValue);
    #[wasm_bindgen(method)]
    fn end(this: &FakeSocket, event: JsValue);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn listeners(this: &FakeSocket) -> u32;
    #[wasm_bindgen(method, getter)]
    fn sent(this: &FakeSocket) -> Array;
    #[wasm_bindgen(method, getter)]
    fn closes(this: &FakeSocket) -> Array;
    #[wasm_bindgen(method, setter, js_name = sendThrows)]
    pub(crate) fn set_send_throws(this: &FakeSocket, throws: bool);

    pub(crate) type TimerSpy;
    #[wasm_bindgen(method, getter)]
    fn delays(this: &TimerSpy) -> Array;
    #[wasm_bindgen(method, getter, js_name = liveCount)]
    pub(crate) fn live_count(this: &TimerSpy) -> u32;
    #[wasm_bindgen(method)]
    pub(crate) fn stop(this: &TimerSpy);

    /// The exported handle as JavaScript sees it.
    pub(crate) type JsHandle;
    #[wasm_bindgen(method)]
    pub(crate) fn state(this: &JsHandle) -> u8;
    #[wasm_bindgen(method)]
    fn connect(this: &JsHandle) -> i32;
    #[wasm_bindgen(method)]
    fn close(this: &JsHandle, code: u16, reason: &str) -> i32;
    #[wasm_bindgen(method)]
    fn subscribe(this: &JsHandle, channel: &str, metadata: bool, timeout_ms: f64) -> i32;
    #[wasm_bindgen(method)]
    pub(crate) fn reserve(this: &JsHandle, size: u32, timeout_ms: f64) -> i32;
    #[wasm_bindgen(method)]
    fn transmit(this: &JsHandle, call: u32, frame: &str);
    #[wasm_bindgen(method)]
    fn pump(this: &JsHandle);
    #[wasm_bindgen(method)]
    pub(crate) fn adopt(this: &JsHandle, id: u32, socket: &JsValue);
    #[wasm_bindgen(method)]
    pub(crate) fn token(this: &JsHandle, request: u32, token: &str);
}

/// A client under test. Its sockets are fakes unless the host is told otherwise.
pub(crate) struct Client {
    pub(crate) host: FakeHost,
    pub(crate) handle: JsHandle,
}

/// What differs between the clients of the tests.
pub(crate) struct Setup {
    pub(crate) key: Option<&'static str>,
    pub(crate) url: &'static str,
    pub(crate) inactivity_ms: f64,
    pub(crate) initial_delay_ms: f64,
}

impl Default for Setup {
    fn default() -> Setup {
        let url = "wss://rms.example";
        Setup { key: Some("pk_test"), url, inactivity_ms: 60_000.0, initial_delay_ms: 40.0 }
    }
}

impl Setup {
    pub(crate) fn client(self) -> Client {
        let host = fakes().host();
        let handle = Handle::new(
            host.clone().unchecked_into(),
            self.key.map(str::to_owned),
            self.key.is_none(),
            Some(self.url.to_owned()),
            self.numbers(),
            true,
            true,
            true,
            0.5,
        );
        let handle = JsValue::from(handle.unwrap());
        host.set_handle(&handle);
        Client { host, handle: handle.unchecked_into() }
    }

    /// In the order of `raw_options` in `src/web/handle.rs`: no jitter, doubling delays, no dial budget.
    fn numbers(&self) -> Box<[f64]> {
        let reconnect = [self.initial_delay_ms, 2.0, 30_000.0, 0.0, 100.0, f64::INFINITY, 0.0, 0.0];
        [10_000.0, self.inactivity_ms, 0.0].into_iter().chain(reconnect).collect()
    }
}

impl Client {
    pub(crate) fn new() -> Client {
        Setup::default().client()
    }

    /// A client that the peer has welcomed; what led there is forgotten.
    pub(crate) fn connected() -> Client {
        let client = Client::new();
        client.connect();
        client.host.socket(-1).welcome();
        client.take();
        client
    }

    pub(crate) fn connect(&self) -> i32 {
        self.pumped(self.handle.connect())
    }

    pub(crate) fn close(&self) -> i32 {
        self.pumped(self.handle.close(1000, "done"))
    }

    pub(crate) fn subscribe(&self, channel: &str) -> i32 {
        self.pumped(self.handle.subscribe(channel, false, 15_000.0))
    }

    /// Publishes `{}` to channel `a`.
    pub(crate) fn publish(&self) -> i32 {
        let call = self.handle.reserve(2, 15_000.0);
        let id = u32::try_from(call).unwrap();
        let frame = format!(r#"{{"type":"publish","channel":"a","data":{{}},"requestId":"{id}"}}"#);
        self.handle.transmit(id, &frame);
        call
    }

    fn pumped(&self, call: i32) -> i32 {
        self.handle.pump();
        call
    }

    /// What the host was told since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        strings(&self.host.take())
    }

    /// Waits until the host was told something that begins so.
    pub(crate) async fn seen(&self, prefix: &str) {
        wait(self.host.seen(prefix)).await;
    }

    /// Runs user code inside of an event.
    pub(crate) fn inside(&self, prefix: &str, act: impl Fn(&Client) + 'static) {
        let inner = Client { host: self.host.clone(), handle: self.handle_again() };
        let act = Closure::<dyn Fn()>::new(move || act(&inner));
        self.host.act(prefix, act.into_js_value().unchecked_into());
    }

    fn handle_again(&self) -> JsHandle {
        let handle: &JsValue = self.handle.as_ref();
        handle.clone().unchecked_into()
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        strings(&self.host.addresses())
    }

    pub(crate) fn logs(&self) -> Vec<String> {
        strings(&self.host.logs())
    }

    /// The milliseconds between the dials.
    pub(crate) fn pauses(&self) -> Vec<f64> {
        let times: Vec<f64> =
            self.host.dialled_at().iter().filter_map(|time| time.as_f64()).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl FakeSocket {
    pub(crate) fn sent_texts(&self) -> Vec<String> {
        strings(&self.sent())
    }

    pub(crate) fn close_calls(&self) -> Vec<String> {
        strings(&self.closes())
    }

    pub(crate) fn ack(&self, call: i32) {
        self.receive(&format!(r#"{{"type":"ack","requestId":"{call}"}}"#));
    }

    /// The peer, or the network, ends it.
    pub(crate) fn closed(&self, code: u16, reason: &str) {
        self.end(object(&[("code", code.into()), ("reason", reason.into())]));
    }

    /// A close event of somebody's own making.
    pub(crate) fn closed_oddly(&self, event: JsValue) {
        self.end(event);
    }
}

impl TimerSpy {
    pub(crate) fn start() -> TimerSpy {
        fakes().spy()
    }

    pub(crate) fn set_so_far(&self) -> Vec<f64> {
        self.delays().iter().filter_map(|delay| delay.as_f64()).collect()
    }
}

pub(crate) fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

pub(crate) async fn wait(promise: Promise) -> JsValue {
    match js_sys::futures::JsFuture::from(promise).await {
        Ok(value) => value,
        Err(error) => panic!("{error:?}"),
    }
}

/// Lets promises settle and timers of that many milliseconds fire.
pub(crate) async fn pass(ms: i32) {
    let sleep =
        Function::new_no_args(&format!("return new Promise((done) => setTimeout(done, {ms}))"));
    wait(sleep.call0(&JsValue::UNDEFINED).unwrap().unchecked_into()).await;
}

fn fakes() -> Fakes {
    js_sys::eval(include_str!("fakes.js")).unwrap().unchecked_into()
}

fn strings(array: &Array) -> Vec<String> {
    array.iter().map(|text| text.unchecked_into::<JsString>().into()).collect()
}

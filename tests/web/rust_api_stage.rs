//! Fake sockets in the place of the global `WebSocket`, and short waits, for tests of the Rust surface.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use js_sys::{Array, JsString, Reflect};
use metered_realtime::events::{Connected, Disconnected, Event, StateChange};
use metered_realtime::{Builder, ReconnectOptions, SignallingClient};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The value of `fakes.js`.
    type Fakes;
    #[wasm_bindgen(method)]
    fn sockets(this: &Fakes) -> Sockets;
    #[wasm_bindgen(method)]
    fn spy(this: &Fakes) -> Timers;
    #[wasm_bindgen(method)]
    fn page(this: &Fakes) -> Page;

    /// A window and its document; the real ones are back after `restore`.
    pub(crate) type Page;
    #[wasm_bindgen(method)]
    pub(crate) fn show(this: &Page, state: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn fire(this: &Page, kind: &str, event: &JsValue);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn listeners(this: &Page) -> u32;
    #[wasm_bindgen(method)]
    pub(crate) fn restore(this: &Page);

    type Sockets;
    #[wasm_bindgen(method)]
    fn socket(this: &Sockets, index: i32) -> Socket;
    #[wasm_bindgen(method, getter)]
    fn addresses(this: &Sockets) -> Array;
    #[wasm_bindgen(method, getter, js_name = dialledAt)]
    fn dialled_at(this: &Sockets) -> Array;
    #[wasm_bindgen(method, setter)]
    fn set_refuses(this: &Sockets, refuses: bool);
    #[wasm_bindgen(method, setter)]
    fn set_deaf(this: &Sockets, deaf: bool);
    #[wasm_bindgen(method)]
    fn remove(this: &Sockets);
    #[wasm_bindgen(method)]
    fn restore(this: &Sockets);

    /// The peer's side of a connection.
    pub(crate) type Socket;
    #[wasm_bindgen(method)]
    pub(crate) fn open(this: &Socket);
    #[wasm_bindgen(method)]
    pub(crate) fn welcome(this: &Socket);
    #[wasm_bindgen(method)]
    pub(crate) fn receive(this: &Socket, text: &str);
    #[wasm_bindgen(method)]
    pub(crate) fn fire(this: &Socket, kind: &str, event: &JsValue);
    /// Ends it with a close event of the test's own.
    #[wasm_bindgen(method)]
    pub(crate) fn end(this: &Socket, event: &JsValue);
    #[wasm_bindgen(method, setter, js_name = sendThrows)]
    pub(crate) fn set_send_throws(this: &Socket, throws: bool);
    #[wasm_bindgen(method, getter)]
    pub(crate) fn listeners(this: &Socket) -> u32;
    #[wasm_bindgen(method, getter)]
    fn sent(this: &Socket) -> Array;
    #[wasm_bindgen(method, getter)]
    fn closes(this: &Socket) -> Array;

    /// Counts the page's timers.
    pub(crate) type Timers;
    #[wasm_bindgen(method, getter)]
    fn delays(this: &Timers) -> Array;
    #[wasm_bindgen(method, getter, js_name = liveCount)]
    pub(crate) fn live_count(this: &Timers) -> u32;
    #[wasm_bindgen(method)]
    pub(crate) fn stop(this: &Timers);
}

/// While it lives, sockets are fakes.
pub(crate) struct Stage(Sockets);

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage(fakes().sockets())
    }

    /// Removes the global `WebSocket`.
    pub(crate) fn remove_websocket(&self) {
        self.0.remove();
    }

    /// From now on the constructor throws.
    pub(crate) fn refuse(&self) {
        self.0.set_refuses(true);
    }

    /// From now on `addEventListener` of sockets throws.
    pub(crate) fn deafen(&self) {
        self.0.set_deaf(true);
    }

    pub(crate) fn client(&self) -> SignallingClient {
        options().build().unwrap()
    }

    /// The socket that was dialled last, as soon as it is.
    pub(crate) async fn dialled(&self, number: usize) -> Socket {
        until(|| self.dials() >= number).await;
        self.0.socket(i32::try_from(number).unwrap() - 1)
    }

    /// A connected client, and the peer's side of its connection.
    pub(crate) async fn connected(&self) -> (SignallingClient, Socket) {
        self.connect(self.client()).await
    }

    pub(crate) async fn connect(&self, client: SignallingClient) -> (SignallingClient, Socket) {
        let connect = client.connect();
        let socket = self.dialled(self.dials() + 1).await;
        socket.welcome();
        within(connect).await.unwrap();
        (client, socket)
    }

    pub(crate) fn dials(&self) -> usize {
        self.0.addresses().length() as usize
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        strings(&self.0.addresses())
    }

    /// The milliseconds between dials.
    pub(crate) fn pauses(&self) -> Vec<f64> {
        let times = numbers(&self.0.dialled_at());
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.0.restore();
    }
}

impl Socket {
    pub(crate) fn texts(&self) -> Vec<String> {
        strings(&self.sent())
    }

    pub(crate) fn close_calls(&self) -> Vec<String> {
        strings(&self.closes())
    }

    pub(crate) fn message(&self, data: &str) {
        self.receive(&format!(r#"{{"type":"message","channel":"c","from":"p","data":{data}}}"#));
    }

    pub(crate) fn ack(&self, request: u32) {
        self.receive(&format!(r#"{{"type":"ack","requestId":"{request}"}}"#));
    }

    pub(crate) fn binary(&self) {
        let data = js_sys::ArrayBuffer::new(8);
        self.fire("message", &object([("data", data.into())]));
    }

    /// The peer or the network ends the connection.
    pub(crate) fn closed(&self, code: u16, reason: &str) {
        self.end(&object([("code", code.into()), ("reason", reason.into())]));
    }
}

impl Page {
    pub(crate) fn take() -> Page {
        fakes().page()
    }
}

impl Timers {
    pub(crate) fn watch() -> Timers {
        fakes().spy()
    }

    /// The delays of all timers so far.
    pub(crate) fn set_for(&self) -> Vec<f64> {
        numbers(&self.delays())
    }
}

pub(crate) fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &name.into(), &value).unwrap();
    }
    object.into()
}

/// Options of the tests, with quick retries.
pub(crate) fn options() -> Builder {
    SignallingClient::builder().api_key("pk_test").url("wss://rms.example").reconnect(quickly())
}

pub(crate) fn quickly() -> ReconnectOptions {
    ReconnectOptions {
        initial_delay: Duration::from_millis(20),
        max_delay: Duration::from_millis(200),
        ..ReconnectOptions::default()
    }
}

/// Lines that handlers write, in their order.
#[derive(Clone, Default)]
pub(crate) struct Notes(Rc<RefCell<Vec<String>>>);

impl Notes {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.borrow_mut().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Notes the events of a connection.
    pub(crate) fn follow(&self, client: &SignallingClient) {
        self.each(client, |e: &StateChange| format!("{} > {}", e.from.name(), e.to.name()));
        self.each(client, |e: &Connected| {
            format!("connected as {}{}", e.peer_id, if e.is_reconnect { " again" } else { "" })
        });
        self.each(client, |e: &Disconnected| {
            let until = if e.will_reconnect { "for now" } else { "for good" };
            format!("disconnected {} {:?} {until}", e.code, e.reason)
        });
    }

    fn each<E: Event>(&self, client: &SignallingClient, line: impl Fn(&E) -> String + 'static) {
        let notes = self.clone();
        client.on::<E>(move |event| notes.write(line(event)));
    }
}

/// Notes that it was dropped.
pub(crate) struct DropNote(pub(crate) Notes);

impl Drop for DropNote {
    fn drop(&mut self) {
        self.0.write("dropped");
    }
}

/// Waits, with a limit.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    match select(Box::pin(future), Box::pin(pass(30_000))).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => panic!("nothing happened within half a minute"),
    }
}

/// The next item of a stream that has one.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    within(stream.next()).await.expect("the stream ended")
}

/// Waits until a condition holds.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        pass(5).await;
    }
    panic!("it did not come to be within ten seconds");
}

/// Lets microtasks run, and timers of up to this many milliseconds fire. Dropping it clears the timer.
pub(crate) async fn pass(ms: u32) {
    let (done, rings) = futures::channel::oneshot::channel();
    let timer = gloo_timers::callback::Timeout::new(ms, move || {
        let _ = done.send(());
    });
    let _ = rings.await;
    drop(timer);
}

fn fakes() -> Fakes {
    js_sys::eval(include_str!("fakes.js")).unwrap().unchecked_into()
}

fn strings(array: &Array) -> Vec<String> {
    array.iter().map(|text| text.unchecked_into::<JsString>().into()).collect()
}

fn numbers(array: &Array) -> Vec<f64> {
    array.iter().filter_map(|number| number.as_f64()).collect()
}

//! A data channel: the queue of the machine on the platform's `RTCDataChannel`.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{ArrayBuffer, Function};
use wasm_bindgen::prelude::*;

use crate::web::any::member;
use crate::web::depth::Entered;
use crate::web::host::{Platform, function};
use crate::web::timer::Timer;
use metered_realtime_proto::peer::{
    ChannelError, ChannelOptions, ChannelOutput, MessageId, SendQueue,
};

#[wasm_bindgen]
extern "C" {
    /// A data channel, whoever made it.
    #[derive(Clone)]
    pub type AnyChannel;

    #[wasm_bindgen(method, structural, catch, js_name = addEventListener)]
    fn add_event_listener(
        this: &AnyChannel,
        name: &str,
        listener: &Function,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, js_name = removeEventListener)]
    fn remove_event_listener(
        this: &AnyChannel,
        name: &str,
        listener: &Function,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn send(this: &AnyChannel, data: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch)]
    fn close(this: &AnyChannel) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, setter, js_name = binaryType)]
    fn set_binary_type(this: &AnyChannel, kind: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, structural, catch, setter, js_name = bufferedAmountLowThreshold)]
    fn set_low_threshold(this: &AnyChannel, bytes: f64) -> Result<(), JsValue>;
}

/// What a channel's surface does for the driver. Its methods run user code, so nothing is borrowed when they are called.
pub trait ChannelHost: Platform {
    /// The channel has taken a message.
    fn sent(&self, message: MessageId);
    /// A message is not sent.
    fn refused(&self, message: MessageId, error: ChannelError);
    /// The channel refused a message with this error.
    fn failed(&self, message: MessageId, error: &JsValue);
    /// Something happened to the channel: `open`, `message`, `error` or `close`, with the platform's event.
    fn emit(&self, event: ChannelEvent, value: &JsValue);
}

/// What happens to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// It is open.
    Open,
    /// The other side sent something.
    Message,
    /// The platform reports an error.
    Error,
    /// It is closed, not by this side.
    Close,
    /// There is room in its buffer. It is no event.
    BufferedAmountLow,
}

const EVENTS: [(&str, ChannelEvent); 5] = [
    ("open", ChannelEvent::Open),
    ("message", ChannelEvent::Message),
    ("error", ChannelEvent::Error),
    ("close", ChannelEvent::Close),
    ("bufferedamountlow", ChannelEvent::BufferedAmountLow),
];

/// One data channel's queue and what it drives.
pub struct ChannelDriver<H: ChannelHost> {
    /// The surface.
    pub host: H,
    channel: AnyChannel,
    queue: RefCell<SendQueue<JsValue>>,
    timer: Timer,
    listeners: RefCell<Option<Listeners>>,
    pumping: Cell<bool>,
    weak: Weak<ChannelDriver<H>>,
}

struct Listeners {
    /// Of all events.
    _callback: Closure<dyn Fn(u32, JsValue)>,
    guarded: Function,
    bound: Vec<Function>,
}

impl<H: ChannelHost> ChannelDriver<H> {
    /// Starts to listen to a channel. `low_threshold`: bytes in the buffer at which the platform reports room.
    pub fn new(
        host: H,
        channel: AnyChannel,
        options: ChannelOptions,
        low_threshold: f64,
    ) -> Rc<ChannelDriver<H>> {
        // Of no consequence where the platform does not have them.
        let _ = channel.set_binary_type("arraybuffer");
        let _ = channel.set_low_threshold(low_threshold);
        let is_open = member(&channel, "readyState") == "open";
        let driver = Rc::new_cyclic(|weak| ChannelDriver {
            host,
            channel,
            queue: RefCell::new(SendQueue::new(options, is_open)),
            timer: Timer::start(),
            listeners: RefCell::default(),
            pumping: Cell::new(false),
            weak: weak.clone(),
        });
        driver.listen();
        driver
    }

    fn listen(&self) {
        let weak = self.weak.clone();
        let callback = Closure::new(move |kind: u32, event: JsValue| {
            let _entered = Entered::now();
            if let Some(driver) = weak.upgrade()
                && let Some((_, kind)) = EVENTS.get(kind as usize)
            {
                driver.happened(*kind, &event);
            }
        });
        let guarded = self.host.guard(function(callback.as_ref()));
        let bound: Vec<Function> = (0..EVENTS.len() as u32)
            .map(|kind| guarded.bind1(&JsValue::UNDEFINED, &JsValue::from(kind)).unchecked_into())
            .collect();
        for ((name, _), listener) in EVENTS.iter().zip(&bound) {
            let _ = self.channel.add_event_listener(name, listener);
        }
        self.listeners.replace(Some(Listeners { _callback: callback, guarded, bound }));
    }

    fn detach(&self) {
        let Some(listeners) = self.listeners.take() else { return };
        self.host.mute(&listeners.guarded);
        for ((name, _), listener) in EVENTS.iter().zip(&listeners.bound) {
            let _ = self.channel.remove_event_listener(name, listener);
        }
        self.timer.stop();
    }

    fn happened(&self, event: ChannelEvent, value: &JsValue) {
        let buffered = self.buffered();
        let now = self.timer.now();
        match event {
            ChannelEvent::Open => self.queue.borrow_mut().opened(buffered, now),
            ChannelEvent::BufferedAmountLow => self.queue.borrow_mut().wake(buffered, now),
            ChannelEvent::Close => {
                self.detach();
                self.queue.borrow_mut().close();
            }
            ChannelEvent::Message | ChannelEvent::Error => {}
        }
        if event != ChannelEvent::BufferedAmountLow {
            self.host.emit(event, value);
        }
        self.pump();
    }

    /// Sends a message; [`size_of`] has its size.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is sent then.
    pub fn send(&self, message: &JsValue, size: u64) -> Result<MessageId, ChannelError> {
        let (buffered, now) = (self.buffered(), self.timer.now());
        self.queue.borrow_mut().send(message.clone(), size, buffered, now)
    }

    /// Closes the channel. Messages that wait are refused; no event follows.
    pub fn close(&self) {
        self.detach();
        self.queue.borrow_mut().close();
        let _ = self.channel.close();
        self.pump();
    }

    /// A timer fired.
    pub fn on_timer(&self, timer: u32) {
        let Some(fired) = self.timer.fired(timer) else { return };
        let buffered = self.buffered();
        self.queue.borrow_mut().wake(buffered, fired.now);
        self.pump();
    }

    /// Carries out what the queue says.
    pub fn pump(&self) {
        if self.pumping.replace(true) {
            return;
        }
        loop {
            let output = self.queue.borrow_mut().poll_output();
            match output {
                Some(ChannelOutput::Write(id, message)) => match self.channel.send(&message) {
                    Ok(()) => self.host.sent(id),
                    Err(error) => self.host.failed(id, &error),
                },
                Some(ChannelOutput::Refuse(id, error)) => self.host.refused(id, error),
                None => break,
            }
        }
        self.pumping.set(false);
        let due = self.queue.borrow().poll_timeout();
        let weak = self.weak.clone();
        self.timer.arm(due, &self.host, move |timer| {
            if let Some(driver) = weak.upgrade() {
                driver.host.timer_fired(timer);
            }
        });
    }

    fn buffered(&self) -> u64 {
        member(&self.channel, "bufferedAmount").as_f64().unwrap_or_default() as u64
    }
}

/// The bytes of a message: text, an `ArrayBuffer` or a view of one. `None`: something else, such as a `Blob`.
#[must_use]
pub fn size_of(message: &JsValue) -> Option<u64> {
    if let Some(text) = message.dyn_ref::<js_sys::JsString>() {
        return Some(String::from(text).len() as u64);
    }
    if message.is_instance_of::<ArrayBuffer>() || ArrayBuffer::is_view(message) {
        return member(message, "byteLength").as_f64().map(|bytes| bytes as u64);
    }
    None
}

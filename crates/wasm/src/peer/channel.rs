//! The class that the package's `DataChannel` is a face of.

use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;

use metered_realtime::web::peer::{AnyChannel, ChannelDriver, ChannelEvent, ChannelHost, size_of};
use metered_realtime::web::{Entered, Platform};
use metered_realtime_proto::peer::{ChannelError, ChannelOptions, MessageId};

use super::errors;
use crate::call_options::is_absent;

#[wasm_bindgen]
extern "C" {
    /// What one channel has of JavaScript: the class `ChannelSurface` of the package's `peer/data-channel.js`. Its methods do not
    /// throw.
    #[derive(Debug)]
    pub type ChannelSurface;

    #[wasm_bindgen(method, structural)]
    fn refuse(this: &ChannelSurface, error: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn freed(this: &ChannelSurface);
    #[wasm_bindgen(method, structural)]
    fn guard(this: &ChannelSurface, callback: &Function) -> Function;
    #[wasm_bindgen(method, structural)]
    fn mute(this: &ChannelSurface, guarded: &Function);
    #[wasm_bindgen(method, structural, js_name = timerFired)]
    fn timer_fired(this: &ChannelSurface, timer: u32);
    #[wasm_bindgen(method, structural, js_name = hasFakeTimers)]
    fn has_fake_timers(this: &ChannelSurface) -> bool;
    #[wasm_bindgen(method, structural)]
    fn keep(this: &ChannelSurface, call: u32, resolve: &Function, reject: &Function);
    #[wasm_bindgen(method, structural)]
    fn resolve(this: &ChannelSurface, call: u32);
    #[wasm_bindgen(method, structural)]
    fn reject(this: &ChannelSurface, call: u32, error: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn opened(this: &ChannelSurface);
    #[wasm_bindgen(method, structural)]
    fn closed(this: &ChannelSurface);
    #[wasm_bindgen(method, structural)]
    fn received(this: &ChannelSurface, event: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn failed(this: &ChannelSurface, event: &JsValue);
}

struct NpmChannel(ChannelSurface);

impl Drop for NpmChannel {
    fn drop(&mut self) {
        self.0.freed();
    }
}

impl Platform for NpmChannel {
    fn guard(&self, callback: &Function) -> Function {
        self.0.guard(callback)
    }

    fn mute(&self, guarded: &Function) {
        self.0.mute(guarded);
    }

    fn timer_fired(&self, timer: u32) {
        self.0.timer_fired(timer);
    }

    fn has_fake_timers(&self) -> bool {
        self.0.has_fake_timers()
    }
}

impl ChannelHost for NpmChannel {
    fn sent(&self, message: MessageId) {
        self.0.resolve(message.0);
    }

    fn refused(&self, message: MessageId, error: ChannelError) {
        self.0.reject(message.0, &errors::of_channel(error));
    }

    fn failed(&self, message: MessageId, error: &JsValue) {
        self.0.reject(message.0, error);
    }

    fn emit(&self, event: ChannelEvent, value: &JsValue) {
        match event {
            ChannelEvent::Open => self.0.opened(),
            ChannelEvent::Message => self.0.received(value),
            ChannelEvent::Error => self.0.failed(value),
            ChannelEvent::Close => self.0.closed(),
            ChannelEvent::BufferedAmountLow => {}
        }
    }
}

/// One data channel.
#[wasm_bindgen]
pub struct Channel {
    driver: Rc<ChannelDriver<NpmChannel>>,
}

#[wasm_bindgen]
impl Channel {
    /// A wrapper of a channel. `undefined`: the options are refused, and the surface has the error.
    #[must_use]
    pub fn create(
        channel: AnyChannel,
        options: &JsValue,
        surface: ChannelSurface,
    ) -> Option<Channel> {
        let _entered = Entered::now();
        let (options, low_threshold) = match read(options) {
            Ok(read) => read,
            Err(error) => {
                surface.refuse(&error);
                return None;
            }
        };
        let host = NpmChannel(surface);
        Some(Channel { driver: ChannelDriver::new(host, channel, options, low_threshold) })
    }

    /// Sends text or bytes.
    pub fn send(&self, message: &JsValue) -> Promise {
        let _entered = Entered::now();
        let Some(size) = size_of(message) else {
            let message = "only text, an ArrayBuffer or a view of one can be sent; for a Blob send `await blob.arrayBuffer()`";
            return Promise::reject(&js_sys::TypeError::new(message));
        };
        let promise = match self.driver.send(message, size) {
            Ok(id) => {
                let surface = &self.driver.host.0;
                Promise::new(&mut |resolve, reject| surface.keep(id.0, &resolve, &reject))
            }
            Err(error) => Promise::reject(&errors::of_channel(error)),
        };
        self.driver.pump();
        promise
    }

    /// Closes it.
    pub fn close(&self) {
        let _entered = Entered::now();
        self.driver.close();
    }

    /// A timer fired.
    #[wasm_bindgen(js_name = timerFired)]
    pub fn timer_fired(&self, timer: u32) {
        let _entered = Entered::now();
        self.driver.on_timer(timer);
    }
}

/// The options and the threshold.
fn read(options: &JsValue) -> Result<(ChannelOptions, f64), JsValue> {
    let mut read = ChannelOptions::default();
    let number = |name: &str, default: f64, least: u8| -> Result<f64, JsValue> {
        if is_absent(options) {
            return Ok(default);
        }
        let given = Reflect::get(options, &JsValue::from_str(name))?;
        match given.as_f64() {
            _ if is_absent(&given) => Ok(default),
            Some(number) if number >= f64::from(least) && number.is_finite() => Ok(number),
            Some(_) | None => {
                let least = least.to_string();
                let message = [name, " must be a finite number of at least ", &least].concat();
                Err(js_sys::TypeError::new(&message).into())
            }
        }
    };
    if !is_absent(options) && !options.is_object() {
        return Err(js_sys::TypeError::new("options must be an object").into());
    }
    read.max_buffered = number("maxBufferedAmount", read.max_buffered as f64, 1)? as u64;
    read.max_queued = number("maxQueuedSends", read.max_queued as f64, 0)? as usize;
    let half = (read.max_buffered / 2) as f64;
    let low_threshold = number("bufferedAmountLowThreshold", half, 0)?;
    if !is_absent(options) {
        let wait = Reflect::get(options, &JsValue::from_str("waitForOpen"))?;
        read.wait_for_open = wait.is_truthy();
    }
    Ok((read, low_threshold))
}

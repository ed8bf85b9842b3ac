//! What the driver asks of a client: the token provider, handlers, answers.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures::channel::oneshot;
use futures::future::{AbortHandle, abortable};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::client::{
    BoxFuture, CallResult, Emitter, PendingCall, Provider, RunningHandlers, Teardown, log,
};
use crate::data::Payload;
use crate::web::{Dialled, Driver, Host, Platform};
use metered_realtime_proto::machine::{
    CallError, CallId, Event, Input, Log, SocketId, TokenRequestId,
};

/// What one client holds of the page.
pub(in crate::web) struct Page {
    emitter: Emitter,
    provider: Option<Provider>,
    driver: OnceCell<Weak<Driver<Page>>>,
    /// Who waits for which call.
    waiters: RefCell<BTreeMap<u32, oneshot::Sender<CallResult>>>,
    teardown: RefCell<Teardown>,
    handlers: RunningHandlers,
    fetching: RefCell<Vec<(TokenRequestId, AbortHandle)>>,
    /// A microtask is on its way that carries out what the machine says.
    scheduled: Cell<bool>,
}

impl Page {
    pub(super) fn new(provider: Option<Provider>) -> Page {
        Page {
            emitter: Emitter::default(),
            provider,
            driver: OnceCell::new(),
            waiters: RefCell::default(),
            teardown: RefCell::default(),
            handlers: RunningHandlers::default(),
            fetching: RefCell::default(),
            scheduled: Cell::new(false),
        }
    }

    /// Called once, when there is a driver.
    pub(super) fn belongs_to(&self, driver: &Rc<Driver<Page>>) {
        let _ = self.driver.set(Rc::downgrade(driver));
    }

    pub(super) fn emitter(&self) -> &Emitter {
        &self.emitter
    }

    pub(super) fn wait_for(&self, call: CallId) -> PendingCall {
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().insert(call.0, sender);
        (call, receiver)
    }

    /// Has the machine's outputs carried out soon.
    pub(super) fn schedule(&self) {
        if self.scheduled.replace(true) {
            return;
        }
        let driver = self.driver();
        spawn_local(async move {
            if let Some(driver) = driver.upgrade() {
                driver.host.scheduled.set(false);
                driver.pump();
            }
        });
    }

    /// `close()` is called.
    pub(super) fn closing(&self) {
        self.teardown.borrow_mut().close_called(self.emitter.mark());
    }

    /// The handler whose future is being polled, if one is, waits for `close()`. `true`: `close()` waits for none any more.
    pub(super) fn current_task_awaits_close(&self) -> bool {
        self.handlers.current_awaits_close();
        self.handlers.take_drained()
    }

    pub(super) fn forget_everything(&self) {
        let mark = self.emitter.mark();
        self.emitter.forget(mark);
        self.emitter.end_streams(mark);
    }

    fn driver(&self) -> Weak<Driver<Page>> {
        self.driver.get().cloned().unwrap_or_default()
    }

    fn spawn(&self, task: BoxFuture<()>) {
        let driver = self.driver();
        spawn_local(self.handlers.run(task, move || {
            if let Some(driver) = driver.upgrade() {
                driver.host.tell_if_drained();
            }
        }));
    }

    fn tell_if_drained(&self) {
        if self.handlers.take_drained()
            && let Some(driver) = self.driver().upgrade()
        {
            driver.input(Input::HandlersDrained);
        }
    }

    fn take_fetch(&self, request: TokenRequestId) -> Option<AbortHandle> {
        let mut fetching = self.fetching.borrow_mut();
        let at = fetching.iter().position(|(other, _)| *other == request)?;
        Some(fetching.swap_remove(at).1)
    }
}

impl Platform for Page {
    fn timer_fired(&self, timer: u32) {
        if let Some(driver) = self.driver().upgrade() {
            driver.on_timer(timer);
        }
    }
}

impl Host for Page {
    type Name = String;

    fn dial(&self, _socket: SocketId, address: &str) -> Dialled {
        Dialled::with_platform(address)
    }

    fn fetch_token(&self, request: TokenRequestId) {
        let Some(provider) = &self.provider else { return };
        let (answer, handle) = abortable(provider.fetch());
        self.fetching.borrow_mut().push((request, handle));
        let driver = self.driver();
        spawn_local(async move {
            let Ok(result) = answer.await else { return };
            if let Some(driver) = driver.upgrade() {
                driver.host.take_fetch(request);
                driver.input(Input::Token { request, result });
            }
        });
    }

    fn forget_token(&self, request: TokenRequestId) {
        // Drops the provider's future, and with it what it does.
        if let Some(fetch) = self.take_fetch(request) {
            fetch.abort();
        }
    }

    fn drain_handlers(&self) {
        self.handlers.drain();
        self.tell_if_drained();
    }

    fn settle(&self, call: CallId, result: Result<(), CallError>) {
        let waiter = self.waiters.borrow_mut().remove(&call.0);
        if let Some(waiter) = waiter {
            let _ = waiter.send(result);
        }
    }

    fn emit(&self, event: Event<JsValue>) {
        self.teardown.borrow_mut().before_event(&event, &self.emitter);
        self.emitter.dispatch(event, Payload::from_js, &mut |task| self.spawn(task));
    }

    fn forget_listeners(&self) {
        self.handlers.close_is_done();
        let mark = self.teardown.borrow_mut().take_handlers(&self.emitter);
        self.emitter.forget(mark);
    }

    fn end_streams(&self) {
        let mark = self.teardown.borrow_mut().take_streams(&self.emitter);
        self.emitter.end_streams(mark);
    }

    fn log(&self, line: Log) {
        log::write(&line);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for (_, fetch) in self.fetching.take() {
            fetch.abort();
        }
    }
}

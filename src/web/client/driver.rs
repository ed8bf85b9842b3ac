//! What calls do. Nothing is carried out in here, so nothing of the user's runs inside of a call.

use std::rc::Rc;

use futures::channel::oneshot;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::page::Page;
use crate::client::{self, CallResult, Emitter, NewRequest, PendingCall, Provider};
use crate::web::Driver;
use metered_realtime_proto::machine::{
    CallError, CallId, DEFAULT_CLOSE_REASON, Input, Machine, Options, State,
};

/// One client; shared by its handles and its futures.
pub(super) struct Web(Rc<Driver<Page>>);

/// A client's driver, with the page as its host.
pub(super) fn drive(options: Options, provider: Option<Provider>) -> Rc<Driver<Page>> {
    let seed = js_sys::Math::random().to_bits();
    let driver = Driver::new(Page::new(provider), |now| Machine::new(options, seed, now));
    driver.host.belongs_to(&driver);
    driver
}

impl Web {
    pub(super) fn new(driver: Rc<Driver<Page>>) -> Web {
        Web(driver)
    }

    fn page(&self) -> &Page {
        &self.0.host
    }

    fn close(&self, code: u16, reason: &str) -> oneshot::Receiver<CallResult> {
        let call = self.0.with(|machine, now| machine.close(code, reason, now));
        self.page().closing();
        let (_, answer) = self.page().wait_for(call);
        self.page().schedule();
        answer
    }
}

impl client::Driver for Web {
    fn emitter(&self) -> &Emitter {
        self.page().emitter()
    }

    fn state(&self) -> State {
        self.0.peek(Machine::state)
    }

    fn connect(&self) -> Result<PendingCall, CallError> {
        let call = self.0.with(|machine, now| machine.connect(now))?;
        let called = self.page().wait_for(call);
        self.page().schedule();
        Ok(called)
    }

    fn close(&self, code: u16, reason: &str) -> oneshot::Receiver<CallResult> {
        Web::close(self, code, reason)
    }

    fn current_task_awaits_close(&self) {
        if self.page().current_task_awaits_close() {
            self.0.with(|machine, now| machine.handle_input(Input::HandlersDrained, now));
            self.page().schedule();
        }
    }

    fn request(&self, request: NewRequest<'_>) -> Result<PendingCall, CallError> {
        let call = self.0.with(|machine, now| request.submit(machine, now))?;
        let called = self.page().wait_for(call);
        self.page().schedule();
        Ok(called)
    }

    fn set_timeout(&self, call: CallId, timeout_ms: u64) {
        self.0.with(|machine, now| machine.set_timeout(call, timeout_ms, now));
        self.page().schedule();
    }

    fn withdraw(&self, call: CallId) {
        self.0.with(|machine, now| machine.abort(call, now));
        self.page().schedule();
    }

    fn handles_are_gone(&self) {
        if self.0.peek(is_at_rest) {
            self.page().forget_everything();
            return;
        }
        let answer = self.close(1000, DEFAULT_CLOSE_REASON);
        // Until it is done there is nobody else who holds the driver.
        let driver = Rc::clone(&self.0);
        spawn_local(async move {
            let _ = answer.await;
            drop(driver);
        });
    }
}

fn is_at_rest(machine: &Machine<JsValue>) -> bool {
    matches!(machine.state(), State::Idle | State::Closed) && machine.poll_timeout().is_none()
}

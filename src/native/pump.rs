//! The task of one client: it carries out the outputs of the machine, and reports to it what happens.
//!
//! Outputs are carried out one by one with nothing locked, so a call inside a handler takes effect before the next output.

use std::convert::identity;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::alarm::Alarm;
use super::shared::{PumpState, Shared};
use super::socket::{Socket, SocketEvent};
use crate::client::{BoxFuture, catch_panic, log};
use crate::data::Payload;
use metered_realtime_proto::machine::{
    CallId, Close, Event, Input, Outgoing, Output, ProviderFailure, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::Secret;

type Token = Result<Secret, ProviderFailure>;

pub(super) struct Pump {
    shared: Arc<Shared>,
    /// The current one, and those that are still closing.
    sockets: Vec<Socket>,
    fetches: Vec<(TokenRequestId, BoxFuture<Token>)>,
    alarm: Alarm,
    /// The machine is at rest.
    done: bool,
}

impl Pump {
    pub(super) fn new(shared: Arc<Shared>) -> Pump {
        Pump {
            shared,
            sockets: Vec::new(),
            fetches: Vec::new(),
            alarm: Alarm::default(),
            done: false,
        }
    }

    /// Runs until the machine is at rest.
    pub(super) async fn run(mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }

    /// Carries out a `close()` of an idle client, which needs no socket and no timer.
    pub(super) fn run_without_runtime(mut self) {
        self.carry_out();
        while self.report_drained() {
            self.carry_out();
        }
        self.rest();
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Before anything is looked at, so that no call is missed.
        self.shared.waker.register(cx.waker());
        for _ in 0..ROUNDS {
            self.carry_out();
            if self.rest() {
                return Poll::Ready(());
            }
            if !self.poll_inputs(cx) {
                return Poll::Pending;
            }
        }
        // There is more, but other tasks should have a turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn rest(&mut self) -> bool {
        self.done = self.sockets.is_empty() && self.fetches.is_empty() && self.shared.try_rest();
        self.done
    }

    // ---- inputs of the machine ----

    /// Reports to the machine what has happened. `false`: nothing has.
    fn poll_inputs(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = self.poll_sockets(cx);
        any |= self.poll_fetches(cx);
        any |= self.report_drained();
        any |= self.poll_alarm(cx);
        any
    }

    /// Takes one event from each socket.
    fn poll_sockets(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        let mut at = 0;
        while let Some(socket) = self.sockets.get_mut(at) {
            at += 1;
            if let Poll::Ready(event) = socket.poll(cx) {
                any = true;
                let id = socket.id;
                self.socket_event(id, event);
                self.carry_out();
            }
        }
        any
    }

    fn poll_fetches(&mut self, cx: &mut Context<'_>) -> bool {
        let mut any = false;
        let mut at = 0;
        while let Some((request, fetch)) = self.fetches.get_mut(at) {
            let request = *request;
            match fetch.as_mut().poll(cx) {
                Poll::Ready(result) => {
                    any = true;
                    self.forget_token(request);
                    self.shared.input(Input::Token { request, result });
                }
                Poll::Pending => at += 1,
            }
        }
        any
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> bool {
        let is_due = self.alarm.poll(self.shared.deadline(), cx).is_ready();
        if is_due {
            self.shared.with(|machine, now| machine.handle_timeout(now));
        }
        is_due
    }

    fn report_drained(&self) -> bool {
        let drained = self.shared.handlers.take_drained();
        if drained {
            self.shared.input(Input::HandlersDrained);
        }
        drained
    }

    fn socket_event(&mut self, socket: SocketId, event: SocketEvent) {
        self.shared.input(match event {
            SocketEvent::Opened => Input::SocketOpened { socket },
            SocketEvent::Frame(frame) => Input::Frame { socket, frame },
            SocketEvent::Malformed(why) => Input::Malformed { socket, why },
            SocketEvent::Binary => Input::Binary { socket },
            SocketEvent::Oversize => Input::Oversize { socket },
            SocketEvent::Closed(close) => {
                self.sockets.retain(|other| other.id != socket);
                Input::SocketClosed { socket, close }
            }
        });
    }

    // ---- outputs of the machine ----

    fn carry_out(&mut self) {
        while let Some((output, sender)) = self.shared.next_output() {
            match output {
                Output::OpenSocket { socket, address } => {
                    self.sockets.push(Socket::open(socket, address, self.shared.tls.clone()));
                }
                Output::Send { socket, frame, call } => self.send(socket, frame, call),
                Output::CloseSocket { socket, code, reason, report } => {
                    self.close_socket(socket, code, &reason, report);
                }
                Output::FetchToken { request } => {
                    if let Some(provider) = &self.shared.provider {
                        self.fetches.push((request, provider.fetch()));
                    }
                }
                Output::ForgetToken { request } => self.forget_token(request),
                Output::DrainHandlers => self.shared.handlers.drain(),
                Output::Settle { result, .. } => {
                    if let Some(sender) = sender {
                        // The caller may have lost interest.
                        let _ = sender.send(result);
                    }
                }
                Output::Event(event) => self.emit(event),
                Output::ForgetListeners => self.forget_listeners(),
                Output::EndStreams => self.end_streams(),
                Output::Log(line) => log::write(&line),
            }
        }
    }

    fn send(&mut self, id: SocketId, frame: Outgoing, call: Option<CallId>) {
        let text = frame.into_text(call);
        let socket = self.sockets.iter_mut().find(|socket| socket.id == id);
        if !socket.is_some_and(|socket| socket.send(text)) {
            self.shared.input(Input::SendFailed { call });
        }
    }

    /// `report`: the machine wants to know when the socket is closed. Otherwise it is dropped at once.
    fn close_socket(&mut self, id: SocketId, code: u16, reason: &str, report: bool) {
        let socket = self.sockets.iter_mut().find(|socket| socket.id == id);
        if !report {
            if let Some(socket) = socket {
                socket.send_close_now(code, reason);
            }
            self.sockets.retain(|socket| socket.id != id);
        } else if !socket.is_some_and(|socket| socket.close(code, reason)) {
            self.socket_event(id, SocketEvent::Closed(Close::new(code, reason)));
        }
    }

    /// Drops the provider's future, and with it the work in progress.
    fn forget_token(&mut self, request: TokenRequestId) {
        if let Some(at) = self.fetches.iter().position(|(other, _)| *other == request) {
            let fetch = self.fetches.swap_remove(at);
            catch_panic(move || drop(fetch));
        }
    }

    fn emit(&self, event: Event<Payload>) {
        let shared = &self.shared;
        shared.lock().teardown.before_event(&event, &shared.emitter);
        shared.emitter.dispatch(event, identity, &mut |handler| self.spawn(handler));
    }

    /// Runs the future of an asynchronous handler.
    fn spawn(&self, handler: BoxFuture<()>) {
        let runtime = match Handle::try_current() {
            Ok(runtime) if !self.is_dropped() => runtime,
            Ok(_) | Err(_) => {
                catch_panic(|| {
                    tracing::warn!(target: "metered_realtime", "an asynchronous handler needs a runtime");
                });
                return;
            }
        };
        let shared = Arc::clone(&self.shared);
        runtime.spawn(self.shared.handlers.run(handler, move || shared.waker.wake()));
    }

    fn forget_listeners(&self) {
        let shared = &self.shared;
        shared.handlers.close_is_done();
        let mark = shared.lock().teardown.take_handlers(&shared.emitter);
        shared.emitter.forget(mark);
    }

    fn end_streams(&self) {
        let shared = &self.shared;
        let mark = shared.lock().teardown.take_streams(&shared.emitter);
        shared.emitter.end_streams(mark);
    }

    // ---- the end of the runtime ----

    fn is_dropped(&self) -> bool {
        self.shared.lock().pump == PumpState::Dropped
    }

    /// The runtime was shut down, so sockets and timers no longer work. The client closes as if it had given up: calls get their
    /// results, synchronous handlers and streams get the last events, handlers stay. The client may connect again.
    fn close_without_runtime(&mut self) {
        self.shared.lock().pump = PumpState::Dropped;
        self.sockets.clear();
        self.shared.with(|machine, now| machine.close(1006, RUNTIME_GONE, now));
        while let Some((output, sender)) = self.shared.next_output() {
            match output {
                Output::CloseSocket { socket, code, reason, report: true } => {
                    self.socket_event(socket, SocketEvent::Closed(Close::new(code, reason)));
                }
                Output::DrainHandlers => self.shared.input(Input::HandlersDrained),
                Output::Settle { result, .. } => {
                    if let Some(sender) = sender {
                        let _ = sender.send(result);
                    }
                }
                Output::Event(event) => self.emit(event),
                Output::EndStreams => self.end_streams(),
                Output::Log(line) => log::write(&line),
                Output::OpenSocket { .. }
                | Output::Send { .. }
                | Output::CloseSocket { .. }
                | Output::FetchToken { .. }
                | Output::ForgetToken { .. }
                | Output::ForgetListeners => {}
            }
        }
        for fetch in self.fetches.drain(..) {
            catch_panic(move || drop(fetch));
        }
        self.shared.pump_is_gone();
    }
}

/// A runtime that is shut down drops its tasks.
impl Drop for Pump {
    fn drop(&mut self) {
        if !self.done {
            self.close_without_runtime();
        }
    }
}

/// How many rounds of inputs to take before other tasks have a turn.
const ROUNDS: usize = 64;

const RUNTIME_GONE: &str = "the runtime was shut down";

//! The half of the driver that works: one task that carries out what the machine says and tells it what happens.
//!
//! Outputs are taken one by one with nothing locked, so what a handler calls takes effect before the next output is looked at.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::alarm::Alarm;
use super::driver::Native;
use super::socket::{News, Socket};
use super::tasks::Tasks;
use crate::client::events::Message;
use crate::client::{Audience, BoxFuture, log, shield};
use crate::data::Payload;
use metered_realtime_proto::machine::{
    CallId, Close, Event, Input, Outgoing, Output, ProviderFailure, SocketId, TokenRequestId,
};
use metered_realtime_proto::wire::{ApplicationFrame, Secret, ServerFrame};

type Token = Result<Secret, ProviderFailure>;

pub(super) struct Pump {
    driver: Arc<Native>,
    /// The current one, and those that are still closing.
    sockets: Vec<Socket>,
    fetching: Vec<(TokenRequestId, BoxFuture<Token>)>,
    tasks: Tasks,
    alarm: Alarm,
    /// The machine is at rest, so nothing is abandoned when this is dropped.
    rested: bool,
}

impl Pump {
    pub(super) fn new(driver: Arc<Native>) -> Pump {
        Pump {
            driver,
            sockets: Vec::new(),
            fetching: Vec::new(),
            tasks: Tasks::default(),
            alarm: Alarm::default(),
            rested: false,
        }
    }

    /// Runs until the machine is at rest.
    pub(super) async fn run(mut self) {
        loop {
            self.driver.wake.attend();
            self.tell_if_drained();
            self.carry_out();
            if self.rests() {
                return;
            }
            let flooded = poll_fn(|cx| self.take_in(cx)).await;
            if flooded {
                give_way().await;
            }
        }
    }

    /// Does what can be done without a runtime: no socket is open and no timer needed then.
    pub(super) fn run_once(mut self) {
        loop {
            self.carry_out();
            self.tell_if_drained();
            if !self.driver.lock().machine.has_output() {
                break;
            }
        }
        self.rests();
    }

    fn rests(&mut self) -> bool {
        self.rested = self.sockets.is_empty() && self.fetching.is_empty() && self.driver.try_rest();
        self.rested
    }

    /// Tells the machine what has happened, and carries out what follows from each thing before the next. Ready if there was
    /// something; `true`: so much that others should have a turn.
    fn take_in(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut busy = self.driver.wake.is_wanted(cx);
        let mut flooded = false;
        for at in 0..self.sockets.len() {
            let read = self.take_news(at, cx);
            busy |= read > 0;
            flooded |= read == BATCH;
        }
        busy |= self.take_tokens(cx);
        busy |= self.tasks.poll(cx).is_ready();
        busy |= self.take_alarm(cx);
        if busy { Poll::Ready(flooded) } else { Poll::Pending }
    }

    /// What the socket at this place has to say, and how much that was. If another one moves there meanwhile, there was news, so
    /// all sockets are looked at again.
    fn take_news(&mut self, at: usize, cx: &mut Context<'_>) -> usize {
        let mut heard = None;
        let mut known = Known::default();
        let mut read = 0;
        while read < BATCH
            && let Some(socket) = self.sockets.get_mut(at)
            && let Poll::Ready(news) = socket.poll(cx)
        {
            read += 1;
            let id = socket.id;
            match self.take_short_way(id, news, &mut known) {
                None => heard = Some(id),
                Some(news) => {
                    self.tell(id, news);
                    self.carry_out();
                    known = Known::default();
                }
            }
        }
        if let Some(socket) = heard {
            self.driver.heard(socket);
            // What handlers on the short way have asked for.
            self.carry_out();
        }
        read
    }

    fn take_tokens(&mut self, cx: &mut Context<'_>) -> bool {
        let mut tokens: Vec<(TokenRequestId, Token)> = Vec::new();
        self.fetching.retain_mut(|(request, answer)| match answer.as_mut().poll(cx) {
            Poll::Ready(token) => {
                tokens.push((*request, token));
                false
            }
            Poll::Pending => true,
        });
        let busy = !tokens.is_empty();
        for (request, result) in tokens {
            self.driver.tell(Input::Token { request, result });
            self.carry_out();
        }
        busy
    }

    fn take_alarm(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = {
            let core = self.driver.lock();
            core.machine.poll_timeout().and_then(|at| core.clock.timer(at))
        };
        let rings = self.alarm.poll(deadline, cx).is_ready();
        if rings {
            self.driver.ring();
        }
        rings
    }

    /// The frames that come most often go past the queue, unless something waits in it. Gives back what does not.
    fn take_short_way(&mut self, socket: SocketId, news: News, known: &mut Known) -> Option<News> {
        match news {
            News::Frame(ServerFrame::Application(ApplicationFrame::Message {
                channel,
                from,
                data,
                from_metadata,
            })) if self.may_tell(socket, known) => {
                let (sender_peer_id, sender_metadata) = (from, from_metadata);
                let message = Message { channel, sender_peer_id, data, sender_metadata };
                let tasks = &mut self.tasks;
                let spawn = &mut |task| tasks.spawn(task);
                self.driver.emitter.emit_to(&mut known.audience, message, spawn);
            }
            News::Frame(ServerFrame::Ack { request_id }) => {
                let Some(waiter) = self.driver.take_acked(socket, &request_id) else {
                    return Some(News::Frame(ServerFrame::Ack { request_id }));
                };
                let _ = waiter.send(Ok(()));
            }
            News::Opened
            | News::Frame(_)
            | News::Malformed(_)
            | News::Binary
            | News::Oversize
            | News::Closed(_) => return Some(news),
        }
        None
    }

    /// Whether a message on this socket may be handed to the user right away. Asked once, and again after every call.
    fn may_tell(&self, socket: SocketId, known: &mut Known) -> bool {
        let unchanged = known.may_tell && !self.driver.wake.is_called();
        known.may_tell = unchanged || self.driver.may_tell(socket);
        known.may_tell
    }

    fn tell(&mut self, socket: SocketId, news: News) {
        self.driver.tell(match news {
            News::Opened => Input::SocketOpened { socket },
            News::Frame(frame) => Input::Frame { socket, frame },
            News::Malformed(why) => Input::Malformed { socket, why },
            News::Binary => Input::Binary { socket },
            News::Oversize => Input::Oversize { socket },
            News::Closed(close) => {
                self.sockets.retain(|socket| !socket.is_over());
                Input::SocketClosed { socket, close }
            }
        });
    }

    fn tell_if_drained(&mut self) {
        let mut core = self.driver.lock();
        if self.tasks.drained(core.excused()) {
            let now = core.clock.now();
            core.machine.handle_input(Input::HandlersDrained, now);
        }
    }

    fn carry_out(&mut self) {
        while let Some((output, waiter)) = self.driver.next_output() {
            match output {
                Output::OpenSocket { socket, address } => {
                    self.sockets.push(Socket::open(socket, address, self.driver.tls.clone()));
                }
                Output::Send { socket, frame, call } => self.send(socket, frame, call),
                Output::CloseSocket { socket, code, reason, report } => {
                    self.close(socket, code, &reason, report);
                }
                Output::FetchToken { request } => {
                    if let Some(provider) = &self.driver.provider {
                        self.fetching.push((request, provider.fetch()));
                    }
                }
                Output::ForgetToken { request } => self.forget_token(request),
                Output::DrainHandlers => {
                    self.tasks.drain();
                    self.tell_if_drained();
                }
                Output::Settle { result, .. } => {
                    if let Some(waiter) = waiter {
                        let _ = waiter.send(result);
                    }
                }
                Output::Event(event) => self.dispatch(event),
                Output::ForgetListeners => {
                    let mark = self.driver.lock().closed(&self.driver.emitter);
                    self.driver.emitter.forget(mark);
                }
                Output::EndStreams => {
                    let mark = self.driver.lock().exit.take_streams(&self.driver.emitter);
                    self.driver.emitter.end_streams(mark);
                }
                Output::Log(line) => log::write(&line),
            }
        }
    }

    /// Drops the provider's future, and with it what it does.
    fn forget_token(&mut self, forgotten: TokenRequestId) {
        let at = self.fetching.iter().position(|(request, _)| *request == forgotten);
        if let Some(at) = at {
            let provider = self.fetching.swap_remove(at);
            shield(move || drop(provider));
        }
    }

    fn dispatch(&mut self, event: Event<Payload>) {
        self.driver.lock().exit.note(&event, &self.driver.emitter);
        self.emit(event);
    }

    fn emit(&mut self, event: Event<Payload>) {
        let tasks = &mut self.tasks;
        self.driver.emitter.dispatch(event, std::convert::identity, &mut |task| tasks.spawn(task));
    }

    fn send(&mut self, socket: SocketId, frame: Outgoing, call: Option<CallId>) {
        let text = frame.into_text(call);
        let sent = self.socket(socket).is_some_and(|socket| socket.send(text));
        if !sent {
            self.driver.tell(Input::SendFailed { call });
        }
    }

    fn close(&mut self, id: SocketId, code: u16, reason: &str, report: bool) {
        let Some(at) = self.sockets.iter().position(|socket| socket.id == id) else {
            if report {
                let close = Close::new(code, reason);
                self.driver.tell(Input::SocketClosed { socket: id, close });
            }
            return;
        };
        if !report {
            self.sockets.swap_remove(at).abandon(code, reason);
        } else if let Some(news) = self.sockets[at].close(code, reason) {
            self.tell(id, news);
        }
    }

    fn socket(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.iter_mut().find(|socket| socket.id == id)
    }
}

/// What was found out for the first of many messages, and mostly holds for the next ones.
#[derive(Default)]
struct Known {
    may_tell: bool,
    audience: Option<Audience<Message>>,
}

/// A runtime that is shut down drops its tasks.
impl Drop for Pump {
    fn drop(&mut self) {
        self.tasks.leave();
        if !self.rested {
            self.driver.abandon(self.sockets.iter().map(|socket| socket.id));
        }
    }
}

/// Lets the runtime's other tasks have their turn. Tokio's own `yield_now` looks at all sockets of the program as well.
async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// So many frames are read at most before anything else has its turn.
const BATCH: usize = 64;

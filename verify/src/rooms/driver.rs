//! Carries out what a room says, as a driver does: calls of the client, orders for connections, events for the user.

use metered_realtime_proto::machine::{CallError, Instant, Outcome};
use metered_realtime_proto::peer::{ClientCall, Input, Output, RequestId, Signal};

use super::link::Up;
use super::load::Load;
use super::world::{Happening, World};
use crate::trace::trace;

impl World {
    fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// Tells a room something and does what it says.
    pub(crate) fn tell(&mut self, page: usize, input: Input<Load>) {
        if self.pages[page].alive && self.broken.is_none() {
            let now = self.instant();
            self.pages[page].room.handle_input(input, now);
            self.pump(page);
        }
    }

    /// Does all that a room says.
    pub(crate) fn pump(&mut self, page: usize) {
        if self.pages[page].pumping {
            return;
        }
        self.pages[page].pumping = true;
        let mut count = 0;
        while let Some(output) = self.pages[page].room.poll_output() {
            self.totals.outputs += 1;
            count += 1;
            if count > 100_000 {
                self.fail("a room comes to rest", format!("{output:?}"));
            }
            self.carry_out(page, output);
            if self.broken.is_some() || !self.pages[page].alive {
                break;
            }
        }
        self.pages[page].pumping = false;
        if self.pages[page].alive && self.broken.is_none() {
            self.set_alarm(page);
        }
    }

    fn set_alarm(&mut self, page: usize) {
        let due = self.pages[page].room.poll_timeout();
        self.pages[page].alarm += 1;
        if let Some(due) = due {
            let at = due.as_millis();
            let set = self.pages[page].alarm;
            self.schedule.add(at.max(self.now), Happening::Alarm { page, set });
        }
    }

    pub(crate) fn ring(&mut self, page: usize, set: u32) {
        if self.pages[page].alive && self.pages[page].alarm == set {
            let now = self.instant();
            if self.pages[page].checker.rings_at(self.now) > 50 {
                // What is due is done, so the next alarm lies ahead.
                self.fail("an alarm does not ring for ever", format!("page {page}: {now:?}"));
            }
            self.pages[page].room.handle_timeout(now);
            self.pump(page);
        }
    }

    fn carry_out(&mut self, page: usize, output: Output<Load>) {
        let told = self.pages[page].checker.output(&output, self.now);
        self.note(told);
        match output {
            Output::Client(call) => self.client(page, call),
            Output::Connection { connection, order } => self.obey(page, connection, order),
            Output::Settle { call, result } => {
                trace!(self, self.pages[page].slot, "call {} {result:?}", call.0);
            }
            Output::Event(event) => self.user_hears(page, event),
            Output::ForgetRemote(_) | Output::Log(_) => {}
        }
    }

    fn client(&mut self, page: usize, call: ClientCall<Load>) {
        let slot = self.pages[page].slot;
        match call {
            ClientCall::Connect { request } => {
                trace!(self, slot, "connects");
                self.pages[page].dialling = Some(Some(request));
                self.schedule_dial(page, 20);
            }
            ClientCall::Subscribe { request, .. } => {
                self.pages[page].subscribed = true;
                self.request(page, request, Up::Subscribe(Some(request)));
            }
            ClientCall::Unsubscribe { .. } => {
                self.pages[page].subscribed = false;
                self.write(page, Up::Unsubscribe);
            }
            ClientCall::Publish { request, data, .. } => {
                self.request(page, request, Up::Publish(Some(request), data));
            }
            ClientCall::Send { request, to, data } => {
                self.request(page, request, Up::Send(Some(request), to, data));
            }
            ClientCall::Signal { to, signal } => {
                self.totals.signals += 1;
                self.honest_signals += u64::from(!self.is_hostile(&to));
                trace!(self, slot, "to {to}: {}", words(&signal));
                self.write(page, Up::Signal(to, signal));
            }
            ClientCall::Close { request, reason } => {
                trace!(self, slot, "closes its client {reason:?}");
                self.pages[page].subscribed = false;
                self.pages[page].dialling = None;
                self.lose_link(page, 1000, false, true);
                let result = Ok(());
                self.schedule.add(self.now + 5, Happening::Done { page, request, result });
            }
        }
    }

    fn request(&mut self, page: usize, request: RequestId, up: Up) {
        if self.pages[page].link.is_none() {
            let result = Err(CallError::NotConnected);
            self.schedule.add(self.now, Happening::Done { page, request, result });
            return;
        }
        self.pages[page].in_flight.insert(request);
        self.write(page, up);
    }

    /// A link is gone. Requests fail first, then the room gets the event.
    pub(crate) fn lose_link(&mut self, page: usize, code: u16, retry: bool, noticed: bool) {
        let Some(link) = self.pages[page].link.take() else { return };
        self.close_link(link, noticed);
        for request in std::mem::take(&mut self.pages[page].in_flight) {
            let outcome = Outcome::Unknown;
            let result = Err(CallError::Disconnected { close_code: code, outcome });
            self.tell_done(page, request, result);
        }
        trace!(self, self.pages[page].slot, "loses its link, code {code}");
        let reason = String::new();
        if retry {
            self.totals.drops += 1;
            self.pages[page].dialling = Some(None);
            let pause = 100 + self.dice.magnitude(3_000);
            self.schedule_dial(page, pause);
        }
        self.tell(page, Input::Disconnected { code, reason, will_reconnect: retry });
    }

    pub(crate) fn tell_done(
        &mut self,
        page: usize,
        request: RequestId,
        result: Result<(), CallError>,
    ) {
        self.pages[page].in_flight.remove(&request);
        self.tell(page, Input::ClientDone { request, result });
    }
}

/// A signal in words.
pub(crate) fn words(signal: &Signal<Load>) -> String {
    match signal {
        Signal::Description(description) => match &description.sdp.text {
            Load::Sdp(sdp) => {
                format!("{} {} of pc {}", sdp.kind.name(), sdp.number, sdp.pc)
            }
            other
            @ (Load::Candidate { .. } | Load::Garbage | Load::Data(_) | Load::Metadata(_)) => {
                format!("{} {other:?}", description.kind.name())
            }
        },
        Signal::Candidate(candidate) => format!("candidate {:?}", candidate.ufrag),
        Signal::Metadata(metadata) => {
            format!("metadata of track {}: {:?}", metadata.track, metadata.metadata)
        }
    }
}

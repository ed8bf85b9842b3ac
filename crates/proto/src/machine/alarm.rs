//! The one alarm: when it is due, and what happens when it fires (rules 157 to 169 and d07).

use super::error::CallError;
use super::io::{Level, Outgoing};
use super::liveness::{LONGEST_PROBE_MS, Verdict, probe_ms};
use super::subscriptions::Failure;
use super::time::Instant;
use super::{Link, Machine};
use crate::wire::CloseCode;

/// An alarm that rings this much late, in milliseconds, shows that the process was suspended.
const LATE_MS: u64 = 1_000;

impl<P, N> Machine<P, N> {
    /// When [`handle_timeout`](Self::handle_timeout) is to be called: at once while outputs wait, else at the earliest
    /// deadline, `None` if there is none. Coming early is harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = if self.has_output() { self.now } else { self.deadline() };
        (due < Instant::NEVER).then_some(due)
    }

    /// Does what is due. If that comes late, the process slept, and the peer gets a little more time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late = now.max(self.now).since(self.deadline()) >= LATE_MS;
        let now = self.tick(now);
        if late {
            self.give_grace();
        }
        self.do_what_is_due(now);
    }

    /// Does what is due, however late: a test turns the clock in steps, so lateness shows nothing.
    pub fn handle_stepped_timeout(&mut self, now: Instant) {
        let now = self.tick(now);
        self.do_what_is_due(now);
    }

    fn do_what_is_due(&mut self, now: Instant) {
        if self.deadline() > now {
            return;
        }
        if self.closing.as_ref().is_some_and(|closing| closing.deadline <= now) {
            self.finish_closing();
        }
        if now >= self.grace {
            while let Some(request) = self.requests.take_expired(now) {
                // The caller is told that nothing is known, so nothing is taken back, even if the frame never left.
                let error = CallError::AckTimeout { timeout_ms: request.timeout_ms };
                self.fail(request, Failure::Uncertain, error);
            }
        }
        self.check_link();
        self.check_renewal();
        while let Some(attempt) = self.subscriptions.take_due_retry(now) {
            self.subscribe_beside(attempt);
            self.send_replay(attempt);
        }
    }

    /// The network or the page came back: do not trust the socket, do not wait any longer.
    pub(super) fn wake(&mut self) {
        match &mut self.link {
            // Not by the alarm: a page that is not in sight would get it late.
            Link::Waiting { not_before, .. } if *not_before <= self.now => self.dial(),
            Link::Waiting { until, not_before } => *until = (*until).min(*not_before),
            Link::Ready { .. } => self.probe(),
            Link::Dialling { .. } | Link::Fetching { .. } | Link::Idle | Link::Closed => {}
        }
    }

    fn deadline(&self) -> Instant {
        let closing = self.closing.as_ref().map_or(Instant::NEVER, |closing| closing.deadline);
        self.link
            .deadline()
            .min(closing)
            .min(self.requests.deadline().max(self.grace))
            .min(self.subscriptions.deadline())
            .min(self.renewal.deadline())
    }

    /// The process slept: what arrived meanwhile is still in the socket, so nobody is late yet. Nothing is put off twice:
    /// where every alarm is late, as in a hidden page, it would never end.
    fn give_grace(&mut self) {
        self.log(Level::Debug, "the alarm was late; probing");
        let probe = self.options.inactivity_timeout_ms.map_or(LONGEST_PROBE_MS, probe_ms);
        let (last, until) = (self.grace, self.now.after(probe));
        if self.requests.deadline() > last {
            self.grace = until;
        }
        match &mut self.link {
            Link::Fetching { deadline, .. } => {
                if *deadline > last {
                    *deadline = (*deadline).max(until);
                }
            }
            Link::Dialling { deadline, liveness, .. } => {
                if *deadline > last {
                    *deadline = (*deadline).max(until);
                }
                if let Some(liveness) = liveness {
                    liveness.start_probe(self.now);
                }
            }
            Link::Ready { .. } => self.probe(),
            Link::Idle | Link::Closed | Link::Waiting { .. } => {}
        }
    }

    /// Asks the peer for a sign of life within a short time.
    fn probe(&mut self) {
        if let Some(liveness) = self.link.liveness()
            && liveness.start_probe(self.now)
        {
            self.ping();
        }
    }

    fn ping(&mut self) {
        self.send(None, Outgoing::Ping);
    }

    fn check_link(&mut self) {
        let now = self.now;
        match &mut self.link {
            Link::Idle | Link::Closed => {}
            Link::Fetching { deadline, request, asked } => {
                // Who is not even asked is not late.
                if *asked && *deadline <= now {
                    let request = *request;
                    self.queue.push_back(super::Output::ForgetToken { request });
                    let message = "the token provider did not answer in time";
                    self.on_token_failed("TimeoutError", message);
                }
            }
            Link::Dialling { deadline, liveness, .. } => {
                let late = *deadline <= now;
                let verdict = liveness.as_mut().map(|liveness| liveness.check(false, now));
                if verdict == Some(Verdict::Dead) {
                    self.abandon_silent();
                } else if late {
                    self.abandon(CloseCode::ClientInactivity, "welcome timeout");
                }
            }
            Link::Ready { liveness, .. } => {
                match liveness.as_mut().map(|liveness| liveness.check(true, now)) {
                    None | Some(Verdict::Alive) => {}
                    Some(Verdict::AskNow) => self.ping(),
                    Some(Verdict::Dead) => self.abandon_silent(),
                }
            }
            Link::Waiting { until, .. } => {
                if *until <= now {
                    self.dial();
                }
            }
        }
    }

    fn abandon_silent(&mut self) {
        self.log(Level::Warn, "the peer is silent for too long");
        self.abandon(CloseCode::ClientInactivity, "inactivity timeout");
    }
}

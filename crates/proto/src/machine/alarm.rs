//! The one alarm: when it is due, and what happens when it fires (rules 157 to 169 and d07).

use super::error::CallError;
use super::io::{Level, Outgoing};
use super::liveness::{LONGEST_PROBE_MS, Verdict, probe_ms};
use super::subscriptions::Failure;
use super::time::Instant;
use super::{Link, Machine};
use crate::wire::CloseCode;

/// An alarm that fires this many milliseconds late shows that the process was suspended.
const LATE_MS: u64 = 1_000;

impl<P, N> Machine<P, N> {
    /// When to call [`handle_timeout`](Self::handle_timeout): at once while outputs wait, otherwise at the earliest deadline.
    /// `None`: there is no deadline. Calling it early is harmless.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = if self.has_output() { self.now } else { self.deadline() };
        (due < Instant::NEVER).then_some(due)
    }

    /// Handles all deadlines that have passed. If it is called late, the process was asleep, and the peer gets a little more time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late = now.max(self.now).since(self.deadline()) >= LATE_MS;
        let now = self.tick(now);
        if late {
            self.give_grace();
        }
        self.do_what_is_due(now);
    }

    /// The same for a clock that a test moves in steps, where being late means nothing.
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
                // The caller learns that the outcome is unknown. So the subscription stays, even if the frame was never sent.
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

    /// The network or the page came back: check the socket, and do not wait any longer for the next dial.
    pub(super) fn wake(&mut self) {
        match &mut self.link {
            // Dial here and not by the alarm: in a hidden page the alarm would fire late.
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

    /// The process was asleep. What arrived meanwhile is still in the socket, so no deadline counts as missed yet. No deadline is
    /// put off twice: in a hidden page every alarm is late, and nothing would ever time out.
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

    /// Asks the peer for a sign of life, and waits only a short time for it.
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
                // A provider that has not been called yet cannot be late.
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

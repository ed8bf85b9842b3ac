//! A new connection takes over before a token expires, and nothing is lost on the way.

use metered_realtime_proto::machine::{Connected, SocketId};
use metered_realtime_proto::wire::Welcome;

use super::links::BATCH_MS;
use super::{Broken, Checker, rule};

impl Checker {
    pub(super) fn is_beside(&self, socket: SocketId) -> bool {
        [&self.next, &self.old].into_iter().flatten().any(|link| link.socket == socket)
    }

    /// Whether a connection may take over at any moment. The outputs alone do not tell when.
    pub(crate) fn takes_over(&self) -> bool {
        self.next.is_some()
    }

    /// The earliest time to renew the token of a welcomed connection.
    pub(super) fn plan_renewal(&mut self, welcome: &Welcome) {
        let renew = self.facts.renew.filter(|_| self.facts.provider && self.facts.auto_resubscribe);
        self.renewal = renew.zip(welcome.expires_at).map(|(before, expires)| {
            let lifetime = (expires - welcome.server_time) * 1_000.0;
            let wait = (lifetime - before as f64).max(lifetime / 2.0).max(1_000.0);
            self.clock.after(wait as u64)
        });
    }

    pub(super) fn renewal_begins(&mut self, request: u32) -> Result<(), Broken> {
        let may = self.renewal.take().is_some_and(|renewal| self.clock.after(BATCH_MS) >= renewal);
        rule("a token is renewed when it is time", may, || format!("{:?}", self.clock))?;
        let idle = self.fetching_next.is_none() && self.next.is_none() && self.old.is_none();
        rule("one connection at a time takes over", idle, || format!("{:?}", self.next))?;
        self.fetching_next = Some(request);
        Ok(())
    }

    /// A renewal is tried again, but not at once.
    pub(super) fn renewal_failed(&mut self) {
        self.renewal = Some(self.clock.after(1_000).max(self.paused));
    }

    pub(super) fn welcomed_beside(&mut self, socket: SocketId, welcome: &Welcome) {
        let clock = self.clock;
        let next = self.next.as_mut().filter(|next| next.socket == socket);
        if let Some(next) = next.filter(|next| next.welcomed.is_none()) {
            next.welcomed = Some(clock);
            self.next_welcome = Some(welcome.clone());
            self.subscriptions.joins(true);
        }
    }

    /// The connection beside the current one is gone.
    pub(super) fn lost_beside(&mut self, socket: SocketId) {
        if self.next.as_ref().is_some_and(|next| next.socket == socket) {
            self.next = None;
            self.renewal_failed();
        }
        if self.old.as_ref().is_some_and(|old| old.socket == socket) {
            self.old = None;
        }
    }

    /// The renewal is given up.
    pub(super) fn drop_renewal(&mut self) {
        self.next = None;
        self.old = None;
        self.fetching_next = None;
        self.token_next = None;
        self.renewal = None;
    }

    /// `connected` without a change of the state means that the next connection has taken over.
    pub(super) fn took_over(&mut self, connected: &Connected) -> Result<(), Broken> {
        let next = self.next.take();
        let about = || format!("{connected:?}");
        let Some(mut next) = next.filter(|next| next.welcomed.is_some()) else {
            return rule("connected comes once", false, about);
        };
        rule("a renewal is no first connection", connected.is_reconnect, about)?;
        next.last_alive = Some(self.clock);
        next.welcomed = Some(self.clock);
        self.old = self.link.replace(next);
        self.hint = None;
        self.probe = None;
        self.welcomes += 1;
        self.token_failures = 0;
        self.subscriptions.taken_over(self.welcomes);
        self.cap = connected.max_message_size;
        self.last_welcome = self.next_welcome.take();
        if let Some(welcome) = self.last_welcome.clone() {
            self.plan_renewal(&welcome);
        }
        Ok(())
    }
}

//! The next attempt to connect is made in time: backoff, dial budget, delays that the server asked for.

use metered_realtime_proto::machine::{Close, Instant, SocketId};

use super::links::{BATCH_MS, Loss};
use super::{Broken, Checker, rule};

impl Checker {
    /// A server that refuses a dial may ask for a pause.
    pub(super) fn asked_to_pause(&mut self, socket: SocketId, close: &Close) {
        let honoured =
            self.facts.reconnect.as_ref().is_some_and(|knobs| knobs.raw.honour_going_away);
        let asks = matches!(close.http_status, Some(429 | 503));
        let in_use = self.current(socket).is_some() || self.is_beside(socket);
        if let Some(ms) = close.retry_after_ms.filter(|ms| honoured && asks && in_use && *ms > 0.0)
        {
            self.paused = self.clock.after(ms.min(300_000.0).ceil() as u64);
        }
    }

    /// An attempt to connect begins. It is the first one, or it is allowed and not too early.
    pub(super) fn attempt(&mut self) -> Result<(), Broken> {
        rule("no attempt is made after close()", !self.shut, String::new)?;
        if std::mem::take(&mut self.first_dial) {
            self.loss = None;
            return Ok(());
        }
        let Some(loss) = self.loss.take() else {
            return rule("an attempt follows a loss", false, String::new);
        };
        let about = || format!("{loss:?}, {} attempts", self.attempts);
        let Some(knobs) = &self.facts.reconnect else {
            return rule("no retry where it is switched off", false, about);
        };
        rule("the first attempt is not repeated", self.ever, about)?;
        let hopeless = matches!(loss.code, 4001 | 4003 | 4012 | 4020);
        rule("no retry after a final code", !hopeless, about)?;
        rule(
            "the retries are counted",
            knobs.max_attempts.is_none_or(|max| self.attempts < max),
            about,
        )?;
        let (least, _) = self.delays(&loss);
        let waited = self.clock.since(loss.at);
        rule("the backoff is kept", waited + BATCH_MS >= least, || {
            format!("{loss:?}, {} attempts, waited {waited} of {least} ms", self.attempts)
        })?;
        self.counts |= loss.short;
        self.attempts += 1;
        Ok(())
    }

    pub(super) fn check_budget(&mut self) -> Result<(), Broken> {
        let most = self.facts.reconnect.as_ref().and_then(|knobs| knobs.max_dials_per_minute);
        if !std::mem::take(&mut self.counts) {
            return Ok(());
        }
        if let Some(at) = most.and_then(|most| self.budgeted.len().checked_sub(most as usize)) {
            let since = self.clock.since(self.budgeted[at]);
            rule("the dial budget is kept", since + BATCH_MS >= 60_000, || {
                format!("one too many in {since} ms, budget {most:?}")
            })?;
        }
        self.budgeted.push(self.clock);
        Ok(())
    }

    /// The shortest and the longest delay by the formula.
    pub(super) fn delays(&self, loss: &Loss) -> (u64, u64) {
        let Some(knobs) = &self.facts.reconnect else { return (0, u64::MAX) };
        let raw = &knobs.raw;
        let power = raw.multiplier.powf(f64::from(self.attempts));
        let floor = if loss.code == 4010 { 30_000.0 } else { 0.0 };
        let hint = loss.hint.filter(|_| raw.honour_going_away).unwrap_or(0.0).min(300_000.0);
        let nominal = (raw.initial_delay_ms * power).min(raw.max_delay_ms).max(floor);
        let mut least = (nominal * (1.0 - raw.jitter_ratio) * 0.999_999).max(floor).max(hint);
        let mut most = (nominal * (1.0 + raw.jitter_ratio) * 1.000_001).max(hint);
        if loss.fleet && raw.fleet_spread_ms > 0.0 {
            least = hint.max(floor);
            most = (hint + raw.fleet_spread_ms).max(floor);
        }
        if loss.woken {
            least = floor.max(hint);
        }
        let pause = self.paused.since(loss.at);
        ((least as u64).max(pause), (most as u64).saturating_add(1).max(pause))
    }

    /// Until when the next attempt has to begin.
    pub(super) fn retry_deadline(&self) -> Option<Instant> {
        let loss = self.loss.as_ref()?;
        let (_, most) = self.delays(loss);
        let by_backoff = loss.at.after(most);
        let knobs = self.facts.reconnect.as_ref()?;
        let budget = knobs.max_dials_per_minute.filter(|_| loss.short);
        let by_budget = budget
            .and_then(|most| self.budgeted.len().checked_sub(most as usize))
            .map(|at| self.budgeted[at].after(60_000));
        Some(by_budget.map_or(by_backoff, |by_budget| by_budget.max(by_backoff)))
    }
}

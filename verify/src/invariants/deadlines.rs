//! The alarm is set, never in the past and never too late. So no call hangs, and nothing spins.

use metered_realtime_proto::machine::{Instant, Machine, State};

use super::{Broken, Checker, rule};

impl Checker {
    /// The alarm is about to fire; this is when it was due.
    pub(crate) fn fires(&mut self, due: Option<Instant>, undrained: bool) {
        let late = due.is_some_and(|due| self.clock.since(due) >= 1_000);
        if late || undrained {
            self.grace = Some(self.clock);
            self.probes();
        }
    }

    /// An alarm that fires in time has something to do, with few exceptions.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn fires_in_time(&mut self) -> Result<(), Broken> {
        self.idle_alarms += 1;
        rule("an alarm has something to do", self.idle_alarms <= 4, || {
            format!("{} alarms in a row for nothing", self.idle_alarms)
        })
    }

    /// The alarm has fired and all outputs were carried out; this is when it is due next.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn fired(&self, due: Option<Instant>) -> Result<(), Broken> {
        if self.calls.is_out_of_patience(self.clock) {
            return Ok(());
        }
        rule(
            "an alarm that has fired is not due again",
            due.is_none_or(|due| due > self.clock),
            || format!("due {due:?}, now {:?}", self.clock),
        )
    }

    /// The machine may send a probe now.
    pub(super) fn probes(&mut self) {
        let first = self.probe.map_or(self.clock, |(first, _)| first);
        self.probe = Some((first, self.clock));
    }

    pub(super) fn check_alarm(&self, machine: &Machine<String>) -> Result<(), Broken> {
        let due = machine.poll_timeout();
        if matches!(self.shown, State::Connecting | State::Reconnecting) {
            rule("no call and no connection hangs", due.is_some(), || {
                format!("{:?} without an alarm", self.shown)
            })?;
        }
        let Some(latest) = self.latest_alarm() else { return Ok(()) };
        let about = || format!("due {due:?}, latest {latest:?}, now {:?}", self.clock);
        rule("the alarm is early enough", due.is_some_and(|due| due <= latest), about)
    }

    /// When the alarm has to be due at the latest. `None`: no alarm is needed.
    fn latest_alarm(&self) -> Option<Instant> {
        let grace = self.grace.map_or(Instant::START, |grace| grace.after(LONGEST_PROBE_MS));
        let fetch = self.fetching.map(|(_, since)| since.after(self.facts.token_timeout));
        let dial = self
            .link
            .as_ref()
            .and_then(|link| link.welcomed.is_none().then(|| link.dialled.after(WELCOME_MS)));
        let silence = self.link.as_ref().zip(self.facts.inactivity).and_then(|(link, timeout)| {
            let last_alive = link.last_alive?;
            let probe = self.probe.map(|(_, last)| last.after(LONGEST_PROBE_MS));
            Some(last_alive.after(timeout).max(probe.unwrap_or(last_alive)))
        });
        let retry = if self.shown == State::Reconnecting && self.fetching.is_none() {
            self.retry_deadline()
        } else {
            None
        };
        let candidates = [self.calls.deadline(), fetch, dial, silence, retry];
        let earliest = candidates.into_iter().flatten().min()?;
        Some(earliest.max(grace))
    }

    /// Whether the options allow a connection at all, over a link with some latency.
    #[must_use]
    pub(crate) fn can_be_connected(&self) -> bool {
        self.facts.inactivity.is_none_or(|timeout| timeout >= 100)
    }

    /// How long a recovery may take once there are no faults.
    #[must_use]
    pub(crate) fn longest_recovery(&self) -> u64 {
        let delay = self.facts.reconnect.as_ref().map_or(0.0, |knobs| {
            let by_backoff = knobs.raw.max_delay_ms * (1.0 + knobs.raw.jitter_ratio);
            by_backoff.max(30_000.0) + knobs.raw.fleet_spread_ms + 300_000.0
        });
        let token = if self.facts.provider { self.facts.token_timeout } else { 0 };
        [delay as u64, token, self.facts.inactivity.unwrap_or(0), 60_000, WELCOME_MS, 60_000]
            .into_iter()
            .fold(0, u64::saturating_add)
            .saturating_mul(4)
    }

    /// The user is about to close the client for the last time.
    pub(crate) fn last_close(&mut self) {
        self.grace = None;
    }
}

/// The longest time of a probe, by which deadlines may be put off.
const LONGEST_PROBE_MS: u64 = 5_000;

const WELCOME_MS: u64 = 10_000;

//! The one timer of a client.

use gloo_timers::callback::Timeout;

use crate::machine::Instant;

#[derive(Debug, Default)]
pub(super) struct Alarm {
    armed: Option<(Instant, Timeout)>,
}

impl Alarm {
    /// Whether the alarm rings at `due` or earlier, or not at all if there is none.
    ///
    /// A timer that is set for an earlier time is good enough: it rings, finds nothing to do and is set again. So requests,
    /// whose deadlines come and go, cost no timers.
    pub(super) fn covers(&self, due: Option<Instant>) -> bool {
        match (&self.armed, due) {
            (None, None) => true,
            (Some((armed, _)), Some(due)) => *armed <= due,
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// Sets the alarm, in place of what it was set for.
    pub(super) fn set(&mut self, due: Option<Instant>, now: Instant, ring: impl FnOnce() + 'static) {
        self.armed = due.map(|due| {
            let delay = due.since(now).min(LONGEST_MS);
            (now.after(delay), Timeout::new(delay as u32, ring))
        });
    }

    /// The alarm rings: the time that it was set for.
    pub(super) fn take(&mut self) -> Option<Instant> {
        let (due, timeout) = self.armed.take()?;
        // It has fired; forgetting only spares the call of `clearTimeout` from inside of it.
        drop(timeout);
        Some(due)
    }
}

/// Timers hold signed 32-bit milliseconds; anything above fires at once.
const LONGEST_MS: u64 = i32::MAX as u64;

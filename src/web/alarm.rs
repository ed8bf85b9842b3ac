//! The one timer of a client.

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use metered_realtime_proto::machine::Instant;

#[wasm_bindgen]
extern "C" {
    /// The clock that timers run by. Tests that turn a clock by hand leave it alone.
    #[wasm_bindgen(catch, js_namespace = performance, js_name = now)]
    fn steady_now() -> Result<f64, JsValue>;
}

#[derive(Debug, Default)]
pub(super) struct Alarm {
    armed: Option<Armed>,
    /// How many timers there were; the number of the latest one is its name.
    timers: u32,
}

#[derive(Debug)]
struct Armed {
    due: Instant,
    timeout: Timeout,
    /// When it must fire at the earliest, by the steady clock. NaN where there is none.
    not_before: f64,
}

/// An alarm that has gone off.
pub(super) struct FiredAlarm {
    /// What it was set for.
    pub(super) due: Instant,
    /// Earlier than any timer can fire: a test turns the clock.
    pub(super) stepped: bool,
}

impl Alarm {
    /// Whether the alarm is set well enough.
    ///
    /// A timer that is set for an earlier time is: it fires, finds nothing to do and is set again. So requests, whose deadlines
    /// come and go, cost no timers. `exactly`: where a test turns the timers, it is not, because the test may leave the clock.
    pub(super) fn covers(&self, due: Option<Instant>, exactly: bool) -> bool {
        match (&self.armed, due) {
            (None, None) => true,
            (Some(armed), Some(due)) => armed.due == due || (armed.due < due && !exactly),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// Sets the alarm. `fire` gets the number of the timer.
    pub(super) fn set(&mut self, due: Instant, now: Instant, fire: impl FnOnce(u32) + 'static) {
        let delay = due.since(now).min(LONGEST_MS);
        self.timers = self.timers.wrapping_add(1);
        let timer = self.timers;
        self.armed = Some(Armed {
            due: now.after(delay),
            timeout: Timeout::new(delay as u32, move || fire(timer)),
            not_before: steady() + delay as f64 - SLACK_MS,
        });
    }

    /// Takes the alarm back.
    pub(super) fn clear(&mut self) -> Option<Cleared> {
        self.armed.take().map(|armed| Cleared(armed.timeout))
    }

    /// A timer fired. `None`: not the one that is set now.
    pub(super) fn take(&mut self, timer: u32) -> Option<FiredAlarm> {
        if timer != self.timers {
            return None;
        }
        let armed = self.armed.take()?;
        drop(armed.timeout);
        Some(FiredAlarm { due: armed.due, stepped: steady() < armed.not_before })
    }
}

/// A timer that is still to be stopped, with nothing borrowed: `clearTimeout` may be a test's.
#[must_use]
pub(super) struct Cleared(Timeout);

impl Cleared {
    /// JavaScript owns the callback from here on. Dropping it would be wrong: a test's `clearTimeout` need not stop a timer of the
    /// platform, which would then call what is not there any more.
    pub(super) fn stop(self) {
        let _ = self.0.cancel().into_js_value();
    }
}

/// Timers hold signed 32-bit milliseconds; anything above fires at once.
const LONGEST_MS: u64 = i32::MAX as u64;

/// How coarse the steady clock may be: browsers blur it, some to 100 ms.
pub(super) const SLACK_MS: f64 = 200.0;

fn steady() -> f64 {
    steady_now().unwrap_or(f64::NAN)
}

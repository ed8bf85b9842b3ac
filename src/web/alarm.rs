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
}

#[derive(Debug)]
struct Armed {
    due: Instant,
    timeout: Timeout,
    /// When it must ring at the earliest, by the steady clock. NaN where there is none.
    not_before: f64,
}

/// An alarm that has rung.
pub(super) struct Rung {
    /// What it was set for.
    pub(super) due: Instant,
    /// Earlier than any timer can ring: a test turns the clock.
    pub(super) stepped: bool,
}

impl Alarm {
    /// Whether the alarm is set well enough.
    ///
    /// A timer that is set for an earlier time is: it rings, finds nothing to do and is set again. So requests, whose deadlines
    /// come and go, cost no timers.
    pub(super) fn covers(&self, due: Option<Instant>) -> bool {
        match (&self.armed, due) {
            (None, None) => true,
            (Some(armed), Some(due)) => armed.due <= due,
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// Sets the alarm, in place of what it was set for.
    pub(super) fn set(
        &mut self,
        due: Option<Instant>,
        now: Instant,
        ring: impl FnOnce() + 'static,
    ) {
        self.armed = due.map(|due| {
            let delay = due.since(now).min(LONGEST_MS);
            Armed {
                due: now.after(delay),
                timeout: Timeout::new(delay as u32, ring),
                not_before: steady() + delay as f64 - SLACK_MS,
            }
        });
    }

    /// The alarm rings.
    pub(super) fn take(&mut self) -> Option<Rung> {
        let armed = self.armed.take()?;
        // It has fired; forgetting only spares the call of `clearTimeout` from inside of it.
        drop(armed.timeout);
        Some(Rung { due: armed.due, stepped: steady() < armed.not_before })
    }
}

/// Timers hold signed 32-bit milliseconds; anything above fires at once.
const LONGEST_MS: u64 = i32::MAX as u64;

/// How coarse the steady clock may be: browsers blur it, some to 100 ms.
pub(super) const SLACK_MS: f64 = 200.0;

fn steady() -> f64 {
    steady_now().unwrap_or(f64::NAN)
}

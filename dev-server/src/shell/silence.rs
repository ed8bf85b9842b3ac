//! How long a client may be silent.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Measures a client's silence. A frame costs a look at the clock; the alarm is set again only when it rings.
#[derive(Debug)]
pub(super) struct Silence {
    since: Instant,
    limit: Option<(Duration, Pin<Box<Sleep>>)>,
}

impl Silence {
    pub(super) fn new(limit: Option<Duration>) -> Silence {
        let since = Instant::now();
        let limit = limit.map(|limit| (limit, Box::pin(sleep_until(since + limit))));
        Silence { since, limit }
    }

    /// A frame came in.
    pub(super) fn broken(&mut self) {
        if self.limit.is_some() {
            self.since = Instant::now();
        }
    }

    /// Waits until the silence is as long as it may be; for ever without a limit.
    pub(super) async fn too_long(&mut self) {
        let Some((limit, alarm)) = &mut self.limit else { return std::future::pending().await };
        loop {
            alarm.as_mut().await;
            let due = self.since + *limit;
            if due <= Instant::now() {
                return;
            }
            alarm.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_measured_from_the_last_frame() {
        let start = Instant::now();
        let mut silence = Silence::new(Some(Duration::from_secs(75)));
        let early = tokio::time::timeout(Duration::from_secs(30), silence.too_long()).await;
        assert!(early.is_err());
        silence.broken();
        silence.too_long().await;
        assert_eq!(start.elapsed(), Duration::from_secs(105));
    }
}

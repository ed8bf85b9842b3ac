//! Rates: how many messages a connection may send, and how often an address may connect.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::io::Time;

/// A sustained rate with a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many a second in the long run.
    pub per_second: u32,
    /// How many at once.
    pub burst: u32,
}

/// Limits the connects of an address in a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectRate {
    /// How many.
    pub connects: usize,
    /// In which time.
    pub window: Duration,
}

/// A token bucket. It starts full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    filled: Time,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Time) -> Bucket {
        Bucket { tokens: f64::from(rate.burst), filled: now }
    }

    /// Takes one token, if there is one.
    pub(super) fn take(&mut self, rate: Rate, now: Time) -> bool {
        let earned = now.since(self.filled).as_secs_f64() * f64::from(rate.per_second);
        self.tokens = (self.tokens + earned).min(f64::from(rate.burst));
        self.filled = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

/// The recent connects of each address.
#[derive(Debug, Default)]
pub(super) struct Connects {
    recent: BTreeMap<IpAddr, VecDeque<Time>>,
}

impl Connects {
    /// Counts a connect, or says how long the address has to wait.
    pub(super) fn count(
        &mut self,
        ip: IpAddr,
        rate: ConnectRate,
        now: Time,
    ) -> Result<(), Duration> {
        let is_recent = |time: &Time| time.plus(rate.window) > now;
        if self.recent.len() > ADDRESSES_BEFORE_CLEANING {
            self.recent.retain(|_, times| times.back().is_some_and(is_recent));
        }
        let times = self.recent.entry(ip).or_default();
        while times.front().is_some_and(|first| !is_recent(first)) {
            times.pop_front();
        }
        if times.len() < rate.connects {
            times.push_back(now);
            return Ok(());
        }
        let first = times.front().copied().unwrap_or(now);
        Err(first.plus(rate.window).since(now))
    }
}

/// How many addresses are remembered before those without recent connects are forgotten.
const ADDRESSES_BEFORE_CLEANING: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::since_epoch(Duration::from_millis(millis))
    }

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let rate = Rate { per_second: 100, burst: 200 };
        let mut bucket = Bucket::full(rate, at(0));
        assert!((0..200).all(|_| bucket.take(rate, at(0))));
        assert!(!bucket.take(rate, at(0)));
        assert!(bucket.take(rate, at(10)));
        assert!(!bucket.take(rate, at(10)));
        assert!((0..200).all(|_| bucket.take(rate, at(1_000_000))));
        assert!(!bucket.take(rate, at(1_000_000)));
    }

    #[test]
    fn an_address_may_connect_again_when_the_window_has_moved_on() {
        let rate = ConnectRate { connects: 2, window: Duration::from_secs(60) };
        let mut connects = Connects::default();
        let [ours, other] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        assert_eq!(connects.count(ours, rate, at(0)), Ok(()));
        assert_eq!(connects.count(ours, rate, at(20_000)), Ok(()));
        assert_eq!(connects.count(ours, rate, at(30_000)), Err(Duration::from_secs(30)));
        assert_eq!(connects.count(other, rate, at(30_000)), Ok(()));
        assert_eq!(connects.count(ours, rate, at(60_000)), Ok(()));
        assert_eq!(connects.count(ours, rate, at(60_001)), Err(Duration::from_millis(19_999)));
    }
}

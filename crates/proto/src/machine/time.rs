//! Time as the machine sees it: milliseconds since the driver's start, given by the driver.

/// A point in time, in milliseconds since the driver's start. It may jump ahead by hours; a step back is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The start of the driver's clock.
    pub const START: Instant = Instant(0);

    /// Later than every deadline.
    pub(super) const NEVER: Instant = Instant(u64::MAX);

    /// The point this many milliseconds after the start.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Instant {
        Instant(ms)
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point `ms` later, or the last one before never.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn after(self, ms: u64) -> Instant {
        let later = self.0.saturating_add(ms);
        Instant(if later == u64::MAX { u64::MAX - 1 } else { later })
    }

    /// How many milliseconds have passed since `earlier`; zero if `earlier` is in the future.
    #[must_use]
    pub const fn since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

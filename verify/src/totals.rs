//! Counts of what happened.

use crate::runner::Tally;

/// Counts of one session or of many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Sessions.
    pub sessions: u64,
    /// Steps of the simulation.
    pub steps: u64,
    /// Outputs of machines.
    pub outputs: u64,
    /// Events that users saw.
    pub events: u64,
    /// Calls of users.
    pub calls: u64,
    /// Calls that were answered later.
    pub settled: u64,
    /// Frames that clients wrote.
    pub frames: u64,
    /// Sockets that were opened.
    pub dials: u64,
    /// Simulated time.
    pub simulated_ms: u64,
}

impl Tally for Totals {
    fn add(&mut self, other: &Totals) {
        self.sessions += other.sessions;
        self.steps += other.steps;
        self.outputs += other.outputs;
        self.events += other.events;
        self.calls += other.calls;
        self.settled += other.settled;
        self.frames += other.frames;
        self.dials += other.dials;
        self.simulated_ms = self.simulated_ms.saturating_add(other.simulated_ms);
    }
}

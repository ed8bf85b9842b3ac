//! What the hub counts: everything since its start, and each app's use of the service.

use std::collections::BTreeMap;

use super::io::FrameKind;

/// What the hub has counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections that were welcomed.
    pub opened: u64,
    /// Connections that ended.
    pub closed: u64,
    /// Closes by the server, by code.
    pub closes: BTreeMap<u16, u64>,
    /// Frames from clients by type.
    pub frames_in: BTreeMap<&'static str, u64>,
    /// Frames to clients by type; one for each receiver.
    pub frames_out: BTreeMap<&'static str, u64>,
    /// Messages from other nodes by kind.
    pub bus_in: BTreeMap<&'static str, u64>,
    /// Messages to other nodes by kind; one for each subject.
    pub bus_out: BTreeMap<&'static str, u64>,
}

/// An app's use of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Connections now.
    pub concurrent_now: usize,
    /// The most connections at one time.
    pub peak_concurrent: usize,
    /// Messages published and sent.
    pub messages_used: u64,
    /// When the period started, in Unix seconds.
    pub period_start: u64,
}

impl Stats {
    pub(super) fn count_close(&mut self, code: u16) {
        *self.closes.entry(code).or_default() += 1;
    }

    pub(super) fn count_in(&mut self, kind: &'static str) {
        *self.frames_in.entry(kind).or_default() += 1;
    }

    pub(super) fn count_received(&mut self, kind: &'static str) {
        *self.bus_in.entry(kind).or_default() += 1;
    }

    pub(super) fn count_sent(&mut self, kind: &'static str) {
        *self.bus_out.entry(kind).or_default() += 1;
    }

    pub(super) fn count_out(&mut self, kind: FrameKind, receivers: usize) {
        *self.frames_out.entry(kind.as_str()).or_default() += receivers as u64;
    }
}

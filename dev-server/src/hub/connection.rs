//! What the hub knows about one connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::grant::Grant;
use super::io::Time;
use super::later::Due;
use super::rate::{Bucket, Rate};

/// One admitted connection.
#[derive(Debug)]
pub(super) struct Connection {
    grant: Arc<Grant>,
    channels: BTreeSet<Arc<str>>,
    bucket: Option<(Rate, Bucket)>,
    expiry: Option<Due>,
    mute: bool,
}

impl Connection {
    pub(super) fn new(
        grant: Arc<Grant>,
        expiry: Option<Due>,
        rate: Option<Rate>,
        now: Time,
    ) -> Connection {
        let bucket = rate.map(|rate| (rate, Bucket::full(rate, now)));
        Connection { grant, channels: BTreeSet::new(), bucket, expiry, mute: false }
    }

    pub(super) fn grant(&self) -> &Arc<Grant> {
        &self.grant
    }

    pub(super) fn channels(&self) -> &BTreeSet<Arc<str>> {
        &self.channels
    }

    pub(super) fn holds(&self, channel: &str) -> bool {
        self.channels.contains(channel)
    }

    pub(super) fn add_channel(&mut self, channel: Arc<str>) {
        self.channels.insert(channel);
    }

    pub(super) fn remove_channel(&mut self, channel: &str) -> Option<Arc<str>> {
        self.channels.take(channel)
    }

    /// Whether one more frame is within the rate.
    pub(super) fn may_speak(&mut self, now: Time) -> bool {
        self.bucket.as_mut().is_none_or(|(rate, bucket)| bucket.take(*rate, now))
    }

    pub(super) fn expiry(&self) -> Option<Due> {
        self.expiry
    }

    /// Whether a fault keeps every frame from it.
    pub(super) fn is_mute(&self) -> bool {
        self.mute
    }

    pub(super) fn set_mute(&mut self, mute: bool) {
        self.mute = mute;
    }
}

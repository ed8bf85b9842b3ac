//! What the hub knows about one connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::grant::Grant;

/// One connection that was welcomed.
#[derive(Debug)]
pub(super) struct Connection {
    grant: Arc<Grant>,
    channels: BTreeSet<Arc<str>>,
}

impl Connection {
    pub(super) fn new(grant: Grant) -> Connection {
        Connection { grant: Arc::new(grant), channels: BTreeSet::new() }
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

    pub(super) fn remove_channel(&mut self, channel: &str) -> bool {
        self.channels.remove(channel)
    }
}

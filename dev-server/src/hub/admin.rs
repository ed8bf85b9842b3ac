//! What the one who runs the server does: kick, close, publish and look around, by REST or by the Rust API.

use std::sync::Arc;

use metered_realtime_proto::wire::CloseCode;

use super::Hub;
use super::app::App;
use super::fault::Rule;
use super::frames;
use super::grant::Grant;
use super::io::{ConnId, FrameKind, Time};
use super::stats::Usage;

/// Why a message was not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpublished {
    /// The period's messages are used up.
    OverQuota,
}

impl Hub {
    /// The connections of a peer in any app, or all of them.
    #[must_use]
    pub fn connections_of(&self, peer: Option<&str>) -> Vec<ConnId> {
        match peer {
            None => self.connections.keys().copied().collect(),
            Some(peer) => {
                let all = self.connections.iter();
                all.filter(|(_, c)| &*c.grant().peer == peer).map(|(id, _)| *id).collect()
            }
        }
    }

    /// Closes connections.
    pub fn close(&mut self, ids: &[ConnId], code: u16, reason: &str, now: Time) {
        self.begin(now);
        ids.iter().for_each(|id| self.end_with_close(*id, code, reason));
        self.settle();
    }

    /// Closes a peer's connections in one app with 4020; how many there were.
    pub fn kick(&mut self, app: &str, peer: &str, now: Time) -> usize {
        let mut ids = self.connections_of(Some(peer));
        ids.retain(|id| self.connections.get(id).is_some_and(|c| &*c.grant().app == app));
        self.close(&ids, CloseCode::AdminDisconnect.as_u16(), KICKED, now);
        ids.len()
    }

    /// Tells connections that the server goes away soon.
    pub fn announce_going_away(&mut self, ids: &[ConnId], retry_after_ms: u64, now: Time) {
        self.begin(now);
        let mut known = ids.to_vec();
        known.retain(|id| self.connections.contains_key(id));
        self.send(FrameKind::GoingAway, known, frames::going_away(retry_after_ms));
        self.settle();
    }

    /// Orders a fault; how many connections it struck at once.
    ///
    /// # Errors
    /// Why the parts of the rule do not fit together.
    pub fn fault(&mut self, rule: Rule, now: Time) -> Result<usize, &'static str> {
        rule.check()?;
        self.begin(now);
        let struck = self.order(rule);
        self.settle();
        Ok(struck)
    }

    /// Publishes in the name of `sender`, who need not be connected.
    ///
    /// # Errors
    /// The app's messages are used up.
    pub fn publish_as(
        &mut self,
        sender: &Grant,
        channel: &str,
        data: &str,
        now: Time,
    ) -> Result<(), Unpublished> {
        self.begin(now);
        if !self.count_message(&sender.app) {
            return Err(Unpublished::OverQuota);
        }
        self.broadcast(sender, None, channel, data);
        self.settle();
        Ok(())
    }

    /// Who is in a channel of an app, as a JSON array of `{peerId, metadata?}`.
    #[must_use]
    pub fn peers_in(&self, app: &str, channel: &str) -> String {
        let mut text = String::new();
        let present = self.apps.get(app).map(|app| app.present(channel, None)).unwrap_or_default();
        frames::push_entries(&mut text, &present);
        text
    }

    /// An app's use of the service since the hub started.
    #[must_use]
    pub fn usage(&self, app: &str) -> Usage {
        let usage = self.apps.get(app).map(App::usage).unwrap_or_default();
        Usage { period_start: self.started.unix_seconds(), ..usage }
    }

    /// Counts a message against the quota; false if it is used up.
    pub(super) fn count_message(&mut self, app: &Arc<str>) -> bool {
        let quota = self.limits.messages_per_period;
        let app = self.apps.entry(Arc::clone(app)).or_default();
        if quota.is_some_and(|quota| app.usage().messages_used >= quota) {
            return false;
        }
        app.count_message();
        true
    }
}

const KICKED: &str = "disconnected by an administrator";

//! What the one who runs the server does: kick, close, publish and look around, by REST or by the Rust API.

use std::sync::Arc;

use metered_realtime_proto::wire::CloseCode;

use super::Hub;
use super::app::App;
use super::fault::Rule;
use super::frames;
use super::grant::Grant;
use super::io::{ConnId, FrameKind, Time};
use super::nodes::{Answer, From, Handed, Receiver, Reply};
use super::stats::Usage;

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
    pub fn publish_as(&mut self, sender: &Grant, channel: &str, data: &str, now: Time) -> Reply {
        self.begin(now);
        if self.needs_bus().is_err() {
            return Reply::Now(Answer::Unavailable);
        }
        if !self.count_message(&sender.app) {
            return Reply::Now(Answer::OverQuota);
        }
        let reply = if self.has_nodes() {
            let ticket = self.ticket();
            self.hand_over(Handed {
                from: From::Rest(ticket),
                sender: Arc::new(sender.clone()),
                receiver: Receiver::Channel(Arc::from(channel)),
                data: data.to_owned(),
            });
            Reply::Later(ticket)
        } else {
            let from = (&*sender.peer, sender.peer_metadata.as_deref());
            self.broadcast(&sender.app, from, None, channel, data);
            Reply::Now(Answer::Published)
        };
        self.settle();
        reply
    }

    /// Who is in a channel of an app, as far as this node knows: a JSON array of `{peerId, metadata?}`.
    #[must_use]
    pub fn peers_in(&self, app: &str, channel: &str) -> String {
        let mut text = String::new();
        let present = self.apps.get(app).map(|app| app.present(channel, None)).unwrap_or_default();
        frames::push_entries(&mut text, &present);
        text
    }

    /// An app's use of the service since the hub started. What other nodes add is as of their last sign of life.
    #[must_use]
    pub fn usage(&self, app: &str) -> Usage {
        let here = self.apps.get(app).map(App::counts).unwrap_or_default();
        let elsewhere = self.used_elsewhere(app);
        Usage {
            concurrent_now: here.concurrent_now + elsewhere.concurrent_now,
            peak_concurrent: here.peak_concurrent.max(elsewhere.peak_concurrent),
            messages_used: here.messages_used + elsewhere.messages_used,
            period_start: self.started.unix_seconds(),
        }
    }

    /// Counts a message against the quota; false if it is used up.
    pub(super) fn count_message(&mut self, app: &Arc<str>) -> bool {
        let quota = self.limits.messages_per_period;
        if quota.is_some_and(|quota| self.usage(app).messages_used >= quota) {
            return false;
        }
        self.apps.entry(Arc::clone(app)).or_default().count_message();
        true
    }

    /// A message that was counted came to nothing.
    pub(super) fn uncount_message(&mut self, app: &str) {
        if let Some(app) = self.apps.get_mut(app) {
            app.uncount_message();
        }
    }

    pub(super) fn has_nodes(&self) -> bool {
        self.nodes.is_some()
    }
}

const KICKED: &str = "disconnected by an administrator";

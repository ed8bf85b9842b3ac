//! Signs of life, what is counted over all nodes, and audits, which put right whatever the bus has lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::wire::{Body, Claim, Counts, Topic};
use super::{Bus, NodeId, subject};
use crate::hub::Hub;
use crate::hub::io::Time;
use crate::hub::later::Later;
use crate::hub::stats::Usage;

/// What is known of another node.
#[derive(Debug)]
pub(super) struct Other {
    last_seen: Time,
    /// `None` until its next sign of life, which then leads to an audit.
    session: Option<u64>,
    apps: BTreeMap<Arc<str>, Counts>,
}

impl Other {
    /// The bus was away: the node has the usual time to show itself again, and much may have been missed.
    pub(super) fn begin_anew(&mut self, now: Time) {
        self.last_seen = now;
        self.session = None;
    }
}

/// Where the audits are, and what stays of nodes that are gone.
#[derive(Debug, Default)]
pub(super) struct Beats {
    turn: usize,
    departed: BTreeMap<Arc<str>, u64>,
}

impl Hub {
    pub(super) fn beat_later(&mut self) {
        self.later(BEAT, Later::Beat);
    }

    /// Once a second.
    pub(in crate::hub) fn beat(&mut self) {
        self.beat_later();
        let now = self.now;
        let Some(nodes) = &mut self.nodes else { return };
        if nodes.bus == Bus::Away {
            return;
        }
        let silent =
            nodes.others.iter().filter(|(_, other)| now.since(other.last_seen) >= GONE_AFTER);
        let gone: Vec<NodeId> = silent.map(|(node, _)| *node).collect();
        nodes.beats.turn = (nodes.beats.turn + 1) % ROUND;
        let turn = nodes.beats.turn;
        gone.into_iter().for_each(|node| self.node_is_gone(node));
        self.publish_alive();
        self.audit_in_turn(turn);
        if turn == 0 {
            self.tidy();
        }
    }

    /// Some messages are lost: looks everything up again.
    pub fn missed(&mut self, now: Time) {
        self.begin(now);
        let Some(nodes) = &self.nodes else { return };
        let others: Vec<NodeId> = nodes.others.keys().copied().collect();
        others.into_iter().for_each(|node| self.audit_all(node));
        self.settle();
    }

    pub(super) fn publish_alive(&mut self) {
        let Some(nodes) = &self.nodes else { return };
        let session = nodes.session;
        let counts = self.apps.iter().map(|(name, app)| (Arc::clone(name), app.counts()));
        let apps = counts.map(|(name, usage)| {
            let Usage { concurrent_now, peak_concurrent, messages_used, .. } = usage;
            let counts = Counts {
                connections: concurrent_now,
                peak: peak_concurrent,
                messages: messages_used,
            };
            (name, counts)
        });
        let apps = apps.collect();
        self.publish_on(subject::ALL.to_owned(), Body::Alive { session, apps });
    }

    /// A message of a node came in.
    pub(super) fn seen(&mut self, node: NodeId) {
        let last_seen = self.now;
        let Some(nodes) = &mut self.nodes else { return };
        let unknown = || Other { last_seen, session: None, apps: BTreeMap::new() };
        nodes.others.entry(node).or_insert_with(unknown).last_seen = last_seen;
    }

    pub(super) fn on_alive(
        &mut self,
        node: NodeId,
        session: u64,
        apps: BTreeMap<Arc<str>, Counts>,
    ) {
        let Some(nodes) = &mut self.nodes else { return };
        let Some(other) = nodes.others.get_mut(&node) else { return };
        other.apps = apps;
        if other.session.replace(session) != Some(session) {
            self.audit_all(node);
        }
        self.note_peaks();
    }

    /// Another node has stopped, or has been silent for too long: whoever was there is gone.
    pub(super) fn node_is_gone(&mut self, node: NodeId) {
        let Some(nodes) = &mut self.nodes else { return };
        let Some(other) = nodes.others.remove(&node) else { return };
        for (app, counts) in other.apps {
            *nodes.beats.departed.entry(app).or_default() += counts.messages;
        }
        nodes.patterns.others.forget(node);
        nodes.patterns.route();
        let mut left = Vec::new();
        for (name, app) in &mut self.apps {
            let diffs = app.forget_node(node);
            left.extend(diffs.map(|(channel, diff)| (Arc::clone(name), channel, diff)));
        }
        left.into_iter().for_each(|(app, channel, diff)| self.tell(&app, &channel, diff));
        self.expect_no_more(node);
    }

    /// Every topic comes up once in a round.
    fn audit_in_turn(&mut self, turn: usize) {
        let topics = self.topics();
        let share = topics.len().div_ceil(ROUND);
        let topics: Vec<Topic> = topics.into_iter().skip(turn * share).take(share).collect();
        let Some(nodes) = &self.nodes else { return };
        let others: Vec<NodeId> = nodes.others.keys().copied().collect();
        others.into_iter().for_each(|node| self.audit(node, &topics));
    }

    fn audit_all(&mut self, node: NodeId) {
        let topics = self.topics();
        self.audit(node, &topics);
    }

    /// Tells a node how it is seen from here; it answers where that is wrong.
    fn audit(&mut self, node: NodeId, topics: &[Topic]) {
        for some in topics.chunks(CLAIMS_AT_ONCE) {
            let claims = some.iter().map(|topic| {
                let others = match topic {
                    Topic::Patterns => self.nodes.as_ref().map(|nodes| &nodes.patterns.others),
                    Topic::Channel { app, channel } => {
                        self.apps.get(app).and_then(|app| app.seen_in(channel))
                    }
                };
                let digest = others.map_or(0, |others| others.digest_of(node));
                Claim { topic: topic.clone(), digest }
            });
            let claims = claims.collect();
            self.publish_on(subject::of_node(node), Body::Audit(claims));
        }
    }

    /// What this node keeps copies of.
    fn topics(&self) -> Vec<Topic> {
        let channels = self.apps.iter().flat_map(|(name, app)| {
            let topic = |channel: &Arc<str>| Topic::Channel {
                app: Arc::clone(name),
                channel: Arc::clone(channel),
            };
            app.channel_names().map(topic)
        });
        std::iter::once(Topic::Patterns).chain(channels).collect()
    }

    fn tidy(&mut self) {
        self.apps.values_mut().for_each(super::super::app::App::tidy);
        if let Some(nodes) = &mut self.nodes {
            nodes.patterns.tidy();
        }
    }

    /// The other nodes' part of an app's use, as of their last sign of life.
    pub(in crate::hub) fn used_elsewhere(&self, app: &str) -> Usage {
        let Some(nodes) = &self.nodes else { return Usage::default() };
        let mut usage = Usage {
            messages_used: nodes.beats.departed.get(app).copied().unwrap_or_default(),
            ..Usage::default()
        };
        for counts in nodes.others.values().filter_map(|other| other.apps.get(app)) {
            usage.concurrent_now += counts.connections;
            usage.peak_concurrent = usage.peak_concurrent.max(counts.peak);
            usage.messages_used += counts.messages;
        }
        usage
    }

    fn note_peaks(&mut self) {
        let names: Vec<Arc<str>> = self.apps.keys().cloned().collect();
        for name in names {
            let elsewhere = self.used_elsewhere(&name);
            if let Some(app) = self.apps.get_mut(&name) {
                app.note_peak(elsewhere);
            }
        }
    }
}

/// How often a node shows that it is alive.
const BEAT: Duration = Duration::from_secs(1);

/// The silence after which a node is gone.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// In how many beats every topic is audited once.
const ROUND: usize = 5;

/// How many claims one message carries.
const CLAIMS_AT_ONCE: usize = 500;

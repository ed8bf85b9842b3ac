//! A model of NATS: at most once, in order on each subject for each publisher, in no order between subjects.

use std::collections::{BTreeMap, BTreeSet};

use metered_realtime_server::hub::{BusOutput, Time};

use crate::cluster::Happening;
use crate::random::Random;

/// What travels, and when it arrives.
#[derive(Default)]
pub(crate) struct Bus {
    /// For each node, the subjects that it listens to. Absent while it is not connected.
    interest: BTreeMap<usize, BTreeSet<String>>,
    /// How often each node was connected: what travelled on an older connection is lost.
    generation: BTreeMap<usize, u64>,
    last_arrival: BTreeMap<Line, Time>,
    /// One in this many messages is lost without a trace; 0 is none.
    pub(crate) loses_one_in: usize,
    /// How many milliseconds late this node gets everything.
    pub(crate) slow: Option<(usize, u64)>,
    /// Messages that the bus has delivered, by kind of subject.
    pub(crate) delivered: BTreeMap<&'static str, usize>,
}

/// What keeps its order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    FromNode(usize),
    ToNode { node: usize, publisher: usize, subject: String },
    Reports(usize),
}

impl Bus {
    pub(crate) fn connect(&mut self, node: usize) {
        *self.generation.entry(node).or_default() += 1;
        self.interest.insert(node, BTreeSet::new());
    }

    pub(crate) fn disconnect(&mut self, node: usize) {
        *self.generation.entry(node).or_default() += 1;
        self.interest.remove(&node);
    }

    pub(crate) fn is_connected(&self, node: usize) -> bool {
        self.interest.contains_key(&node)
    }

    pub(crate) fn generation(&self, node: usize) -> u64 {
        self.generation.get(&node).copied().unwrap_or_default()
    }

    pub(crate) fn interest_of(&self, node: usize) -> &BTreeSet<String> {
        &self.interest[&node]
    }

    /// A node wants something: when the bus will know.
    pub(crate) fn sent(&mut self, node: usize, now: Time, random: &mut Random) -> Time {
        self.arrival(Line::FromNode(node), now, random)
    }

    /// The bus knows: what follows, and when.
    pub(crate) fn carry_out(
        &mut self,
        node: usize,
        output: BusOutput,
        now: Time,
        random: &mut Random,
    ) -> Vec<(Time, Happening)> {
        let BusOutput::Publish { number, subject, payload, needs_subscriber } = output else {
            let Some(interest) = self.interest.get_mut(&node) else { return Vec::new() };
            match output {
                BusOutput::Subscribe { subject } => {
                    assert!(interest.insert(subject), "listens twice")
                }
                BusOutput::Unsubscribe { subject } => {
                    assert!(interest.remove(&subject), "{subject}")
                }
                BusOutput::Publish { .. } => {}
            }
            return Vec::new();
        };
        let others = self.interest.iter().filter(|(other, _)| **other != node);
        let receivers: Vec<usize> = others
            .filter(|(_, subscribed)| subscribed.contains(&subject))
            .map(|(other, _)| *other)
            .collect();
        let mut happenings = Vec::new();
        for receiver in &receivers {
            let kind = if subject.contains(".ch.") { "channel" } else { "other" };
            *self.delivered.entry(kind).or_default() += 1;
            if self.loses_one_in > 0 && random.one_in(self.loses_one_in) {
                continue;
            }
            let subject = subject.clone();
            let line = Line::ToNode { node: *receiver, publisher: node, subject };
            let at = self.arrival(line, now, random);
            let generation = self.generation(*receiver);
            let payload = payload.clone();
            happenings.push((at, Happening::Received { node: *receiver, generation, payload }));
        }
        let generation = self.generation(node);
        let unanswered = needs_subscriber && receivers.is_empty();
        let at = self.arrival(Line::Reports(node), now, random);
        happenings.push((at, Happening::Handed { node, generation, number, unanswered }));
        happenings
    }

    fn arrival(&mut self, line: Line, now: Time, random: &mut Random) -> Time {
        let late = match (&line, self.slow) {
            (Line::ToNode { node, .. }, Some((slow, late))) if *node == slow => late,
            _ => 0,
        };
        let travel = std::time::Duration::from_millis(late + random.below(20) as u64);
        let last = self.last_arrival.entry(line).or_default();
        *last = (*last).max(now.plus(travel));
        *last
    }
}

//! To whom a message is forwarded besides its channel's subject: nodes whose subscribers hold a pattern that matches.
//!
//! Such a node may get a message twice, by its channel's subject and by its own: the second copy is ignored. Both subjects
//! keep the publisher's order, so the first copies do as well. Where the bus lets a message overtake an earlier one of
//! another subject, the late one is lost rather than delivered out of order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::wire::Entry;
use super::{NodeId, Others};
use crate::hub::pattern::Pattern;

/// The patterns of other nodes, and what came by two ways.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    pub(super) others: Others,
    routes: BTreeMap<Arc<str>, Vec<Route>>,
    /// The last message of a node in a channel. Empty until this node has had a pattern itself.
    last: BTreeMap<(NodeId, Arc<str>, Arc<str>), Last>,
    had_some: bool,
}

#[derive(Debug)]
struct Route {
    pattern: Pattern,
    nodes: Vec<NodeId>,
}

#[derive(Debug)]
struct Last {
    seq: u64,
    /// How many rounds of audits have passed since.
    rounds: u8,
}

impl Patterns {
    /// The nodes with a pattern that matches, each once.
    pub(super) fn nodes_for(&self, app: &str, channel: &str) -> Vec<NodeId> {
        let routes = self.routes.get(app).into_iter().flatten();
        let matching = routes.filter(|route| route.pattern.matches(channel));
        let mut nodes: Vec<NodeId> = matching.flat_map(|route| &route.nodes).copied().collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Works out the routes anew after the copies have changed.
    pub(super) fn route(&mut self) {
        let mut nodes: BTreeMap<&Arc<str>, Vec<NodeId>> = BTreeMap::new();
        for (node, key) in self.others.by_node() {
            nodes.entry(key).or_default().push(node);
        }
        self.routes.clear();
        for (key, nodes) in nodes {
            let Some((app, pattern)) = parts_of(key) else { continue };
            let route = Route { pattern: Pattern::new(pattern), nodes };
            self.routes.entry(Arc::from(app)).or_default().push(route);
        }
    }

    /// From now on messages may come by two ways.
    pub(super) fn have_some(&mut self) {
        self.had_some = true;
    }

    /// Whether a message is neither a second copy nor late.
    pub(super) fn is_news(&mut self, node: NodeId, seq: u64, app: &str, channel: &str) -> bool {
        if !self.had_some {
            return true;
        }
        let key = (node, Arc::from(app), Arc::from(channel));
        let last = self.last.entry(key).or_insert(Last { seq: 0, rounds: 0 });
        if seq <= last.seq {
            return false;
        }
        *last = Last { seq, rounds: 0 };
        true
    }

    /// A round of audits has passed: forgets what has been quiet for longer than a second copy can take.
    pub(super) fn tidy(&mut self) {
        self.others.tidy();
        self.last.retain(|_, last| {
            last.rounds += 1;
            last.rounds < QUIET_ROUNDS
        });
    }
}

/// A pattern of an app as an entry: its key is the length of the app's name, a colon, the app and the pattern.
pub(super) fn entry(app: &str, pattern: &str) -> Entry {
    Entry { key: Arc::from(format!("{}:{app}{pattern}", app.len())), metadata: None }
}

/// How many rounds of audits a publisher's place in a channel is remembered.
const QUIET_ROUNDS: u8 = 6;

fn parts_of(key: &str) -> Option<(&str, &str)> {
    let (length, rest) = key.split_once(':')?;
    rest.split_at_checked(length.parse().ok()?)
}

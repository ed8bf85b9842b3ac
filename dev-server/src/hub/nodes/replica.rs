//! Copies of what other nodes have under a topic: who is in a channel there, or which patterns.
//!
//! Everything that a node says carries a number that grows, so that news may arrive in any order, twice or not at all: the
//! latest word about an entry counts, and a whole state corrects what was missed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::NodeId;
use super::wire::{Entry, State};

/// The copies of all other nodes under one topic.
#[derive(Debug, Default)]
pub(in crate::hub) struct Others {
    nodes: BTreeMap<NodeId, Replica>,
}

#[derive(Debug, Default)]
struct Replica {
    /// The whole state is known as of this number.
    as_of: u64,
    here: BTreeMap<Arc<str>, Present>,
    /// What went: an older state may still be on its way.
    gone: BTreeMap<Arc<str>, Gone>,
    parts: Option<Parts>,
}

#[derive(Debug)]
struct Present {
    seq: u64,
    metadata: Option<Arc<str>>,
}

#[derive(Debug)]
struct Gone {
    seq: u64,
    /// A round of audits has passed since.
    old: bool,
}

/// A state that arrives in parts.
#[derive(Debug)]
struct Parts {
    as_of: u64,
    entries: Vec<Entry>,
}

/// What changed in the sight of all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::hub) struct Diff {
    pub(in crate::hub) joined: Vec<Entry>,
    pub(in crate::hub) left: Vec<Entry>,
}

impl Others {
    /// Whether another node has it.
    pub(in crate::hub) fn has(&self, key: &str) -> bool {
        self.nodes.values().any(|replica| replica.here.contains_key(key))
    }

    /// Every entry of every other node; one of several nodes comes several times.
    pub(in crate::hub) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, Option<&str>)> {
        let all = self.nodes.values().flat_map(|replica| &replica.here);
        all.map(|(key, present)| (key, present.metadata.as_deref()))
    }

    /// Every entry with the node that has it.
    pub(super) fn by_node(&self) -> impl Iterator<Item = (NodeId, &Arc<str>)> {
        self.nodes.iter().flat_map(|(node, replica)| replica.here.keys().map(|key| (*node, key)))
    }

    /// A node's entry came or went.
    pub(super) fn change(&mut self, node: NodeId, seq: u64, entry: Entry, here: bool) -> Diff {
        let replica = self.nodes.entry(node).or_default();
        let last = replica.here.get(&entry.key).map(|present| present.seq);
        let last = last.max(replica.gone.get(&entry.key).map(|gone| gone.seq));
        if seq <= replica.as_of || last.is_some_and(|last| seq <= last) {
            return Diff::default();
        }
        let mut diff = Diff::default();
        if here {
            replica.gone.remove(&entry.key);
            let present = Present { seq, metadata: entry.metadata.clone() };
            if replica.here.insert(Arc::clone(&entry.key), present).is_none() {
                diff.joined.push(entry);
            }
        } else {
            replica.gone.insert(Arc::clone(&entry.key), Gone { seq, old: false });
            if let Some(present) = replica.here.remove(&entry.key) {
                diff.left.push(Entry { metadata: present.metadata, ..entry });
            }
        }
        self.in_sight_of_all(node, diff)
    }

    /// A node told its whole state, or a part of it.
    pub(super) fn state(&mut self, node: NodeId, state: State) -> Diff {
        let replica = self.nodes.entry(node).or_default();
        let Some(entries) = replica.collect(state.as_of, state.of, state.entries) else {
            return Diff::default();
        };
        if state.as_of < replica.as_of {
            return Diff::default();
        }
        let diff = replica.replace(state.as_of, entries);
        self.in_sight_of_all(node, diff)
    }

    /// A node is gone.
    pub(in crate::hub) fn forget(&mut self, node: NodeId) -> Diff {
        let Some(replica) = self.nodes.remove(&node) else { return Diff::default() };
        let left = replica.here.into_iter();
        let left = left.map(|(key, present)| Entry { key, metadata: present.metadata });
        self.in_sight_of_all(node, Diff { joined: Vec::new(), left: left.collect() })
    }

    /// The digest of what is known of a node.
    pub(super) fn digest_of(&self, node: NodeId) -> u64 {
        let here = self.nodes.get(&node).into_iter().flat_map(|replica| &replica.here);
        digest(here.map(|(key, present)| (&**key, present.metadata.as_deref())))
    }

    /// A round of audits has passed: forgets what went before the last one.
    pub(in crate::hub) fn tidy(&mut self) {
        for replica in self.nodes.values_mut() {
            replica.gone.retain(|_, gone| !std::mem::replace(&mut gone.old, true));
        }
    }

    /// What one node gained or lost is news only if no other one has it.
    fn in_sight_of_all(&self, node: NodeId, mut diff: Diff) -> Diff {
        let elsewhere = |entry: &Entry| {
            let mut others = self.nodes.iter().filter(|(other, _)| **other != node);
            others.any(|(_, replica)| replica.here.contains_key(&entry.key))
        };
        diff.joined.retain(|entry| !elsewhere(entry));
        diff.left.retain(|entry| !elsewhere(entry));
        diff
    }
}

impl Replica {
    /// All entries, once the last part is there. A part that was lost makes the whole state worthless.
    fn collect(&mut self, as_of: u64, of: usize, mut entries: Vec<Entry>) -> Option<Vec<Entry>> {
        if entries.len() == of {
            self.parts = None;
            return Some(entries);
        }
        let parts = self.parts.get_or_insert_with(|| Parts { as_of, entries: Vec::new() });
        if parts.as_of != as_of {
            *parts = Parts { as_of, entries: Vec::new() };
        }
        parts.entries.append(&mut entries);
        if parts.entries.len() < of {
            return None;
        }
        self.parts.take().map(|parts| parts.entries).filter(|entries| entries.len() == of)
    }

    fn replace(&mut self, as_of: u64, entries: Vec<Entry>) -> Diff {
        self.as_of = as_of;
        let mut diff = Diff::default();
        let mut before = std::mem::take(&mut self.here);
        for entry in entries {
            if self.gone.get(&entry.key).is_some_and(|gone| gone.seq > as_of) {
                continue;
            }
            let known = before.remove(&entry.key);
            let seq = known.as_ref().map_or(as_of, |present| present.seq.max(as_of));
            let present = Present { seq, metadata: entry.metadata.clone() };
            self.here.insert(Arc::clone(&entry.key), present);
            if known.is_none() {
                diff.joined.push(entry);
            }
        }
        for (key, present) in before {
            if present.seq > as_of {
                self.here.insert(key, present);
            } else {
                diff.left.push(Entry { key, metadata: present.metadata });
            }
        }
        diff
    }
}

/// A number that two sets of entries share if they are equal, and most likely only then. Part of what nodes say: it must not
/// change from release to release.
pub(super) fn digest<'a>(entries: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> u64 {
    let one = |(key, metadata): (&str, Option<&str>)| {
        let mut hash = FNV_OFFSET;
        for byte in key.bytes().chain([0xff]).chain(metadata.unwrap_or_default().bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        }
        hash
    };
    entries.map(one).fold(0, u64::wrapping_add)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

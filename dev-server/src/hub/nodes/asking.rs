//! Questions to all nodes. Each is complete when the nodes that are known to be alive have answered, or after a while;
//! whoever answers later is listened to all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::handing::unavailable;
use super::wire::{Body, Entry, Question};
use super::{Bus, NodeId, patterns, subject};
use crate::hub::Hub;
use crate::hub::app::App;
use crate::hub::frames;
use crate::hub::grant::Grant;
use crate::hub::io::{ConnId, Output};
use crate::hub::later::Later;
use crate::hub::pattern::is_wildcard;

/// A call whose answer comes as [`Output::Answer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The message is published.
    Published,
    /// The period's messages are used up.
    OverQuota,
    /// So many connections were closed.
    Kicked(usize),
    /// A JSON array of `{peerId, metadata?}`.
    Peers(String),
    /// The bus is not connected, or cannot keep up.
    Unavailable,
}

/// An answer, or the promise of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer.
    Now(Answer),
    /// It comes with this ticket.
    Later(Ticket),
}

/// The questions that are not answered by all.
#[derive(Debug, Default)]
pub(super) struct Asking {
    last: u64,
    last_ticket: u64,
    asks: BTreeMap<u64, Ask>,
    opening: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

#[derive(Debug)]
struct Ask {
    /// The bus must have the question itself, and what was listened to before it.
    number: u64,
    expected: BTreeSet<NodeId>,
    /// How many entries a node has told, of those that answer in parts.
    told: BTreeMap<NodeId, usize>,
    expired: bool,
    purpose: Purpose,
}

#[derive(Debug)]
enum Purpose {
    TakePart,
    Open { app: Arc<str>, channel: Arc<str>, waiting: Vec<Waiting> },
    Kick { ticket: Ticket, app: Arc<str>, peer: Arc<str>, closed: usize },
    Peers { ticket: Ticket, app: Arc<str>, channel: Arc<str>, found: Found },
}

type Found = BTreeMap<Arc<str>, Option<Arc<str>>>;

/// A subscribe that waits until its channel is open.
#[derive(Debug)]
struct Waiting {
    id: ConnId,
    request_id: Option<String>,
    include_sender_metadata: bool,
}

impl Ask {
    fn is_complete(&self, confirmed: u64) -> bool {
        let answered = self.expected.is_empty() && !matches!(self.purpose, Purpose::TakePart);
        self.number <= confirmed && (answered || self.expired)
    }
}

impl Hub {
    /// A client's subscribe to a channel that this node does not hold yet: the others are asked who is there.
    pub(in crate::hub) fn open_channel_for(
        &mut self,
        (id, request_id): (ConnId, Option<&str>),
        app: &Arc<str>,
        channel: &Arc<str>,
        include_sender_metadata: bool,
    ) {
        let request_id = request_id.map(str::to_owned);
        let waiting = Waiting { id, request_id, include_sender_metadata };
        let key = (Arc::clone(app), Arc::clone(channel));
        let Some(nodes) = &mut self.nodes else { return };
        if let Some(ask) = nodes.asking.opening.get(&key)
            && let Some(Ask { purpose: Purpose::Open { waiting: all, .. }, .. }) =
                nodes.asking.asks.get_mut(ask)
        {
            return all.push(waiting);
        }
        if is_wildcard(channel) {
            nodes.patterns.have_some();
        }
        if let Some(app) = self.apps.get_mut(app) {
            app.open(channel);
        }
        self.listen(subject::of_channel(app, channel));
        let (app, channel) = key.clone();
        let question = Question::Open { app: Arc::clone(&app), channel: Arc::clone(&channel) };
        let ask = self.ask(question, Purpose::Open { app, channel, waiting: vec![waiting] });
        if let Some(nodes) = &mut self.nodes {
            nodes.asking.opening.insert(key, ask);
        }
    }

    /// A client no longer wants what it waits for; its subscribes are acked all the same.
    pub(in crate::hub) fn withdraw(&mut self, id: ConnId, app: &Arc<str>, channel: &Arc<str>) {
        let Some(nodes) = &mut self.nodes else { return };
        let key = (Arc::clone(app), Arc::clone(channel));
        let Some(ask) = nodes.asking.opening.get(&key) else { return };
        let Some(ask) = nodes.asking.asks.get_mut(ask) else { return };
        let Purpose::Open { waiting, .. } = &mut ask.purpose else { return };
        let (withdrawn, still) = std::mem::take(waiting).into_iter().partition(|w| w.id == id);
        *waiting = still;
        let withdrawn: Vec<Waiting> = withdrawn;
        withdrawn.iter().for_each(|waiting| self.ack(id, waiting.request_id.as_deref()));
    }

    /// Closes a peer's connections in one app on every node, with 4020.
    pub fn kick_everywhere(&mut self, app: &Arc<str>, peer: &str, now: super::Time) -> Reply {
        self.begin(now);
        if self.nodes.is_none() {
            return Reply::Now(Answer::Kicked(self.kick(app, peer, now)));
        }
        let (app, peer) = (Arc::clone(app), Arc::from(peer));
        self.call(Question::Kick { app: Arc::clone(&app), peer: Arc::clone(&peer) }, |ticket| {
            Purpose::Kick { ticket, app, peer, closed: 0 }
        })
    }

    /// Who is in a channel of an app, on any node.
    pub fn peers_everywhere(&mut self, app: &Arc<str>, channel: &str, now: super::Time) -> Reply {
        self.begin(now);
        if self.nodes.is_none() {
            return Reply::Now(Answer::Peers(self.peers_in(app, channel)));
        }
        let (app, channel) = (Arc::clone(app), Arc::from(channel));
        let question = Question::Peers { app: Arc::clone(&app), channel: Arc::clone(&channel) };
        self.call(question, |ticket| Purpose::Peers { ticket, app, channel, found: Found::new() })
    }

    fn call(&mut self, question: Question, purpose: impl FnOnce(Ticket) -> Purpose) -> Reply {
        if self.needs_bus().is_err() {
            return Reply::Now(Answer::Unavailable);
        }
        let ticket = self.ticket();
        self.ask(question, purpose(ticket));
        self.settle();
        Reply::Later(ticket)
    }

    pub(in crate::hub) fn ticket(&mut self) -> Ticket {
        let Some(nodes) = &mut self.nodes else { return Ticket(0) };
        nodes.asking.last_ticket += 1;
        Ticket(nodes.asking.last_ticket)
    }

    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.outputs.push_back(Output::Answer { ticket, answer });
    }

    /// Before this node takes part it must know the patterns of the others.
    pub(super) fn ask_to_take_part(&mut self) {
        self.ask(Question::Patterns, Purpose::TakePart);
        let own = self.own_patterns();
        for entry in own {
            let topic = super::Topic::Patterns;
            self.publish_on(subject::ALL.to_owned(), Body::Change { topic, entry, here: true });
        }
    }

    fn ask(&mut self, question: Question, purpose: Purpose) -> u64 {
        let Some(nodes) = &mut self.nodes else { return 0 };
        nodes.asking.last += 1;
        let id = nodes.asking.last;
        let expected = nodes.others.keys().copied().collect();
        let number = self.publish_on(subject::ALL.to_owned(), Body::Ask { id, question });
        let ask = Ask { number, expected, told: BTreeMap::new(), expired: false, purpose };
        if let Some(nodes) = &mut self.nodes {
            nodes.asking.asks.insert(id, ask);
        }
        self.later(PATIENCE, Later::Answers(id));
        id
    }

    /// A node answered a question, or is gone.
    pub(super) fn answered(&mut self, node: NodeId, id: u64, answer: Partial) {
        let Some(nodes) = &mut self.nodes else { return };
        let Some(ask) = nodes.asking.asks.get_mut(&id) else { return };
        match answer {
            Partial::Nothing => {}
            Partial::Kicked(more) => {
                if let Purpose::Kick { closed, .. } = &mut ask.purpose {
                    *closed += more;
                }
            }
            Partial::Entries { of, entries } => {
                let told = ask.told.entry(node).or_default();
                *told += entries.len();
                let is_last = *told >= of;
                if let Purpose::Peers { found, .. } = &mut ask.purpose {
                    found.extend(entries.into_iter().map(|entry| (entry.key, entry.metadata)));
                }
                if !is_last {
                    return;
                }
            }
        }
        ask.expected.remove(&node);
        self.answer_if_complete(id);
    }

    /// A node is gone, and answers nothing any more.
    pub(super) fn expect_no_more(&mut self, node: NodeId) {
        let Some(nodes) = &self.nodes else { return };
        let ids: Vec<u64> = nodes.asking.asks.keys().copied().collect();
        ids.into_iter().for_each(|id| self.answered(node, id, Partial::Nothing));
    }

    /// The time for answers is over.
    pub(in crate::hub) fn answers_are_due(&mut self, id: u64) {
        let ask = self.nodes.as_mut().and_then(|nodes| nodes.asking.asks.get_mut(&id));
        if let Some(ask) = ask {
            ask.expired = true;
            self.answer_if_complete(id);
        }
    }

    pub(super) fn answer_what_is_complete(&mut self) {
        let Some(nodes) = &self.nodes else { return };
        let confirmed = nodes.handing.confirmed();
        let asks = nodes.asking.asks.iter();
        let complete: Vec<u64> =
            asks.filter(|(_, ask)| ask.is_complete(confirmed)).map(|(id, _)| *id).collect();
        complete.into_iter().for_each(|id| self.answer_if_complete(id));
    }

    fn answer_if_complete(&mut self, id: u64) {
        let Some(nodes) = &mut self.nodes else { return };
        let confirmed = nodes.handing.confirmed();
        let complete = nodes.asking.asks.get(&id).is_some_and(|ask| ask.is_complete(confirmed));
        if !complete {
            return;
        }
        let Some(ask) = nodes.asking.asks.remove(&id) else { return };
        match ask.purpose {
            Purpose::TakePart => nodes.bus = Bus::Up,
            Purpose::Open { app, channel, waiting } => {
                nodes.asking.opening.remove(&(Arc::clone(&app), Arc::clone(&channel)));
                self.channel_is_open(&app, &channel, waiting);
            }
            Purpose::Kick { ticket, app, peer, closed } => {
                let here = self.kick(&app, &peer, self.now);
                self.answer(ticket, Answer::Kicked(closed + here));
            }
            Purpose::Peers { ticket, app, channel, mut found } => {
                let here = self.apps.get(&app).map(|app| app.local_entries(&channel));
                let here = here.into_iter().flatten();
                found.extend(here.map(|entry| (entry.key, entry.metadata)));
                self.answer(ticket, Answer::Peers(listed(&found)));
            }
        }
    }

    fn channel_is_open(&mut self, app: &Arc<str>, channel: &Arc<str>, waiting: Vec<Waiting>) {
        if let Some(app) = self.apps.get_mut(app) {
            app.opened(channel);
        }
        for Waiting { id, request_id, include_sender_metadata } in waiting {
            let connection = self.connections.get(&id).filter(|c| c.holds(channel));
            let Some(grant) = connection.map(|c| Arc::clone(c.grant())) else { continue };
            self.seat(id, &grant, request_id.as_deref(), channel, include_sender_metadata);
        }
        self.close_channel_if_empty(app, channel);
    }

    /// Stops listening to a channel that nobody on this node holds any more.
    pub(in crate::hub) fn close_channel_if_empty(&mut self, app: &Arc<str>, channel: &Arc<str>) {
        let closed = self.apps.get_mut(app).is_some_and(|app| app.close_if_empty(channel));
        if !closed || !self.bus_is_connected() {
            return;
        }
        self.subscribe_if(false, subject::of_channel(app, channel));
        if is_wildcard(channel) {
            let entry = patterns::entry(app, channel);
            let topic = super::Topic::Patterns;
            self.publish_on(subject::ALL.to_owned(), Body::Change { topic, entry, here: false });
        }
    }

    pub(super) fn refuse_what_was_asked(&mut self) {
        let Some(nodes) = &mut self.nodes else { return };
        nodes.asking.opening.clear();
        for ask in std::mem::take(&mut nodes.asking.asks).into_values() {
            match ask.purpose {
                Purpose::TakePart => {}
                Purpose::Kick { ticket, .. } | Purpose::Peers { ticket, .. } => {
                    self.answer(ticket, Answer::Unavailable);
                }
                Purpose::Open { app, channel, waiting } => {
                    for Waiting { id, request_id, .. } in waiting {
                        let Some(connection) = self.connections.get_mut(&id) else { continue };
                        connection.remove_channel(&channel);
                        self.refuse(id, request_id.as_deref(), &unavailable());
                    }
                    if let Some(app) = self.apps.get_mut(&app) {
                        app.opened(&channel);
                    }
                    self.close_channel_if_empty(&app, &channel);
                }
            }
        }
    }

    /// The patterns of this node's subscribers.
    pub(super) fn own_patterns(&self) -> Vec<Entry> {
        let of_app = |(name, app): (&Arc<str>, &App)| -> Vec<Entry> {
            app.patterns().map(|pattern| patterns::entry(name, pattern)).collect()
        };
        self.apps.iter().flat_map(of_app).collect()
    }

    pub(in crate::hub) fn must_open(&self, grant: &Grant, channel: &str) -> bool {
        let app = self.apps.get(&grant.app);
        self.nodes.is_some() && !app.is_some_and(|app| app.is_open(channel))
    }
}

/// What one node answered.
pub(super) enum Partial {
    /// A part of `of` entries.
    Entries {
        of: usize,
        entries: Vec<Entry>,
    },
    Kicked(usize),
    Nothing,
}

fn listed(found: &Found) -> String {
    let entries: Vec<frames::PresenceEntry<'_>> = found
        .iter()
        .map(|(peer, metadata)| frames::PresenceEntry { peer, metadata: metadata.as_deref() })
        .collect();
    let mut text = String::new();
    frames::push_entries(&mut text, &entries);
    text
}

/// How long answers are waited for.
const PATIENCE: Duration = Duration::from_millis(500);

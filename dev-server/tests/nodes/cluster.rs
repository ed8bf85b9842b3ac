//! Hubs, their bus and their clients; what happens next is what is due first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use metered_realtime_server::hub::{
    Actions, Answer, BusOutput, ConnId, Grant, Hub, Limits, NodeId, Output, Pattern, Reply, Scope,
    Ticket, Time,
};
use serde_json::{Value, json};

use crate::bus::Bus;
use crate::client::{Client, Outcome, Request};
use crate::random::Random;

pub(crate) struct Cluster {
    pub(crate) now: Time,
    pub(crate) random: Random,
    pub(crate) bus: Bus,
    pub(crate) nodes: BTreeMap<usize, Hub>,
    pub(crate) clients: Vec<Client>,
    pub(crate) answers: BTreeMap<(usize, Ticket), Answer>,
    agenda: BTreeMap<(Time, u64), Happening>,
    count: u64,
    next_node: usize,
    next_number: u64,
    pub(crate) limits: Limits,
    pub(crate) closed: Vec<(String, u16)>,
    /// How publishes and sends ended, by their number.
    pub(crate) outcomes: BTreeMap<u64, Outcome>,
}

/// Something that is due.
pub(crate) enum Happening {
    Sent { node: usize, generation: u64, output: BusOutput },
    Received { node: usize, generation: u64, payload: String },
    Handed { node: usize, generation: u64, number: u64, unanswered: bool },
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn grant(peer: &str) -> Grant {
    Grant {
        app: Arc::from("app"),
        peer: Arc::from(peer),
        actions: Actions::ALL,
        scope: Scope::everything(),
        expires_at: None,
        metadata: None,
        peer_metadata: None,
        suspended: false,
    }
}

impl Cluster {
    /// So many nodes that know each other.
    pub(crate) fn new(nodes: usize, seed: u64) -> Cluster {
        Cluster::with(nodes, seed, Limits::default().relaxed())
    }

    pub(crate) fn with(nodes: usize, seed: u64, limits: Limits) -> Cluster {
        let mut cluster = Cluster {
            now: Time::since_epoch(Duration::from_secs(1_000_000)),
            random: Random::new(seed),
            bus: Bus::default(),
            nodes: BTreeMap::new(),
            clients: Vec::new(),
            answers: BTreeMap::new(),
            agenda: BTreeMap::new(),
            count: 0,
            next_node: 0,
            next_number: 0,
            limits,
            closed: Vec::new(),
            outcomes: BTreeMap::new(),
        };
        for _ in 0..nodes {
            cluster.start_node();
        }
        cluster.pass(millis(2000));
        cluster
    }

    pub(crate) fn start_node(&mut self) -> usize {
        let node = self.next_node;
        self.next_node += 1;
        // A node's clock may be wrong: nothing compares the clocks of two nodes.
        let mut hub = Hub::new(self.limits.clone(), self.clock_of(node));
        hub.join(NodeId::new(self.random.next()), self.clock_of(node));
        self.nodes.insert(node, hub);
        self.connect(node);
        node
    }

    /// What a node's clock shows: hours before or after those of the others.
    pub(crate) fn clock_of(&self, node: usize) -> Time {
        self.now.plus(Duration::from_secs(3600 * (node as u64 % 5)))
    }

    pub(crate) fn connect(&mut self, node: usize) {
        if !self.bus.is_connected(node) {
            self.bus.connect(node);
            self.drive(node, Hub::bus_up);
        }
    }

    pub(crate) fn disconnect(&mut self, node: usize) {
        if self.bus.is_connected(node) {
            self.bus.disconnect(node);
            self.drive(node, Hub::bus_down);
        }
    }

    /// As kill -9 does: nothing is said, and its clients are on their own.
    pub(crate) fn kill(&mut self, node: usize) {
        self.bus.disconnect(node);
        self.nodes.remove(&node);
        self.clients.retain(|client| client.node != node);
    }

    /// Some of what travels to a node is thrown away, which the node is told.
    pub(crate) fn overwhelm(&mut self, node: usize) {
        let to_node = |happening: &Happening| matches!(happening, Happening::Received { node: n, .. } if *n == node);
        let keys: Vec<_> =
            self.agenda.iter().filter(|(_, h)| to_node(h)).map(|(key, _)| *key).collect();
        for key in keys {
            if self.random.one_in(2) {
                self.agenda.remove(&key);
            }
        }
        self.drive(node, Hub::missed);
    }

    pub(crate) fn drive<R>(&mut self, node: usize, act: impl FnOnce(&mut Hub, Time) -> R) -> R {
        let clock = self.clock_of(node);
        let hub = self.nodes.get_mut(&node).expect("the node lives");
        let result = act(hub, clock);
        let mut outputs = Vec::new();
        while let Some(output) = hub.poll_output() {
            outputs.push(output);
        }
        outputs.into_iter().for_each(|output| self.carry_out(node, output));
        result
    }

    fn carry_out(&mut self, node: usize, output: Output) {
        match output {
            Output::Send { to, text } => {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                to.iter().for_each(|id| self.deliver(node, *id, &frame));
            }
            Output::Close { id, code, .. } => {
                let at = self.clients.iter().position(|c| c.node == node && c.id == id);
                let peer = at.map(|at| self.clients.remove(at).peer).unwrap_or_default();
                self.closed.push((peer, code));
            }
            Output::Bus(output) => {
                assert!(self.bus.is_connected(node), "said while the bus is away: {output:?}");
                let generation = self.bus.generation(node);
                let at = self.bus.sent(node, self.now, &mut self.random);
                self.schedule(at, Happening::Sent { node, generation, output });
            }
            Output::Answer { ticket, answer } => {
                self.answers.insert((node, ticket), answer);
            }
            Output::Drop { .. }
            | Output::SendBinary { .. }
            | Output::HalfOpen { .. }
            | Output::Drip { .. } => panic!("no faults were ordered"),
        }
    }

    fn deliver(&mut self, node: usize, id: ConnId, frame: &Value) {
        let now = self.now;
        let client = self.clients.iter_mut().find(|c| c.node == node && c.id == id);
        let Some(client) = client else { return };
        if let Some((number, outcome)) = client.read(frame, now) {
            self.outcomes.insert(number, outcome);
        }
    }

    fn schedule(&mut self, at: Time, happening: Happening) {
        self.count += 1;
        self.agenda.insert((at, self.count), happening);
    }

    /// Lets time pass, and everything happen that is due by then.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.plus(time);
        while let Some(at) = self.next_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let due: Vec<usize> = self.nodes.keys().copied().collect();
            for node in due {
                let clock = self.clock_of(node);
                if self.nodes[&node].poll_timeout().is_some_and(|at| at <= clock) {
                    self.drive(node, Hub::wake);
                }
            }
            while let Some(entry) = self.agenda.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let happening = entry.remove();
                self.happen(happening);
            }
        }
        self.now = end;
    }

    fn next_at(&self) -> Option<Time> {
        let wakes = self.nodes.iter().filter_map(|(node, hub)| {
            let ahead = hub.poll_timeout()?.since(self.clock_of(*node));
            Some(self.now.plus(ahead))
        });
        wakes.chain(self.agenda.keys().next().map(|(at, _)| *at)).min()
    }

    fn happen(&mut self, happening: Happening) {
        let is_current = |cluster: &Cluster, node, generation| {
            cluster.bus.is_connected(node) && cluster.bus.generation(node) == generation
        };
        match happening {
            Happening::Sent { node, generation, output } if is_current(self, node, generation) => {
                let next = self.bus.carry_out(node, output, self.now, &mut self.random);
                next.into_iter().for_each(|(at, happening)| self.schedule(at, happening));
            }
            Happening::Received { node, generation, payload }
                if is_current(self, node, generation) =>
            {
                self.drive(node, |hub, now| hub.received(&[payload], now));
            }
            Happening::Handed { node, generation, number, unanswered }
                if is_current(self, node, generation) =>
            {
                self.drive(node, |hub, now| {
                    if unanswered {
                        hub.unanswered(number);
                    }
                    hub.handed(number, now);
                });
            }
            Happening::Sent { .. } | Happening::Received { .. } | Happening::Handed { .. } => {}
        }
    }

    // What clients do.

    pub(crate) fn join(&mut self, node: usize, peer: &str) {
        self.join_with(node, grant(peer));
    }

    pub(crate) fn join_with(&mut self, node: usize, grant: Grant) {
        let peer = grant.peer.to_string();
        let clock = self.clock_of(node);
        let hub = self.nodes.get_mut(&node).expect("the node lives");
        let plan = hub.knock([127, 0, 0, 1].into(), clock).expect("nothing is rated");
        let id = hub.open(grant, plan, clock);
        self.clients.push(Client::new(node, id, peer, self.now));
        self.drive(node, |_, _| ());
    }

    pub(crate) fn part(&mut self, client: usize) {
        let Client { node, id, .. } = self.clients.remove(client);
        self.drive(node, |hub, now| hub.closed(id, now));
    }

    pub(crate) fn ask(&mut self, client: usize, mut frame: Value, request: Request) {
        self.next_number += 1;
        let request_id = self.next_number.to_string();
        frame["requestId"] = json!(request_id);
        let (node, id) = (self.clients[client].node, self.clients[client].id);
        self.clients[client].pending.insert(request_id, request);
        self.drive(node, |hub, now| hub.text(id, &frame.to_string(), now));
    }

    pub(crate) fn subscribe(&mut self, client: usize, channel: &str) {
        let request = Request::Subscribe(channel.to_owned());
        self.ask(client, json!({"type": "subscribe", "channel": channel}), request);
    }

    pub(crate) fn unsubscribe(&mut self, client: usize, channel: &str) {
        let request = Request::Unsubscribe(channel.to_owned());
        self.ask(client, json!({"type": "unsubscribe", "channel": channel}), request);
    }

    pub(crate) fn publish(&mut self, client: usize, channel: &str) -> u64 {
        let number = self.next_number + 1;
        let frame =
            json!({"type": "publish", "channel": channel, "data": [number, self.name_of(client)]});
        self.ask(client, frame, Request::Publish(number));
        number
    }

    pub(crate) fn send(&mut self, client: usize, to: &str) -> u64 {
        let number = self.next_number + 1;
        let frame = json!({"type": "send", "to": to, "data": [number, self.name_of(client)]});
        self.ask(client, frame, Request::Send(number));
        number
    }

    /// Peers may have several connections: order is a matter of one.
    fn name_of(&self, client: usize) -> String {
        format!("{}:{:?}", self.clients[client].node, self.clients[client].id)
    }

    /// A REST call, and a second for its answer.
    pub(crate) fn call(
        &mut self,
        node: usize,
        act: impl FnOnce(&mut Hub, Time) -> Reply,
    ) -> Answer {
        match self.drive(node, act) {
            Reply::Now(answer) => answer,
            Reply::Later(ticket) => {
                self.pass(millis(1000));
                self.answers.remove(&(node, ticket)).expect("answered within a second")
            }
        }
    }

    /// Who is in a channel in truth: those who hold exactly this name.
    pub(crate) fn truly_in(&self, channel: &str) -> BTreeSet<String> {
        let there = self.clients.iter().filter(|client| client.channels.contains_key(channel));
        there.map(|client| client.peer.clone()).collect()
    }

    /// Panics unless every client sees the truth, and every node listens to what it needs and nothing else.
    pub(crate) fn check_truth(&self) {
        for client in &self.clients {
            assert!(client.pending.is_empty(), "{} waits for an answer", client.peer);
            for (channel, room) in &client.channels {
                let mut truth = self.truly_in(channel);
                truth.remove(&client.peer);
                let seen = room.present.as_ref().expect("a snapshot follows the ack");
                assert_eq!(seen, &truth, "{} on node {} in {channel}", client.peer, client.node);
            }
        }
        for (node, hub) in &self.nodes {
            assert!(hub.is_ready(), "node {node}");
            assert_eq!(hub.other_nodes(), self.nodes.len() - 1, "node {node}");
            let here = self.clients.iter().filter(|client| client.node == *node);
            let (mut channels, mut peers) = (BTreeSet::new(), BTreeSet::new());
            for client in here {
                channels.extend(client.channels.keys().cloned());
                peers.insert(client.peer.clone());
            }
            let interest = self.bus.interest_of(*node);
            let count = |kind: &str| interest.iter().filter(|s| s.contains(kind)).count();
            assert_eq!(count(".ch."), channels.len(), "node {node}: {interest:?} {channels:?}");
            assert_eq!(count(".peer."), peers.len(), "node {node}: {interest:?} {peers:?}");
        }
    }

    pub(crate) fn client(&self, peer: &str) -> usize {
        self.clients.iter().position(|client| client.peer == peer).expect("the client is there")
    }

    pub(crate) fn present(&self, peer: &str, channel: &str) -> Vec<String> {
        let room = &self.clients[self.client(peer)].channels[channel];
        room.present.iter().flatten().cloned().collect()
    }
}

/// Whether a subscribe to one name gets what is published to another.
pub(crate) fn matches(held: &str, channel: &str) -> bool {
    held == channel || held.contains('*') && Pattern::new(held).matches(channel)
}

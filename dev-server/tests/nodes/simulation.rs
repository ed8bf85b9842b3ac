//! Many simulated runs of a cluster. `CLUSTER_SEED` repeats one; `CLUSTER_RUNS` says how many, from `CLUSTER_FIRST` on.

use metered_realtime_server::hub::{ConnId, Time};

use crate::client::{Client, Outcome};
use crate::cluster::{Cluster, matches, millis};

/// A message, and who should get it if it is acked and nothing changes on the way.
struct Sent {
    number: u64,
    at: Time,
    to: To,
    receivers: Vec<(usize, ConnId)>,
}

enum To {
    Channel(&'static str),
    Peer,
}

struct Day {
    cluster: Cluster,
    sent: Vec<Sent>,
    /// Nothing is promised about what was sent before.
    quiet_since: Time,
    faults: bool,
    next_peer: usize,
    checked: usize,
}

const CHANNELS: [&str; 4] = ["rooms/a", "rooms/b", "rooms/a/x", "hall"];
const HELD: [&str; 6] = ["rooms/a", "rooms/b", "hall", "rooms/*", "**", "rooms/a/x"];

/// Longer than a message and its ack travel.
const A_WHILE: u64 = 200;

#[test]
fn whatever_happens_to_nodes_and_bus_clients_see_one_service() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("CLUSTER_SEED") {
        run(seed);
        return;
    }
    let runs = number("CLUSTER_RUNS").unwrap_or(40);
    let first = number("CLUSTER_FIRST").unwrap_or(1);
    let mut checked = 0;
    for seed in first..first + runs {
        match std::panic::catch_unwind(|| run(seed)) {
            Ok(more) => checked += more,
            Err(panic) => {
                eprintln!("CLUSTER_SEED={seed} repeats it");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{runs} runs, {checked} messages looked for at their receivers");
    assert!(checked > 20 * runs as usize, "the checks have hardly anything to check: {checked}");
}

/// One run; how many deliveries were looked for.
fn run(seed: u64) -> usize {
    let cluster = Cluster::new(2 + (seed % 3) as usize, seed);
    let faults = seed.is_multiple_of(2);
    let quiet_since = cluster.now;
    let mut day = Day { cluster, sent: Vec::new(), quiet_since, faults, next_peer: 0, checked: 0 };
    for _ in 0..3 {
        for _ in 0..120 {
            day.act();
            let pause = day.cluster.random.below(60) as u64;
            day.cluster.pass(millis(pause));
            day.look_for_messages();
        }
        day.heal();
        // What the bus lost without a trace is found by the audits; without faults a second is plenty.
        day.cluster.pass(millis(if faults { 10_000 } else { 1_000 }));
        day.look_for_messages();
        day.cluster.check_truth();
    }
    day.checked
}

impl Day {
    fn act(&mut self) {
        let cluster = &mut self.cluster;
        let nodes: Vec<usize> = cluster.nodes.keys().copied().collect();
        let node = *cluster.random.pick(&nodes).expect("there are nodes");
        if cluster.clients.len() < 4 || cluster.random.one_in(12) {
            // Some peers have several sockets, on whatever nodes.
            self.next_peer += usize::from(!cluster.random.one_in(5));
            return cluster.join(node, &format!("p{}", self.next_peer));
        }
        let client = cluster.random.below(cluster.clients.len());
        match cluster.random.below(if self.faults { 24 } else { 20 }) {
            0..5 => {
                let channel = *cluster.random.pick(&HELD).expect("some");
                cluster.subscribe(client, channel);
            }
            5..7 => {
                let channel = *cluster.random.pick(&HELD).expect("some");
                cluster.unsubscribe(client, channel);
            }
            7..15 => self.publish(client),
            15..18 => self.send(client),
            18..20 if cluster.clients.len() > 6 => cluster.part(client),
            18..20 => {}
            _ => self.fault(node),
        }
    }

    fn publish(&mut self, client: usize) {
        let channel = *self.cluster.random.pick(&CHANNELS).expect("some");
        let publisher = self.who(client);
        let receivers = self.receivers(|receiver| {
            let holds = receiver.channels.keys().any(|held| matches(held, channel));
            holds && (receiver.node, receiver.id) != publisher
        });
        let number = self.cluster.publish(client, channel);
        self.note(number, To::Channel(channel), receivers);
    }

    fn send(&mut self, client: usize) {
        let clients = &self.cluster.clients;
        let to = clients[self.cluster.random.below(clients.len())].peer.clone();
        let to = if self.cluster.random.one_in(4) { "nobody".to_owned() } else { to };
        let receivers = self.receivers(|receiver| receiver.peer == to);
        let number = self.cluster.send(client, &to);
        self.note(number, To::Peer, receivers);
    }

    fn who(&self, client: usize) -> (usize, ConnId) {
        (self.cluster.clients[client].node, self.cluster.clients[client].id)
    }

    fn receivers(&self, is_one: impl Fn(&Client) -> bool) -> Vec<(usize, ConnId)> {
        let receivers = self.cluster.clients.iter().filter(|client| is_one(client));
        receivers.map(|client| (client.node, client.id)).collect()
    }

    fn note(&mut self, number: u64, to: To, receivers: Vec<(usize, ConnId)>) {
        self.sent.push(Sent { number, at: self.cluster.now, to, receivers });
        if self.cluster.outcomes.get(&number) == Some(&refused("backend_error")) {
            self.sent.last_mut().expect("just pushed").receivers.clear();
            assert!(!self.was_received(number), "{number} is refused and received");
        }
    }

    fn fault(&mut self, node: usize) {
        let cluster = &mut self.cluster;
        let all: Vec<usize> = cluster.nodes.keys().copied().collect();
        match cluster.random.below(9) {
            0 => cluster.disconnect(node),
            1 | 2 => cluster.connect(node),
            3 => all.iter().for_each(|node| cluster.disconnect(*node)),
            4 => all.iter().for_each(|node| cluster.connect(*node)),
            5 => {
                cluster.kill(node);
                cluster.start_node();
            }
            6 => cluster.overwhelm(node),
            7 => cluster.bus.loses_one_in = if cluster.random.one_in(2) { 20 } else { 0 },
            _ => {
                let late = cluster.random.below(8000) as u64;
                cluster.bus.slow = cluster.random.one_in(2).then_some((node, late));
            }
        }
        // Until the next healing nothing is promised.
        self.quiet_since = cluster.now.plus(millis(1_000_000));
    }

    fn heal(&mut self) {
        self.cluster.bus.loses_one_in = 0;
        self.cluster.bus.slow = None;
        if self.faults {
            // What travels slowly arrives before the ten seconds begin.
            self.cluster.pass(millis(8_000));
        }
        let all: Vec<usize> = self.cluster.nodes.keys().copied().collect();
        all.iter().for_each(|node| self.cluster.connect(*node));
        self.quiet_since = self.cluster.now.plus(millis(10_000));
    }

    /// Looks whether what was sent a while ago is where it should be, and nowhere else.
    fn look_for_messages(&mut self) {
        let due = self.cluster.now.minus(millis(A_WHILE));
        let sent = std::mem::take(&mut self.sent);
        let (old, young): (Vec<Sent>, Vec<Sent>) = sent.into_iter().partition(|s| s.at <= due);
        self.sent = young;
        for sent in old {
            let outcome = self.cluster.outcomes.get(&sent.number);
            let Some(outcome) = outcome else { continue }; // Its sender is gone.
            if *outcome == refused("peer_not_found") {
                assert!(!self.was_received(sent.number), "{} is refused and received", sent.number);
            }
            if sent.at >= self.quiet_since {
                self.checked += self.look_for(&sent);
            }
        }
    }

    fn look_for(&self, sent: &Sent) -> usize {
        let outcome = &self.cluster.outcomes[&sent.number];
        let mut checked = 0;
        for (node, id) in &sent.receivers {
            let mut clients = self.cluster.clients.iter();
            let receiver = clients.find(|client| client.node == *node && client.id == *id);
            let Some(receiver) = receiver.filter(|receiver| self.is_settled(receiver, sent)) else {
                continue;
            };
            checked += 1;
            assert_eq!(outcome, &Outcome::Acked, "{}", sent.number);
            let got = receiver.got.contains(&sent.number);
            assert!(got, "{} on node {node} lacks {}", receiver.peer, sent.number);
        }
        checked
    }

    /// Whether a receiver was ready well before and is still ready. On a node with patterns, whenever a channel or a pattern
    /// comes, the bus may let a message overtake an earlier one of another subject, and the late one is lost.
    fn is_settled(&self, receiver: &Client, sent: &Sent) -> bool {
        let settled = |since: Time| since.plus(millis(A_WHILE)) < sent.at;
        let To::Channel(channel) = sent.to else { return settled(receiver.since) };
        let mut held = receiver.channels.iter().filter(|(held, _)| matches(held, channel));
        let here = self.cluster.clients.iter().filter(|client| client.node == receiver.node);
        let here: Vec<_> = here.flat_map(|client| &client.channels).collect();
        let has_patterns = here.iter().any(|(held, _)| held.contains('*'));
        held.any(|(_, room)| settled(room.since))
            && (!has_patterns || here.iter().all(|(_, room)| settled(room.since)))
    }

    fn was_received(&self, number: u64) -> bool {
        self.cluster.clients.iter().any(|client| client.got.contains(&number))
    }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused(code.to_owned())
}

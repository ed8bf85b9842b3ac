//! A hub, a clock that only tests move, and everything that was sent to whom.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metered_realtime_server::hub::{
    Actions, ConnId, Grant, Hub, Limits, Output, Pattern, Plan, Rule, Scope, Time,
};
use serde_json::{Value, json};

/// How a connection ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Close(u16, String),
    Drop,
    HalfOpen,
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) now: Time,
    inbox: BTreeMap<ConnId, Vec<String>>,
    ended: BTreeMap<ConnId, End>,
    pub(crate) others: Vec<Output>,
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

pub(crate) fn scope(patterns: &[&str]) -> Scope {
    Scope::of(patterns.iter().map(|text| Pattern::new(text)).collect())
}

impl World {
    pub(crate) fn new() -> World {
        World::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> World {
        let now = Time::since_epoch(Duration::from_secs(1_000_000));
        World {
            hub: Hub::new(limits, now),
            now,
            inbox: BTreeMap::new(),
            ended: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    /// Connects a peer and takes its welcome out of the log.
    pub(crate) fn join(&mut self, peer: &str) -> ConnId {
        self.join_with(grant(peer))
    }

    pub(crate) fn join_with(&mut self, grant: Grant) -> ConnId {
        let id = self.open(grant);
        let welcome = self.take(id);
        assert_eq!(kinds(&welcome), ["welcome"]);
        id
    }

    /// Connects; all frames stay in the log.
    pub(crate) fn open(&mut self, grant: Grant) -> ConnId {
        let plan: Plan = self.hub.knock([127, 0, 0, 1].into(), self.now).unwrap();
        let id = self.hub.open(grant, plan, self.now);
        self.collect();
        id
    }

    pub(crate) fn say(&mut self, id: ConnId, frame: Value) {
        self.say_text(id, &frame.to_string());
    }

    pub(crate) fn say_text(&mut self, id: ConnId, text: &str) {
        self.hub.text(id, text, self.now);
        self.collect();
    }

    /// Subscribes and takes ack and snapshot out of the log.
    pub(crate) fn subscribe(&mut self, id: ConnId, channel: &str) {
        self.say(id, json!({"type": "subscribe", "channel": channel, "requestId": "s"}));
        assert_eq!(kinds(&self.take(id)), ["ack", "presence"]);
    }

    /// Subscribes several, in this order.
    pub(crate) fn subscribe_all(&mut self, ids: &[ConnId], channel: &str) {
        ids.iter().for_each(|id| self.subscribe(*id, channel));
    }

    pub(crate) fn leave(&mut self, id: ConnId) {
        self.hub.closed(id, self.now);
        self.collect();
    }

    pub(crate) fn fault(&mut self, rule: Rule) -> usize {
        let struck = self.hub.fault(rule, self.now).unwrap();
        self.collect();
        struck
    }

    /// Moves the clock to exactly the next deadline, if there is one.
    pub(crate) fn sleep_to_next(&mut self) -> Option<Duration> {
        let due = self.hub.poll_timeout()?;
        let slept = due.since(self.now);
        self.now = self.now.plus(slept);
        self.hub.wake(self.now);
        self.collect();
        Some(slept)
    }

    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// The frames to a connection since the last call, as text.
    pub(crate) fn take_texts(&mut self, id: ConnId) -> Vec<String> {
        self.inbox.remove(&id).unwrap_or_default()
    }

    /// The frames to a connection since the last call.
    pub(crate) fn take(&mut self, id: ConnId) -> Vec<Value> {
        let texts = self.take_texts(id);
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    pub(crate) fn end_of(&self, id: ConnId) -> Option<&End> {
        self.ended.get(&id)
    }

    pub(crate) fn closed_with(&self, id: ConnId) -> Option<u16> {
        match self.ended.get(&id) {
            Some(End::Close(code, _)) => Some(*code),
            Some(End::Drop | End::HalfOpen) | None => None,
        }
    }

    pub(crate) fn collect(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Send { to, text } => {
                    for id in to {
                        self.inbox.entry(id).or_default().push(text.clone());
                    }
                }
                Output::Close { id, code, reason } => {
                    self.ended.insert(id, End::Close(code, reason));
                }
                Output::Drop { id } => {
                    self.ended.insert(id, End::Drop);
                }
                Output::HalfOpen { id } => {
                    self.ended.insert(id, End::HalfOpen);
                }
                other @ (Output::SendBinary { .. }
                | Output::Drip { .. }
                | Output::Bus(_)
                | Output::Answer { .. }) => {
                    self.others.push(other);
                }
            }
        }
    }
}

pub(crate) fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

//! Carrying out faults: rules that wait for their frame, and what happens when they strike.

use std::collections::VecDeque;
use std::time::Duration;

use metered_realtime_proto::wire::{CloseCode, ErrorCode};

use super::Hub;
use super::fault::{Class, Fault, Rule, Target};
use super::frames;
use super::io::{ConnId, FrameKind, Output};
use super::later::Later;
use super::request::Refusal;

/// The rules that wait, and the faults that are about to strike.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Vec<Waiting>,
    next: Vec<(Rule, u32)>,
    struck: VecDeque<(ConnId, Fault)>,
    /// Connections that are silent or struck, for the fast path.
    pub(super) muted: usize,
}

#[derive(Debug)]
struct Waiting {
    rule: Rule,
    whom: Whom,
    seen: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Whom {
    All,
    Peer(String),
    Connection(ConnId),
}

/// What becomes of a frame.
enum Fate {
    Pass,
    Held,
}

/// The faults that were ordered for one connect.
#[derive(Debug, Default)]
pub struct Plan(Vec<Rule>);

impl Plan {
    /// The HTTP status that answers the handshake in place of 101.
    pub(super) fn http_status(&self) -> Option<u16> {
        self.0.iter().find_map(|rule| {
            let Fault::Http { status } = rule.fault else { return None };
            Some(status)
        })
    }
}

impl Faults {
    fn is_quiet(&self) -> bool {
        self.waiting.is_empty() && self.muted == 0
    }

    /// Takes what was ordered for the next connect.
    pub(super) fn plan(&mut self) -> Plan {
        let mut plan = Plan::default();
        self.next.retain_mut(|(rule, left)| {
            plan.0.push(rule.clone());
            *left -= 1;
            *left > 0
        });
        plan
    }

    /// The fault that a frame of this kind sets off for this connection, if any.
    fn trigger(&mut self, kind: &str, id: ConnId, peer: &str) -> Option<Fault> {
        let mut fault = None;
        self.waiting.retain_mut(|waiting| {
            let Some(trigger) = &waiting.rule.on else { return false };
            let concerned = match &waiting.whom {
                Whom::All => true,
                Whom::Peer(name) => name == peer,
                Whom::Connection(only) => *only == id,
            };
            if fault.is_some() || !concerned || trigger.kind != kind {
                return true;
            }
            waiting.seen = waiting.seen.saturating_add(1);
            if waiting.seen < trigger.nth {
                return true;
            }
            fault = Some(waiting.rule.fault.clone());
            trigger.count == 0 || waiting.seen - trigger.nth + 1 < trigger.count
        });
        fault
    }

    /// Forgets what waits for a connection that is gone.
    pub(super) fn forget(&mut self, id: ConnId) {
        self.waiting.retain(|waiting| waiting.whom != Whom::Connection(id));
    }
}

impl Hub {
    /// Orders a fault. Without a trigger it strikes at once, or at the next connects; how many connections it struck.
    ///
    /// The rule has passed [`Rule::check`].
    pub(super) fn order(&mut self, rule: Rule) -> usize {
        let whom = match (&rule.target, &rule.on) {
            (Target::Next(connects), _) => {
                let connects = *connects;
                self.faults.next.push((rule, connects));
                return 0;
            }
            (Target::All, Some(_)) => Whom::All,
            (Target::Peer(peer), Some(_)) => Whom::Peer(peer.clone()),
            (target, None) => {
                let peer = match target {
                    Target::Peer(peer) => Some(&**peer),
                    Target::All | Target::Next(_) => None,
                };
                let ids = self.connections_of(peer);
                ids.iter().for_each(|id| self.strike(*id, rule.fault.clone()));
                return ids.len();
            }
        };
        self.faults.waiting.push(Waiting { rule, whom, seen: 0 });
        0
    }

    /// The rules that wait for a frame or a connect.
    #[must_use]
    pub fn waiting_faults(&self) -> Vec<Rule> {
        let next = self
            .faults
            .next
            .iter()
            .map(|(rule, left)| Rule { target: Target::Next(*left), ..rule.clone() });
        self.faults.waiting.iter().map(|waiting| waiting.rule.clone()).chain(next).collect()
    }

    /// Forgets every rule that waits.
    pub fn clear_faults(&mut self) {
        self.faults.waiting.clear();
        self.faults.next.clear();
    }

    /// Welcomes a connection, or does what was ordered for it instead.
    pub(super) fn welcome_with(&mut self, id: ConnId, plan: Plan) {
        let mut welcome = true;
        let mut after = Vec::new();
        for rule in plan.0 {
            if rule.on.is_some() {
                self.faults.waiting.push(Waiting { rule, whom: Whom::Connection(id), seen: 0 });
                continue;
            }
            match rule.fault.class() {
                Class::Handshake => {
                    welcome = false;
                    if let Fault::LateWelcome { delay_ms } = rule.fault {
                        self.later(Duration::from_millis(delay_ms), Later::Welcome(id));
                    }
                }
                Class::Ending | Class::Link => self.strike(id, rule.fault),
                Class::Following | Class::Extra => after.push(rule.fault),
                Class::Delivery => {} // Needs a trigger, and has been handled above.
            }
        }
        if welcome {
            self.welcome(id);
        }
        after.into_iter().for_each(|fault| self.strike(id, fault));
    }

    /// Sends a frame to those whom no fault keeps it from.
    pub(super) fn send(&mut self, kind: FrameKind, mut to: Vec<ConnId>, text: String) {
        if !self.faults.is_quiet() {
            to.retain(|id| matches!(self.fate_of_frame(kind, *id, &text), Fate::Pass));
        }
        self.send_unharmed(kind, to, text);
    }

    /// Sends a frame past all faults.
    pub(super) fn send_unharmed(&mut self, kind: FrameKind, to: Vec<ConnId>, text: String) {
        if !to.is_empty() {
            self.stats.count_out(kind, to.len());
            self.outputs.push_back(Output::Send { to, text });
        }
    }

    fn fate_of_frame(&mut self, kind: FrameKind, id: ConnId, text: &str) -> Fate {
        let Some(connection) = self.connections.get_mut(&id) else { return Fate::Held };
        if connection.is_mute() {
            return Fate::Held;
        }
        let Some(fault) = self.faults.trigger(kind.as_str(), id, &connection.grant().peer) else {
            return Fate::Pass;
        };
        match fault.class() {
            Class::Delivery => {
                if let Fault::Delay { delay_ms } = fault {
                    let frame = Later::Frame { id, kind, text: text.to_owned() };
                    self.later(Duration::from_millis(delay_ms), frame);
                }
                Fate::Held
            }
            Class::Following => {
                self.faults.struck.push_back((id, fault));
                Fate::Pass
            }
            Class::Link => {
                self.strike(id, fault);
                Fate::Pass
            }
            Class::Ending => {
                self.mute(id);
                self.faults.struck.push_back((id, fault));
                Fate::Held
            }
            Class::Extra | Class::Handshake => {
                self.strike(id, fault);
                Fate::Held
            }
        }
    }

    /// Whether a fault takes the place of carrying out a request.
    pub(super) fn request_is_struck(
        &mut self,
        id: ConnId,
        kind: &'static str,
        request_id: Option<&str>,
        text: &str,
    ) -> bool {
        if self.faults.waiting.is_empty() {
            return false;
        }
        let Some(connection) = self.connections.get(&id) else { return true };
        let peer = connection.grant().peer.clone();
        let Some(fault) = self.faults.trigger(kind, id, &peer) else { return false };
        match (fault.class(), fault) {
            (Class::Delivery, Fault::Delay { delay_ms }) => {
                let request = Later::Request { id, text: text.to_owned() };
                self.later(Duration::from_millis(delay_ms), request);
            }
            (Class::Delivery, _) => {}
            (_, Fault::Error { code, message }) => {
                let text = frames::error(&code, request_id, &message);
                self.send(FrameKind::Error, vec![id], text);
            }
            (Class::Link | Class::Following, fault) => {
                self.strike(id, fault);
                return false;
            }
            (Class::Ending | Class::Extra | Class::Handshake, fault) => self.strike(id, fault),
        }
        true
    }

    /// Carries out what was set off while frames were being sent: only now, so that nobody vanishes half-way.
    pub(super) fn settle(&mut self) {
        while let Some((id, fault)) = self.faults.struck.pop_front() {
            self.strike(id, fault);
        }
    }

    fn strike(&mut self, id: ConnId, fault: Fault) {
        if !self.connections.contains_key(&id) {
            return;
        }
        match fault {
            Fault::Drop => self.end_without_close(id),
            Fault::Close { code, reason } => self.end_with_close(id, code, &reason),
            Fault::HalfOpen => {
                self.mute(id);
                self.outputs.push_back(Output::HalfOpen { id });
            }
            Fault::Silence { for_ms } => {
                self.mute(id);
                if let Some(for_ms) = for_ms {
                    self.later(Duration::from_millis(for_ms), Later::Unmute(id));
                }
            }
            Fault::Drip { bytes, interval_ms } => {
                let interval = Duration::from_millis(interval_ms);
                let bytes = usize::try_from(bytes.max(1)).unwrap_or(1);
                self.outputs.push_back(Output::Drip { id, bytes, interval });
            }
            Fault::SecondWelcome => self.send_welcome(id),
            Fault::GoingAway { retry_after_ms, close_after_ms } => {
                let text = frames::going_away(retry_after_ms);
                self.send_unharmed(FrameKind::GoingAway, vec![id], text);
                let code = CloseCode::GoingAway.as_u16();
                let close = Later::Close { id, code, reason: "the server is going away" };
                self.later(Duration::from_millis(close_after_ms), close);
            }
            Fault::Error { code, message } => {
                let text = frames::error(&code, None, &message);
                self.send_unharmed(FrameKind::Error, vec![id], text);
            }
            Fault::Binary => {
                self.outputs.push_back(Output::SendBinary { id, data: vec![0, 1, 2, 255] });
            }
            Fault::Oversize { bytes } => self.raw(id, frames::oversize(bytes)),
            Fault::BadJson => self.raw(id, r#"{"type":"message","channel":"#.to_owned()),
            Fault::UnknownType => self.raw(id, r#"{"type":"no_such_type"}"#.to_owned()),
            Fault::Frame { text } => self.raw(id, text),
            Fault::Swallow
            | Fault::Delay { .. }
            | Fault::NoWelcome
            | Fault::LateWelcome { .. }
            | Fault::Http { .. } => {}
        }
    }

    fn mute(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            self.faults.muted += usize::from(!connection.is_mute());
            connection.set_mute(true);
        }
    }

    pub(super) fn unmute(&mut self, id: ConnId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            self.faults.muted -= usize::from(connection.is_mute());
            connection.set_mute(false);
        }
    }

    fn raw(&mut self, id: ConnId, text: String) {
        self.outputs.push_back(Output::Send { to: vec![id], text });
    }

    /// A binary frame arrived. It is no part of the protocol; the connection stays (assumed).
    pub(super) fn refuse_binary(&mut self, id: ConnId) {
        let refusal = Refusal::new(ErrorCode::MALFORMED_MESSAGE, "frames must be text");
        self.refuse(id, None, &refusal);
    }
}

//! Requests that wait until the bus has their message. Only then are they acked and given to this node's receivers; if the
//! bus goes first they are refused and given to nobody here.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use metered_realtime_proto::wire::ErrorCode;

use super::asking::{Answer, Ticket};
use super::wire::{self, Carried};
use super::{Bus, subject};
use crate::hub::Hub;
use crate::hub::frames;
use crate::hub::grant::Grant;
use crate::hub::io::{ConnId, FrameKind};
use crate::hub::request::Refusal;

/// What waits, in its order of arrival.
#[derive(Debug, Default)]
pub(super) struct Handing {
    last: u64,
    confirmed: u64,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    unanswered: bool,
    request: Handed,
}

/// A request whose message is on its way to the bus.
#[derive(Debug)]
pub(in crate::hub) struct Handed {
    pub(in crate::hub) from: From,
    pub(in crate::hub) sender: Arc<Grant>,
    pub(in crate::hub) receiver: Receiver,
    pub(in crate::hub) data: String,
}

/// Who made the request.
#[derive(Debug)]
pub(in crate::hub) enum From {
    Client { id: ConnId, request_id: Option<String> },
    Rest(Ticket),
}

/// Whom it is for.
#[derive(Debug)]
pub(in crate::hub) enum Receiver {
    Channel(Arc<str>),
    Peer(Arc<str>),
}

impl Handing {
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn confirmed(&self) -> u64 {
        self.confirmed
    }

    fn add(&mut self, number: u64, request: Handed) {
        self.bytes += request.data.len();
        self.waiting.push_back(Waiting { number, unanswered: false, request });
    }

    fn take_up_to(&mut self, number: u64) -> Option<Waiting> {
        self.waiting.front().filter(|waiting| waiting.number <= number)?;
        let waiting = self.waiting.pop_front()?;
        self.bytes -= waiting.request.data.len();
        Some(waiting)
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING || self.bytes >= MAX_WAITING_BYTES
    }
}

impl Hub {
    /// Nobody listened to the subject of this message. Comes before the confirmation of its number.
    pub fn unanswered(&mut self, number: u64) {
        let Some(nodes) = &mut self.nodes else { return };
        let waiting = &mut nodes.handing.waiting;
        if let Ok(at) = waiting.binary_search_by_key(&number, |waiting| waiting.number) {
            waiting[at].unanswered = true;
        }
    }

    /// Refuses a request that needs the bus if it cannot be used now.
    pub(in crate::hub) fn needs_bus(&self) -> Result<(), Refusal> {
        let Some(nodes) = &self.nodes else { return Ok(()) };
        if nodes.bus != Bus::Up {
            return Err(unavailable());
        }
        if nodes.handing.is_full() {
            return Err(Refusal::new(ErrorCode::BACKEND_ERROR, "the bus cannot keep up"));
        }
        Ok(())
    }

    /// Gives a message to the bus; what follows from it waits until the bus has it.
    pub(in crate::hub) fn hand_over(&mut self, request: Handed) {
        let Some(nodes) = &mut self.nodes else { return };
        nodes.seq += 1;
        let (app, sender) = (&request.sender.app, &request.sender);
        let (kind, receiver, subject) = match &request.receiver {
            Receiver::Channel(channel) => {
                let subject = subject::of_channel(app, channel);
                (wire::MESSAGE, ("channel", &**channel), subject)
            }
            Receiver::Peer(peer) => (wire::DIRECT, ("to", &**peer), subject::of_peer(app, peer)),
        };
        let carried = Carried {
            kind,
            app,
            receiver,
            from: &sender.peer,
            metadata: sender.peer_metadata.as_deref(),
            data: &request.data,
        };
        let payload = carried.envelope(nodes.id, nodes.seq);
        let forwards = match &request.receiver {
            Receiver::Channel(channel) => nodes.patterns.nodes_for(app, channel),
            Receiver::Peer(_) => Vec::new(),
        };
        for node in forwards {
            self.stats.count_sent("forward");
            self.put(subject::of_node(node), payload.clone(), false);
        }
        self.stats.count_sent(kind);
        let number = self.put(subject, payload, kind == wire::DIRECT);
        if let Some(nodes) = &mut self.nodes {
            nodes.handing.add(number, request);
        }
    }

    pub(super) fn complete_what_was_handed(&mut self, number: u64) {
        loop {
            let Some(nodes) = &mut self.nodes else { return };
            nodes.handing.confirmed = nodes.handing.confirmed.max(number);
            let Some(waiting) = nodes.handing.take_up_to(number) else { return };
            self.complete(waiting.request, waiting.unanswered);
        }
    }

    fn complete(&mut self, request: Handed, unanswered: bool) {
        let Handed { from, sender, receiver, data } = request;
        match receiver {
            Receiver::Channel(channel) => {
                self.acknowledge(&from);
                let publisher = match from {
                    From::Client { id, .. } => Some(id),
                    From::Rest(_) => None,
                };
                let metadata = sender.peer_metadata.as_deref();
                self.broadcast(&sender.app, (&sender.peer, metadata), publisher, &channel, &data);
            }
            Receiver::Peer(to) => {
                let app = self.apps.get(&sender.app);
                let sockets = app.map(|app| app.sockets_of(&to)).unwrap_or_default();
                if unanswered && sockets.is_empty() {
                    self.uncount_message(&sender.app);
                    let refusal =
                        Refusal::new(ErrorCode::PEER_NOT_FOUND, "no such peer is connected");
                    return self.refuse_from(&from, &refusal);
                }
                self.acknowledge(&from);
                let text = frames::direct(&sender.peer, &data, sender.peer_metadata.as_deref());
                self.send(FrameKind::Direct, sockets, text);
            }
        }
    }

    fn acknowledge(&mut self, from: &From) {
        match from {
            From::Client { id, request_id } => self.ack(*id, request_id.as_deref()),
            From::Rest(ticket) => self.answer(*ticket, Answer::Published),
        }
    }

    fn refuse_from(&mut self, from: &From, refusal: &Refusal) {
        match from {
            From::Client { id, request_id } => {
                if self.is_open(*id) {
                    self.refuse(*id, request_id.as_deref(), refusal);
                }
            }
            From::Rest(ticket) => self.answer(*ticket, Answer::Unavailable),
        }
    }

    /// The bus is gone. Whether the message reached it before is unknown; here nobody gets it.
    pub(super) fn refuse_what_was_handed(&mut self) {
        let Some(nodes) = &mut self.nodes else { return };
        nodes.handing.bytes = 0;
        for waiting in std::mem::take(&mut nodes.handing.waiting) {
            self.uncount_message(&waiting.request.sender.app);
            self.refuse_from(&waiting.request.from, &unavailable());
        }
    }
}

pub(super) fn unavailable() -> Refusal {
    Refusal {
        code: ErrorCode::BACKEND_ERROR,
        message: Cow::Borrowed("the bus between the nodes is not connected"),
    }
}

/// How many requests may wait for the bus.
const MAX_WAITING: usize = 100_000;

/// How much application data may wait for the bus.
const MAX_WAITING_BYTES: usize = 64 << 20;

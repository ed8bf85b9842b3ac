//! One connection to NATS, from its first subscription to its end.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::time::Duration;

use async_nats::{Client, Event, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable, FutureExt};
use futures_util::stream::{SelectAll, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::options::{ConnectError, connect};
use super::{Report, Start};
use crate::hub::BusOutput;

pub(super) struct Session {
    client: Client,
    events: UnboundedReceiver<Event>,
    /// Where NATS says that nobody listened.
    reply: String,
    incoming: SelectAll<Abortable<Subscriber>>,
    subscriptions: BTreeMap<String, AbortHandle>,
    /// The messages that NATS has not confirmed, and since when.
    unconfirmed: VecDeque<(u64, Instant)>,
}

/// How a session ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The server stops.
    Stopped,
    /// There was none.
    NotConnected,
    Lost(String),
}

impl Session {
    pub(super) async fn connect(start: &Start) -> Result<Session, ConnectError> {
        let (client, events) = connect(start).await?;
        Ok(Session {
            client,
            events,
            reply: format!("mr.=.reply.{}", start.node),
            incoming: SelectAll::new(),
            subscriptions: BTreeMap::new(),
            unconfirmed: VecDeque::new(),
        })
    }

    pub(super) async fn run(
        mut self,
        outputs: &mut UnboundedReceiver<BusOutput>,
        report: &impl Fn(Vec<Report>),
    ) -> Ended {
        if let Err(lost) = self.listen(format!("{}.>", self.reply)).await {
            return lost;
        }
        let mut wanted = Vec::new();
        loop {
            tokio::select! {
                count = outputs.recv_many(&mut wanted, BATCH) => {
                    if let Err(lost) = self.carry_out(wanted.drain(..)).await {
                        return lost;
                    }
                    if count == 0 {
                        return self.finish(report).await;
                    }
                }
                Some(first) = self.incoming.next() => self.take_in(first, report),
                Some(event) = self.events.recv() => {
                    if let Some(lost) = on_event(event, report) {
                        return lost;
                    }
                }
                () = overdue(&self.unconfirmed) => {
                    return Ended::Lost("it does not confirm what it was given".to_owned());
                }
            }
        }
    }

    /// The outputs have ended: waits until NATS has them all.
    async fn finish(mut self, report: &impl Fn(Vec<Report>)) -> Ended {
        while !self.unconfirmed.is_empty() {
            tokio::select! {
                Some(first) = self.incoming.next() => self.take_in(first, report),
                () = overdue(&self.unconfirmed) => break,
            }
        }
        Ended::Stopped
    }

    async fn carry_out(&mut self, wanted: impl Iterator<Item = BusOutput>) -> Result<(), Ended> {
        let mut last = None;
        for output in wanted {
            match output {
                BusOutput::Subscribe { subject } => self.listen(subject).await?,
                BusOutput::Unsubscribe { subject } => {
                    if let Some(subscription) = self.subscriptions.remove(&subject) {
                        subscription.abort();
                    }
                }
                BusOutput::Publish { number, subject, payload, needs_subscriber } => {
                    last = Some(number);
                    let payload = Bytes::from(payload);
                    let published = if needs_subscriber {
                        let reply = format!("{}.{UNANSWERED}.{number}", self.reply);
                        self.client.publish_with_reply(subject, reply, payload).await
                    } else {
                        self.client.publish(subject, payload).await
                    };
                    published.map_err(|error| Ended::Lost(error.to_string()))?;
                }
            }
        }
        let Some(number) = last else { return Ok(()) };
        // NATS takes a connection's messages one after the other. When it says that nobody listens here, it has all before.
        let reply = format!("{}.{HANDED}.{number}", self.reply);
        let asked = self.client.publish_with_reply(NOBODY, reply, Bytes::new()).await;
        asked.map_err(|error| Ended::Lost(error.to_string()))?;
        self.unconfirmed.push_back((number, Instant::now()));
        Ok(())
    }

    async fn listen(&mut self, subject: String) -> Result<(), Ended> {
        let subscriber = self.client.subscribe(subject.clone()).await;
        let subscriber = subscriber.map_err(|error| Ended::Lost(error.to_string()))?;
        let (handle, registration) = AbortHandle::new_pair();
        self.incoming.push(Abortable::new(subscriber, registration));
        if let Some(old) = self.subscriptions.insert(subject, handle) {
            old.abort();
        }
        Ok(())
    }

    /// Takes everything that has arrived: only so can the hub put it in the order in which it was published, as the
    /// library sorts it by subscription.
    fn take_in(&mut self, first: Message, report: &impl Fn(Vec<Report>)) {
        let mut reports = Vec::new();
        let mut payloads = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            if message.status == Some(StatusCode::NO_RESPONDERS) {
                reports.extend(self.note(&message.subject));
            } else {
                payloads.push(message.payload);
            }
            next = unconstrained(self.incoming.next()).now_or_never().flatten();
        }
        if !payloads.is_empty() {
            reports.push(Report::Received(payloads));
        }
        report(reports);
    }

    /// Nobody listened: to a message for a peer, or where never anybody listens.
    fn note(&mut self, subject: &str) -> Option<Report> {
        let (kind, number) =
            subject.strip_prefix(&*self.reply)?.strip_prefix('.')?.split_once('.')?;
        let number = number.parse().ok()?;
        if kind == UNANSWERED {
            return Some(Report::Unanswered(number));
        }
        while self.unconfirmed.front().is_some_and(|(waiting, _)| *waiting <= number) {
            self.unconfirmed.pop_front();
        }
        Some(Report::Handed(number))
    }
}

fn on_event(event: Event, report: &impl Fn(Vec<Report>)) -> Option<Ended> {
    match event {
        Event::Disconnected | Event::Closed => {
            return Some(Ended::Lost("it closed the connection".to_owned()));
        }
        Event::SlowConsumer(_) => {
            tracing::warn!("NATS sends faster than this node reads: messages were lost");
            report(vec![Report::Missed]);
        }
        Event::ServerError(error) => tracing::error!("NATS refuses: {error}"),
        Event::ClientError(error) => tracing::warn!("NATS: {error}"),
        Event::Connected | Event::LameDuckMode | Event::Draining => {}
    }
    None
}

/// Returns when NATS should have confirmed something and has not.
async fn overdue(unconfirmed: &VecDeque<(u64, Instant)>) {
    match unconfirmed.front() {
        Some((_, since)) => sleep_until(*since + PATIENCE).await,
        None => pending().await,
    }
}

/// How many outputs are carried out before NATS is asked to confirm them.
const BATCH: usize = 1024;

/// How long NATS may take to confirm.
const PATIENCE: Duration = Duration::from_secs(2);

/// A subject on which never anybody listens.
const NOBODY: &str = "mr.=.nobody";

const UNANSWERED: &str = "unanswered";
const HANDED: &str = "handed";

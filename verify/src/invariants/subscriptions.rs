//! The channels that have to be subscribed at the server, and those that must not be.

use metered_realtime_proto::machine::{CallId, Outcome, SocketId};
use metered_realtime_proto::wire::ServerFrame;
use metered_realtime_proto_testing::Subscription;

use super::{Broken, Checker, rule};
use crate::messages::CHANNELS;

/// The subscriptions of a connection at the server.
type Live = [Subscription; CHANNELS.len()];

/// For each channel, how often a request about it was ignored, refused or lost.
type Failures = [u8; CHANNELS.len()];

/// What a channel has to be at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Subscribed; `Some`: with these options.
    Live(Option<bool>),
    /// Not subscribed.
    Gone,
    /// Unknown.
    Unclear,
}

/// The last request of the user about a channel.
#[derive(Clone, Copy, Debug)]
struct LastRequest {
    call: Option<CallId>,
    /// `None`: unsubscribed.
    metadata: Option<bool>,
    /// The number of welcomes at that time.
    welcomes: u32,
    answer: Answer,
    /// What was expected before.
    before: Expected,
    /// It had no answer yet when another connection was about to take over, so it was sent on that one too.
    beside: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pending,
    Done,
    /// It had no effect, or was rolled back.
    Failed,
    /// It may have had an effect.
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    last_requests: [Option<LastRequest>; CHANNELS.len()],
    /// Another connection is about to take over.
    joining: bool,
}

impl Subscriptions {
    pub(super) fn forget_all(&mut self) {
        *self = Subscriptions::default();
    }

    pub(super) fn subscribes(
        &mut self,
        channel: usize,
        metadata: bool,
        call: Option<&CallId>,
        welcomes: u32,
    ) {
        // A request that is not sent changes nothing.
        if let Some(call) = call {
            self.note(channel, Some(metadata), Some(*call), welcomes);
        }
    }

    pub(super) fn unsubscribes(&mut self, channel: usize, call: Option<&CallId>, welcomes: u32) {
        self.note(channel, None, call.copied(), welcomes);
    }

    fn note(
        &mut self,
        channel: usize,
        metadata: Option<bool>,
        call: Option<CallId>,
        welcomes: u32,
    ) {
        let before = match self.last_requests[channel] {
            None => Expected::Gone,
            Some(last) => last.tracked(),
        };
        let answer = if call.is_some() { Answer::Pending } else { Answer::Unknown };
        let beside = self.joining;
        self.last_requests[channel] =
            Some(LastRequest { call, metadata, welcomes, answer, before, beside });
    }

    /// Another connection is about to take over, or is not.
    pub(super) fn joins(&mut self, joining: bool) {
        self.joining = joining;
        for last in self.last_requests.iter_mut().flatten() {
            last.beside = joining && last.answer == Answer::Pending;
        }
    }

    /// Requests without an answer, and those that were refused meanwhile, were sent on the new connection too.
    pub(super) fn taken_over(&mut self, welcomes: u32) {
        for last in self.last_requests.iter_mut().flatten() {
            if last.answer == Answer::Pending || last.beside && last.answer == Answer::Failed {
                last.welcomes = welcomes;
            }
        }
        self.joins(false);
    }

    /// A call was answered. A subscribe that was withdrawn is rolled back, whatever the server has done.
    pub(super) fn settled(&mut self, call: CallId, outcome: Option<Outcome>, withdrawn: bool) {
        let last = self.last_requests.iter_mut().flatten().find(|last| last.call == Some(call));
        if let Some(last) = last {
            last.answer = match outcome {
                None => Answer::Done,
                Some(Outcome::NotSent | Outcome::Rejected) => Answer::Failed,
                Some(Outcome::Unknown) if withdrawn => Answer::Failed,
                Some(Outcome::Unknown) => Answer::Unknown,
            };
        }
    }
}

impl LastRequest {
    /// What the next connection brings back.
    fn tracked(&self) -> Expected {
        match (self.metadata, self.answer) {
            (None, _) => Expected::Gone,
            (Some(metadata), Answer::Done) => Expected::Live(Some(metadata)),
            (Some(_), Answer::Pending) => Expected::Unclear,
            (Some(_), Answer::Failed) => self.before,
            (Some(metadata), Answer::Unknown) => match self.before {
                Expected::Gone => Expected::Live(Some(metadata)),
                Expected::Live(_) => Expected::Live(None),
                Expected::Unclear => Expected::Unclear,
            },
        }
    }

    /// What the current connection has.
    fn live(&self, welcomes: u32, auto_resubscribe: bool) -> Expected {
        let same_connection = self.welcomes == welcomes;
        match (same_connection, self.answer, self.metadata) {
            (true, Answer::Done, Some(metadata)) => Expected::Live(Some(metadata)),
            (true, Answer::Done, None) => Expected::Gone,
            (true, Answer::Pending | Answer::Failed | Answer::Unknown, _) => Expected::Unclear,
            (false, _, _) if !auto_resubscribe => Expected::Gone,
            (false, _, _) => self.tracked(),
        }
    }
}

impl Checker {
    /// A refusal that ends a subscription on this connection has to become an event, unless the user has made a newer request.
    pub(super) fn refused_for_good(&mut self, socket: SocketId, frame: &ServerFrame<String>) {
        let ServerFrame::Error { code, request_id: Some(id), .. } = frame else { return };
        let Some((replay, sent_on, channel)) = self.calls.replay(id) else { return };
        let hopeless = matches!(code.as_str(), "channel_reserved" | "invalid_channel");
        let is_latest = self.subscriptions.last_requests[channel].is_some_and(|last| {
            let tracked = matches!(last.tracked(), Expected::Live(_));
            tracked && last.call.is_some_and(|call| call < replay)
        });
        if hopeless && is_latest && sent_on == socket {
            self.refusals.push(code.clone());
        }
    }

    fn expected(&self, channel: usize) -> Expected {
        self.subscriptions.last_requests[channel]
            .map_or(Expected::Gone, |last| last.live(self.welcomes, self.facts.auto_resubscribe))
    }

    /// A channel that should be subscribed and is not.
    #[must_use]
    pub(crate) fn missing(&self, live: &Live, failures: &Failures) -> Option<String> {
        (0..CHANNELS.len()).filter(|channel| failures[*channel] < REPLAYS).find_map(|channel| {
            let Expected::Live(metadata) = self.expected(channel) else { return None };
            let right = match live[channel] {
                None => false,
                Some(live) => metadata.is_none_or(|metadata| metadata == live),
            };
            (!right).then(|| {
                format!(
                    "channel {channel} is {:?}, not {metadata:?}; {:?}",
                    live[channel], self.subscriptions.last_requests[channel]
                )
            })
        })
    }

    /// No channel is subscribed that the user has not asked for.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn unwanted(&self, live: &Live, failures: &Failures) -> Result<(), Broken> {
        for channel in 0..CHANNELS.len() {
            let unwanted = self.expected(channel) == Expected::Gone && failures[channel] < REPLAYS;
            let live = live[channel].is_some();
            rule("no channel is subscribed unasked", !(unwanted && live), || {
                format!("channel {channel}: {:?}", self.subscriptions.last_requests[channel])
            })?;
        }
        Ok(())
    }
}

/// How often a client sends a subscribe for a channel on one connection: once, and three more times.
const REPLAYS: u8 = 4;

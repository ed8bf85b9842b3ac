//! What will happen, in the order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use metered_realtime_proto::machine::{CallId, Close, SocketId};

use crate::messages::ServerMessage;

/// Something that will happen at a point in time.
#[derive(Debug)]
pub(crate) enum Scheduled {
    /// A client's alarm fires, unless it has been set again.
    Alarm { client: usize, set: u32 },
    /// Outputs that waited are carried out.
    Drain { client: usize },
    /// The user calls something.
    Acts { client: usize },
    /// A single incident.
    Incident,
    /// A sleeping process wakes up.
    Awakes { client: usize },
    /// A message reaches the server.
    Arrives { link: usize, up: Upstream },
    /// The server sends a message that it has held back.
    ServerSends { link: usize, message: ServerMessage },
    /// The server closes a connection.
    Closes { link: usize, code: u16 },
    /// A socket event reaches a client.
    Delivers { link: usize, event: SocketEvent },
    /// A socket is made that did not exist at once.
    Made { client: usize, socket: SocketId },
    /// The token provider answers.
    TokenAnswers { client: usize, request: u32, answer: TokenAnswer },
    /// An asynchronous handler ends.
    HandlerEnds { client: usize },
    /// The driver learns that a frame was not written.
    SendFailed { client: usize, call: Option<CallId> },
}

/// What travels from a client to the server.
#[derive(Debug)]
pub(crate) enum Upstream {
    /// The connection is open.
    Opened,
    /// A frame.
    Text(String),
    /// The connection is closed.
    Closed,
}

/// What travels from the server to a client.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    /// The handshake succeeded.
    Opened,
    /// A message.
    ServerMessage(ServerMessage),
    /// The connection is closed.
    Closed(Close),
}

/// The answer of the token provider.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TokenAnswer {
    /// A token.
    Token,
    /// An empty one.
    Empty,
    /// An error.
    Failure,
}

/// A queue, sorted by time.
#[derive(Debug)]
pub(crate) struct Schedule<T = Scheduled> {
    heap: BinaryHeap<Entry<T>>,
    number: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: u64,
    number: u64,
    what: T,
}

impl<T> Default for Schedule<T> {
    fn default() -> Schedule<T> {
        Schedule { heap: BinaryHeap::new(), number: 0 }
    }
}

impl<T> Schedule<T> {
    /// Adds an entry. Of two at the same time, the one added first comes first.
    pub(crate) fn add(&mut self, at: u64, what: T) {
        self.number += 1;
        self.heap.push(Entry { at, number: self.number, what });
    }

    /// Takes the next entry, if it is not later than `until`.
    pub(crate) fn next(&mut self, until: u64) -> Option<(u64, T)> {
        if self.heap.peek()?.at > until {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at, entry.what))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Entry<T>) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Entry<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Entry<T>) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Entry<T> {}

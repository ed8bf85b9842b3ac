//! The client as its users hold it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};

use serde::Serialize;

use super::builder::Builder;
use super::call::{Call, Close, Connect, Request};
use super::driver::{Driver, NewRequest};
use super::emitter::HandlerId;
use super::errors::{ConnectError, RequestError};
use super::events::Event;
use super::options::SubscribeOptions;
use super::send::MaybeSend;
use super::stream::{DEFAULT_EVENT_CAPACITY, EventStream};
use crate::data;
use metered_realtime_proto::machine::{DEFAULT_CLOSE_REASON, State};
use metered_realtime_proto::wire::{check_channel, check_peer_id};

/// A client of the realtime signalling service: channels, presence and direct messages over one WebSocket that comes back by
/// itself.
///
/// A handle is cheap to clone, and all clones are the same client. Calls take effect when they are made, not when their
/// future is first polled, so they can be made anywhere: in tasks, in handlers, in synchronous code. **Dropping the last
/// handle closes the connection**, as [`close`](Self::close) would. A handler that holds a handle keeps the client alive until
/// [`close`](Self::close); hold a [`WeakSignallingClient`] instead where that matters.
///
/// ```text
///          connect()                                 close()
/// idle ───────────────► connecting ──► connected ───────────────► closed
///                                       │      ▲                    ▲
///                                  lost ▼      │ welcomed again     │ given up, or close()
///                                     reconnecting ─────────────────┘
/// ```
///
/// Handlers run on the client's own task, one after the other. They must not block; what takes long belongs into
/// [`on_async`](Self::on_async) or a stream of [`events`](Self::events).
#[derive(Clone)]
pub struct SignallingClient {
    handle: Arc<Handle>,
}

/// A handle that does not keep the client alive.
#[derive(Clone)]
pub struct WeakSignallingClient {
    handle: Weak<Handle>,
}

/// What all clones share; dropping the last one closes the connection.
struct Handle {
    driver: Arc<dyn Driver>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.driver.handles_are_gone();
    }
}

impl SignallingClient {
    /// Starts with the default options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "threads natively")
    )]
    pub(crate) fn new(driver: Arc<dyn Driver>) -> SignallingClient {
        SignallingClient { handle: Arc::new(Handle { driver }) }
    }

    /// The state, as it is now.
    #[must_use]
    pub fn state(&self) -> State {
        self.driver().state()
    }

    /// Connects and waits for the server's welcome, for ten seconds at most (spec B.3). There is one attempt; retries begin
    /// after the first welcome. The state changes at once.
    ///
    /// # Errors
    /// See [`ConnectError`](crate::errors::ConnectError). The client is `closed` when the error is seen, unless it was
    /// connected before.
    ///
    /// Dropping the future ends the attempt and leaves the client `closed`.
    pub fn connect(&self) -> Connect {
        let called = self.driver().connect();
        Connect::new(called.map(|it| Call::new(it, self.driver())).map_err(ConnectError::of))
    }

    /// Closes the connection with code 1000 and ends everything (spec B.8): requests in flight fail, `Disconnected` and
    /// `StateChange` are told, handlers are dropped, channels forgotten, streams ended. The future is ready when the socket is
    /// closed and asynchronous handlers have ended, or after a second.
    ///
    /// May be called in any state and from any handler; a second call has no effect. The client may `connect()` again.
    pub fn close(&self) -> Close {
        self.close_with(1000, DEFAULT_CLOSE_REASON)
    }

    /// The same as [`close`](Self::close) with a code and a reason of yours. Codes other than 1000 and 3000 to 4999 go over the
    /// wire as 1000, and reasons are cut at 123 bytes; events tell what was asked for.
    pub fn close_with(&self, code: u16, reason: &str) -> Close {
        let answer = self.driver().close(code, reason);
        Close::new(Arc::clone(self.driver()), answer)
    }

    /// Subscribes to a channel's messages and presence; ready when the server says so. After a reconnect the subscription is
    /// brought back, unless [`auto_resubscribe`](Builder::auto_resubscribe) is off.
    ///
    /// # Errors
    /// See [`RequestError`](crate::errors::RequestError). A channel has 1 to 256 UTF-16 units and no control characters. If
    /// the server refuses, the channel is forgotten again; if the connection drops before an answer, it is kept (spec B.9).
    pub fn subscribe(&self, channel: &str) -> Request {
        self.subscribe_with(channel, SubscribeOptions::default())
    }

    /// The same as [`subscribe`](Self::subscribe) with options. The options of the latest call count.
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe).
    pub fn subscribe_with(&self, channel: &str, options: SubscribeOptions) -> Request {
        let SubscribeOptions { include_sender_metadata } = options;
        let request = NewRequest::Subscribe { channel, include_sender_metadata };
        Request::new(valid_channel(channel).and_then(|()| self.request(request)))
    }

    /// Ends a subscription. The channel is forgotten at once, connected or not.
    ///
    /// # Errors
    /// See [`RequestError`](crate::errors::RequestError).
    pub fn unsubscribe(&self, channel: &str) -> Request {
        let request = NewRequest::Unsubscribe { channel };
        Request::new(valid_channel(channel).and_then(|()| self.request(request)))
    }

    /// Publishes to all subscribers of a channel; ready when the server has taken it.
    ///
    /// # Errors
    /// See [`RequestError`](crate::errors::RequestError). `data` must be what JSON can hold: numbers that are not finite,
    /// map keys that are no strings, and what is nested more than 127 deep are an
    /// [`InvalidArgument`](crate::errors::RequestError::InvalidArgument).
    pub fn publish(&self, channel: &str, data: impl Serialize) -> Request {
        let data = valid_channel(channel).and_then(|()| to_json(data));
        Request::new(
            data.and_then(|data| self.request(NewRequest::Publish { channel, data: &data })),
        )
    }

    /// Sends to one peer, by way of the server; ready when the server has taken it.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish). A peer that is not there is a
    /// [`ServerRequest`](crate::errors::RequestError::ServerRequest) with the code `peer_not_found`. A peer id has 1 to 128
    /// UTF-16 units and no control characters.
    pub fn send(&self, to_peer_id: &str, data: impl Serialize) -> Request {
        let data = valid_peer_id(to_peer_id).and_then(|()| to_json(data));
        Request::new(
            data.and_then(|data| self.request(NewRequest::Send { to: to_peer_id, data: &data })),
        )
    }

    /// Runs a handler for every event of a type, in the order in which handlers were added (spec B.15). A handler that was
    /// added while an event is handed out waits for the next one. One that panics is logged, and the others run (natively: in
    /// a browser a panic ends the program).
    ///
    /// ```
    /// # fn example(client: &metered_realtime::SignallingClient) {
    /// use metered_realtime::events::Connected;
    ///
    /// client.on(|event: &Connected| println!("connected as {}", event.peer_id));
    /// # }
    /// ```
    pub fn on<E: Event>(&self, handler: impl FnMut(&E) + MaybeSend + 'static) -> HandlerId {
        self.driver().emitter().on(handler)
    }

    /// Runs a handler for the next event of a type, and never again.
    pub fn once<E: Event>(&self, handler: impl FnOnce(&E) + MaybeSend + 'static) -> HandlerId {
        self.driver().emitter().once(handler)
    }

    /// Runs an asynchronous handler for every event of a type. Each event has a task of its own, so a slow handler holds
    /// nothing up; [`close`](Self::close) waits for it, up to a second. One that panics is logged.
    pub fn on_async<E, F>(&self, handler: impl FnMut(E) -> F + MaybeSend + 'static) -> HandlerId
    where
        E: Event,
        F: Future<Output = ()> + MaybeSend + 'static,
    {
        self.driver().emitter().on_async(handler)
    }

    /// Removes a handler. `false`: it is not there any more. If an event is being handed out, the handler still gets it.
    pub fn off(&self, handler: HandlerId) -> bool {
        self.driver().emitter().off(handler)
    }

    /// A stream of the events of a type that holds up to 4096 of them and drops the oldest when it is full.
    ///
    /// ```no_run
    /// # async fn example(client: &metered_realtime::SignallingClient) {
    /// use futures::StreamExt;
    /// use metered_realtime::events::Message;
    ///
    /// let mut messages = client.events::<Message>();
    /// while let Some(message) = messages.next().await {
    ///     println!("{}: {}", message.sender_peer_id, message.data.json());
    /// }
    /// # }
    /// ```
    pub fn events<E: Event>(&self) -> EventStream<E> {
        self.events_with_capacity(DEFAULT_EVENT_CAPACITY)
    }

    /// The same as [`events`](Self::events), for a number of events of yours; zero for no limit.
    pub fn events_with_capacity<E: Event>(&self, capacity: usize) -> EventStream<E> {
        self.driver().emitter().stream(capacity)
    }

    /// A handle that does not keep the client alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakSignallingClient {
        WeakSignallingClient { handle: Arc::downgrade(&self.handle) }
    }

    fn request(&self, request: NewRequest<'_>) -> Result<Call, RequestError> {
        let called = self.driver().request(request).map_err(RequestError::refused)?;
        Ok(Call::new(called, self.driver()))
    }

    fn driver(&self) -> &Arc<dyn Driver> {
        &self.handle.driver
    }
}

impl WeakSignallingClient {
    /// The client, unless its last handle is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<SignallingClient> {
        Some(SignallingClient { handle: self.handle.upgrade()? })
    }
}

impl fmt::Debug for SignallingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignallingClient").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl fmt::Debug for WeakSignallingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSignallingClient").finish_non_exhaustive()
    }
}

fn valid_channel(channel: &str) -> Result<(), RequestError> {
    check_channel(channel).map_err(|error| RequestError::invalid_name("channel", error))
}

fn valid_peer_id(id: &str) -> Result<(), RequestError> {
    check_peer_id(id).map_err(|error| RequestError::invalid_name("to_peer_id", error))
}

fn to_json(data: impl Serialize) -> Result<String, RequestError> {
    data::to_json(&data).map_err(RequestError::invalid_data)
}

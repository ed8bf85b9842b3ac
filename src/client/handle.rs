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

/// A client of the realtime signalling service: channels, presence and direct messages over one WebSocket, which reconnects by
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
/// Handlers run on the client's own task, one after the other. They must not block: for long work use
/// [`on_async`](Self::on_async) or a stream of [`events`](Self::events).
///
/// Natively the client runs on the tokio runtime in which `connect()` was called. If that runtime is shut down, the client closes:
/// calls fail, synchronous handlers and streams get [`Disconnected`](crate::events::Disconnected) with the code 1006 and
/// [`StateChange`](crate::events::StateChange), handlers stay, channels are forgotten. Asynchronous handlers do not run any more.
/// The client may `connect()` again in another runtime.
#[derive(Clone)]
pub struct SignallingClient {
    handle: Arc<Handle>,
}

/// A handle that does not keep the client alive.
#[derive(Clone)]
pub struct WeakSignallingClient {
    handle: Weak<Handle>,
}

/// All clones share this; dropping the last one closes the connection.
struct Handle {
    driver: Arc<dyn Driver>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.driver.handles_are_gone();
    }
}

impl SignallingClient {
    /// The default options.
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

    /// The current state.
    #[must_use]
    pub fn state(&self) -> State {
        self.driver().state()
    }

    /// Connects and waits for the server's welcome, for at most ten seconds. There is one attempt; retries begin after the
    /// first welcome. The state changes at once.
    ///
    /// # Errors
    /// See [`ConnectError`](crate::errors::ConnectError). The client is `closed` by then, unless it was connected before.
    ///
    /// Dropping the future ends the attempt and leaves the client `closed`.
    pub fn connect(&self) -> Connect {
        let called = self.driver().connect();
        Connect::new(called.map(|it| Call::new(it, self.driver())).map_err(ConnectError::of))
    }

    /// Closes the connection with code 1000: requests in flight fail, `Disconnected` and `StateChange` are emitted, handlers are
    /// dropped, channels forgotten, streams ended. The future is ready when the socket is closed and asynchronous handlers have
    /// ended, or after a second.
    ///
    /// May be called in any state and from any handler; a second call has no effect. The client may `connect()` again.
    pub fn close(&self) -> Close {
        self.close_with(1000, DEFAULT_CLOSE_REASON)
    }

    /// The same as [`close`](Self::close) with your own code and reason. Codes other than 1000 and 3000 to 4999 are sent as 1000,
    /// and reasons are cut at 123 bytes; events have the code and reason as given.
    pub fn close_with(&self, code: u16, reason: &str) -> Close {
        let answer = self.driver().close(code, reason);
        Close::new(Arc::clone(self.driver()), answer)
    }

    /// Subscribes to a channel's messages and presence; ready when the server has answered. After a reconnect the client
    /// subscribes again, unless [`auto_resubscribe`](Builder::auto_resubscribe) is off.
    ///
    /// # Errors
    /// See [`RequestError`](crate::errors::RequestError). A channel has 1 to 256 UTF-16 units and no control characters. If
    /// the server refuses, the channel is forgotten again; if the connection is lost before an answer, it is kept.
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

    /// Publishes to all subscribers of a channel; ready when the server has accepted it.
    ///
    /// # Errors
    /// See [`RequestError`](crate::errors::RequestError). JSON must be able to hold `data`: numbers that are not finite, map keys
    /// that are not strings, nesting deeper than 127 and an error of your own `Serialize` are an
    /// [`InvalidArgument`](crate::errors::RequestError::InvalidArgument), whose rule quotes your error.
    pub fn publish(&self, channel: &str, data: impl Serialize) -> Request {
        let data = valid_channel(channel).and_then(|()| to_json(data));
        Request::new(
            data.and_then(|data| self.request(NewRequest::Publish { channel, data: &data })),
        )
    }

    /// Sends to one peer, through the server; ready when the server has accepted it.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish). A peer that is not connected is a
    /// [`ServerRequest`](crate::errors::RequestError::ServerRequest) with the code `peer_not_found`. A peer id has 1 to 128
    /// UTF-16 units and no control characters.
    pub fn send(&self, to_peer_id: &str, data: impl Serialize) -> Request {
        let data = valid_peer_id(to_peer_id).and_then(|()| to_json(data));
        Request::new(
            data.and_then(|data| self.request(NewRequest::Send { to: to_peer_id, data: &data })),
        )
    }

    /// Runs a handler for every event of a type. Handlers run in the order in which they were added. A handler that is added
    /// while an event is handled runs from the next event on. If one panics, that is logged, and the others run (natively: in a
    /// browser a panic ends the program).
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

    /// Runs an asynchronous handler for every event of a type. Each event has its own task, so a slow handler delays nothing;
    /// [`close`](Self::close) waits for it, up to a second. If it panics, that is logged.
    pub fn on_async<E, F>(&self, handler: impl FnMut(E) -> F + MaybeSend + 'static) -> HandlerId
    where
        E: Event,
        F: Future<Output = ()> + MaybeSend + 'static,
    {
        self.driver().emitter().on_async(handler)
    }

    /// Removes a handler. `false`: it was removed before. An event that is being handled still reaches the handler.
    pub fn off(&self, handler: HandlerId) -> bool {
        self.driver().emitter().off(handler)
    }

    /// A stream of the events of a type. It holds up to 4096 events, and drops the oldest one when it is full.
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

    /// The same as [`events`](Self::events) with your own capacity; zero for no limit.
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
